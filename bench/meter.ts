// Wraps a Worker's bindings and counts what they do, in the units that Cloudflare bills. Does not change their behavior.
import { encodedBytes } from "../src/kernel/encoded-size.ts";

export interface Meter {
  requests: number;
  queue_writes: number;
  queue_reads: number;
  queue_deletes: number;
  d1_rows_read: number;
  d1_rows_written: number;
  d1_calls: number;
  object_requests: number;
  object_rows_written: number;
  kv_reads: number;
  kv_writes: number;
  r2_writes: number;
  r2_reads: number;
  log_lines: number;
}

const newMeter = (): Meter => ({
  requests: 0,
  queue_writes: 0,
  queue_reads: 0,
  queue_deletes: 0,
  d1_rows_read: 0,
  d1_rows_written: 0,
  d1_calls: 0,
  object_requests: 0,
  object_rows_written: 0,
  kv_reads: 0,
  kv_writes: 0,
  r2_writes: 0,
  r2_reads: 0,
  log_lines: 0,
});

export const meter = newMeter();

/** What was counted since the last call. */
export function takeMeter(): Meter {
  const counted = { ...meter };
  Object.assign(meter, newMeter());
  return counted;
}

type Method = (...args: unknown[]) => unknown;

/** The binding with some methods replaced. */
function wrapped<T extends object>(binding: T, methods: Readonly<Record<string, (call: Method) => Method>>): T {
  return new Proxy(binding, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== "function") return value;
      const call: Method = (...args) => Reflect.apply(value, target, args) as unknown;
      return typeof name === "string" ? (methods[name]?.(call) ?? call) : call;
    },
  });
}

const counting =
  (...names: (keyof Meter)[]) =>
  (call: Method): Method =>
  (...args) => {
    for (const name of names) meter[name] += 1;
    return call(...args);
  };

function countRows({ meta }: { readonly meta: { readonly rows_read: number; readonly rows_written: number } }): void {
  meter.d1_rows_read += meta.rows_read;
  meter.d1_rows_written += meta.rows_written;
}

const plain = Symbol("the statement itself");

/** `raw()` is not counted, because it reports no rows. Only the configuration API uses it. */
function meteredStatement(statement: D1PreparedStatement): D1PreparedStatement {
  const all = async (): Promise<D1Result> => {
    meter.d1_calls += 1;
    const result = await statement.all();
    countRows(result);
    return result;
  };
  const own: Record<string | symbol, unknown> = {
    [plain]: statement,
    bind: (...values: unknown[]) => meteredStatement(statement.bind(...values)),
    all,
    run: all,
    first: async () => (await all()).results[0] ?? null,
    raw: (...args: unknown[]) => Reflect.apply(statement.raw, statement, args) as unknown,
  };
  return own as unknown as D1PreparedStatement;
}

const unwrapped = (statement: D1PreparedStatement): D1PreparedStatement =>
  (statement as unknown as Record<symbol, D1PreparedStatement>)[plain] ?? statement;

const meteredD1 = (db: D1Database): D1Database =>
  wrapped(db, {
    prepare: () => (sql) => meteredStatement(db.prepare(sql as string)),
    batch: () => async (statements) => {
      meter.d1_calls += 1;
      const results = await db.batch((statements as D1PreparedStatement[]).map(unwrapped));
      for (const result of results) countRows(result);
      return results;
    },
  });

/** An operation is billed for each 64 KB that are written, read or deleted; some 100 bytes of a message are the platform's. */
const operations = (body: unknown): number => Math.ceil((encodedBytes(body) + 100) / 64_000);

const meteredQueue = (queue: Queue): Queue =>
  wrapped(queue, {
    send: (call) => (body, options) => {
      meter.queue_writes += operations(body);
      return call(body, options);
    },
    sendBatch: (call) => (messages) => {
      for (const { body } of messages as Iterable<MessageSendRequest>) meter.queue_writes += operations(body);
      return call(messages);
    },
  });

function meteredObjects(objects: DurableObjectNamespace): DurableObjectNamespace {
  const stub =
    (call: Method): Method =>
    (...args) =>
      new Proxy(call(...args) as object, {
        get:
          (target, name) =>
          (...given: unknown[]) => {
            meter.object_requests += 1;
            return (Reflect.get(target, name) as Method)(...given);
          },
      });
  return wrapped(objects, { getByName: stub, get: stub });
}

const meteredKv = (kv: KVNamespace): KVNamespace =>
  wrapped(kv, { get: counting("kv_reads"), put: counting("kv_writes"), delete: counting("kv_writes") });

const meteredBucket = (bucket: R2Bucket): R2Bucket =>
  wrapped(bucket, {
    get: counting("r2_reads"),
    put: counting("r2_writes"),
    list: counting("r2_writes"),
    createMultipartUpload: counting("r2_writes"),
  });

const metered = new WeakMap<object, Env>();

/** Returns the same wrapped environment for the same environment, because isolates cache by it. */
export function meteredEnv(env: Env): Env {
  const known = metered.get(env);
  if (known !== undefined) return known;
  const out: Record<string, unknown> = { ...env };
  for (const [name, binding] of Object.entries(env as unknown as Record<string, unknown>)) {
    if (typeof binding !== "object" || binding === null) continue;
    if ("sendBatch" in binding) out[name] = meteredQueue(binding as Queue);
    else if ("prepare" in binding) out[name] = meteredD1(binding as D1Database);
    else if ("getByName" in binding) out[name] = meteredObjects(binding as unknown as DurableObjectNamespace);
    else if ("createMultipartUpload" in binding) out[name] = meteredBucket(binding as R2Bucket);
    else if ("getWithMetadata" in binding) out[name] = meteredKv(binding as KVNamespace);
  }
  const wrappedEnv = out as unknown as Env;
  metered.set(env, wrappedEnv);
  return wrappedEnv;
}

/** A batch whose messages count their acks and retries. */
export function meteredBatch(batch: MessageBatch): MessageBatch {
  meter.requests += 1;
  const messages = batch.messages.map((message) => {
    const count = operations(message.body);
    meter.queue_reads += count;
    return {
      id: message.id,
      timestamp: message.timestamp,
      body: message.body,
      attempts: message.attempts,
      ack: () => {
        meter.queue_deletes += count;
        message.ack();
      },
      retry: (options?: QueueRetryOptions) => message.retry(options),
    };
  });
  return new Proxy(batch, {
    get: (target, name) => (name === "messages" ? messages : (Reflect.get(target, name) as unknown)),
  });
}

/** Rows that Durable Objects in this isolate write. */
export function meterStorage(sql: SqlStorage): void {
  const prototype = Object.getPrototypeOf(sql) as { exec: SqlStorage["exec"] & { metered?: true } };
  if (prototype.exec.metered === true) return;
  const exec = prototype.exec;
  const counted = function (this: SqlStorage, ...args: Parameters<SqlStorage["exec"]>) {
    const cursor = exec.apply(this, args);
    meter.object_rows_written += cursor.rowsWritten;
    return cursor;
  };
  prototype.exec = Object.assign(counted, { metered: true as const }) as typeof prototype.exec;
}
