// A Sluice on real D1, KV, R2 and Durable Objects, with a clock, a receiver and queues that the test holds in its hands.
import { env } from "cloudflare:workers";
import type { ConsumerPorts, Incoming, Lane, LaterMessage } from "../../src/delivery/index.ts";
import type { OuterVariables } from "../../src/config/env.ts";
import { consume as consumeBatch, consumeDeadLetters } from "../../src/delivery/index.ts";
import { sealSecrets } from "../../src/management/secrets.ts";
import { accept, persist, type IngestPorts } from "../../src/ingest/index.ts";
import { sweep, type SweepPorts } from "../../src/maintenance/index.ts";
import { connectionSpecSchema } from "../../src/model/connection.ts";
import { destinationSpecSchema } from "../../src/model/destination.ts";
import { encodedBytes } from "../../src/kernel/encoded-size.ts";
import type { SluiceEvent } from "../../src/model/event.ts";
import { endsWithin } from "../../src/kernel/clock.ts";
import type { AuditEntry } from "../../src/model/audit.ts";
import { newAuditId, newConnectionId, newDestinationId, newSourceId, type EventId } from "../../src/model/ids.ts";
import type { EventMessage, QueueMessage } from "../../src/model/message.ts";
import { sourceSpecSchema } from "../../src/model/source.ts";
import type { Collector, Gate } from "../../src/gate/index.ts";
import { collect, NOTHING_COLLECTED, take, type Collection } from "../../src/gate/collecting.ts";
import { acquire } from "../../src/gate/acquire.ts";
import { report } from "../../src/gate/report.ts";
import { reschedule } from "../../src/gate/reschedule.ts";
import { inspect } from "../../src/gate/snapshot.ts";
import { NEW_GATE, type GateState } from "../../src/gate/state.ts";
import { sendLater, type QueueBindings } from "../../src/worker/queues.ts";
import { ingestPorts } from "../../src/worker/ports/ingest.ts";
import { createRuntime } from "../../src/worker/runtime.ts";
import type { OutboundRequest, Answer } from "../../src/outbound/types.ts";
import { consumerPorts } from "../../src/worker/ports/consumer.ts";
import { sweepPorts } from "../../src/worker/ports/sweep.ts";
import { breakSteps, crashAt, replace, type Change, type Step } from "./breaking.ts";
import { readContent, readDeliveries, readEvents } from "./recorded-deliveries.ts";
import { advance, advanceTo, now, restart, START } from "./clock.ts";

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly error?: Answer["error"];
  readonly durationMs?: number;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** The gates' own core, on the test's clock: Durable Objects keep real time. */
function createGates(): Gate {
  const states = new Map<string, GateState>();
  const of = (id: string): GateState => states.get(id) ?? NEW_GATE;
  return {
    acquire: async (id, request) => {
      const { state, response } = acquire(of(id), request, now(), crypto.randomUUID());
      states.set(id, state);
      return response;
    },
    report: async (id, request) => {
      const { state, snapshot } = report(of(id), request, now());
      states.set(id, state);
      return snapshot;
    },
    inspect: async (id, limits) => inspect(of(id), limits, now()),
    reschedule: async (id, request) => {
      const { state, times } = reschedule(of(id), request, now());
      states.set(id, state);
      return times;
    },
  };
}

/** What collects in the gates, the same way. */
function createCollectors(): Collector {
  const states = new Map<string, Collection>();
  const of = (id: string): Collection => states.get(id) ?? NOTHING_COLLECTED;
  return {
    collect: async (id, waiting, limits) => {
      const { collection, calls } = collect(of(id), waiting, limits, now());
      states.set(id, collection);
      return calls;
    },
    take: async (id, limits) => {
      const { collection, ids, calls } = take(of(id), limits, now());
      states.set(id, collection);
      return { ids, calls };
    },
  };
}

const yes = (): true => true;

/** A queue message that remembers how it was settled. */
export class TestMessage implements Incoming {
  readonly timestamp = new Date(START);
  settled: "ack" | "retry" | null = null;
  delaySeconds: number | undefined;
  calls = 0;
  readonly body: unknown;
  readonly id: string;
  readonly attempts: number;

  constructor(body: unknown, id: string = crypto.randomUUID(), attempts = 1) {
    this.body = body;
    this.id = id;
    this.attempts = attempts;
  }
  ack(): void {
    this.settled ??= "ack";
    this.calls += 1;
  }
  retry(options?: { delaySeconds?: number }): void {
    this.settled ??= "retry";
    this.delaySeconds = options?.delaySeconds;
    this.calls += 1;
  }
}

interface Queued {
  readonly message: QueueMessage;
  readonly lane: Lane;
  readonly at: number;
  /** How often it has come, with the next time; absent for 1. */
  readonly attempts?: number;
}

export interface Overrides {
  /** Variables of the deployment. */
  readonly vars?: OuterVariables;
  readonly journal?: "fallback" | "always";
  /** Sends take their time side by side, on the real clock: for what depends on concurrency. */
  readonly realTime?: boolean;
  readonly ingest?: Partial<IngestPorts>;
  readonly consumer?: Partial<Omit<ConsumerPorts, "records">>;
  readonly records?: Partial<ConsumerPorts["records"]>;
}

export function createWorld(overrides: Overrides = {}) {
  const { realTime = false } = overrides;
  restart(realTime);
  const pass = async (ms: number): Promise<void> => {
    if (realTime) await new Promise((resolve) => setTimeout(resolve, ms));
    else advance(ms);
  };
  const sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  /** Waits pass side by side: the one that ends first wakes first, after all that can be done before it. */
  const sleep = (ms: number): Promise<void> => {
    if (realTime) return pass(ms);
    return new Promise((wake) => {
      sleepers.push({ until: now() + ms, wake });
      setTimeout(() => {
        const first = sleepers.sort((a, b) => a.until - b.until).shift();
        advanceTo(first?.until ?? 0);
        first?.wake();
      });
    });
  };
  const queued: Queued[] = [];
  const requests: (OutboundRequest & { at: number })[] = [];
  let receiver: (request: OutboundRequest) => Reply = () => ({ status: 200 });
  const enqueue = (message: QueueMessage, lane: Lane, delayMs = 0): void => {
    queued.push({ message, lane, at: now() + delayMs });
  };
  // As the platform's: whole seconds, 24 hours at most, 100 messages and 256,000 bytes at a time.
  const queue = (lane: Lane) => ({
    send: async (body: QueueMessage, { delaySeconds = 0 }: QueueSendOptions = {}) =>
      enqueue(body, lane, delaySeconds * 1000),
    sendBatch: async (messages: Iterable<MessageSendRequest<QueueMessage>>) => {
      const batch = [...messages];
      const isInvalid = batch.some(({ delaySeconds = 0 }) => delaySeconds > 86_400 || delaySeconds % 1 !== 0);
      const bytes = batch.reduce((sum, { body }) => sum + encodedBytes(body), 0);
      if (batch.length > 100 || isInvalid || bytes > 256_000) throw new Error("the queue refuses this (10205)");
      for (const { body, delaySeconds = 0 } of batch) enqueue(body, lane, delaySeconds * 1000);
    },
    metrics: async () => ({ backlogCount: 0, backlogBytes: 0 }),
  });
  const queues = {
    EVENTS: queue("events"),
    SMALL: queue("small"),
    DELIVERIES: queue("deliveries"),
    SLOW: queue("slow"),
    REPLAYS: queue("replays"),
  } as unknown as QueueBindings;
  const runtime = createRuntime({ ...env, ...queues, ...overrides.vars } as Env, now);
  const later = (messages: readonly LaterMessage[]): Promise<void> => sendLater(queues, messages);
  const real = consumerPorts(runtime);
  const consumer: ConsumerPorts = {
    ...real,
    gate: createGates(),
    collector: createCollectors(),
    random: () => 0,
    sleep,
    // On the test's clock time passes by what is done, not beside it.
    endsWithin: realTime ? endsWithin : (_ms, work) => work.then(yes, yes),
    sendOnEvents: async (messages, lane) => messages.forEach((message) => enqueue(message, lane)),
    send: async (request) => {
      requests.push({ ...request, at: now() });
      const reply = receiver(request);
      const status = reply.error && reply.error !== "http_status" ? null : (reply.status ?? 200);
      await pass(reply.durationMs ?? 10);
      const error = reply.error ?? (status !== null && status >= 300 ? "http_status" : null);
      const bytes =
        typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : (reply.body ?? new Uint8Array());
      return {
        status,
        headers: status === null ? null : (reply.headers ?? {}),
        error,
        excerpt: status === null ? null : new TextDecoder().decode(bytes.subarray(0, 4_096)),
        durationMs: reply.durationMs ?? 10,
        ...(request.answerBytes === undefined || status === null ? {} : { body: bytes.slice(0, request.answerBytes) }),
      };
    },
    sendLater: later,
    sendFlush: async (message, lane, delayMs) => enqueue(message, lane, Math.ceil(delayMs / 1000) * 1000),
    sendReschedule: async (message, delayMs) => enqueue(message, "deliveries", delayMs),
    sendOn: async (message, delayMs) => enqueue(message, message.kind === "replay" ? "replays" : "deliveries", delayMs),
    ...overrides.consumer,
    records: { ...real.records, ...overrides.records },
  };
  const ingestion: IngestPorts = {
    ...ingestPorts(runtime, { waitUntil: () => undefined }),
    journal: overrides.journal ?? "fallback",
    send: async (message: EventMessage) => enqueue(message, "events"),
    ...overrides.ingest,
  };
  const sweeping = sweepPorts(runtime);

  const consume = async (lane: Lane, messages: readonly TestMessage[]): Promise<void> => {
    await consumeBatch(messages, lane === "events" ? "deliveries" : lane, consumer);
  };

  const acceptAt = (path: string, init: RequestInit = {}) =>
    accept(new Request(`http://edge.test${path}`, { method: "POST", ...init }), ingestion);
  /** Posts a webhook that is accepted. @param path the source's slug and what follows it @returns the event's id */
  const post = async (path: string, init: RequestInit = { body: "12345" }): Promise<EventId> => {
    const accepted = await acceptAt(`/in/${path}`, init);
    if (!accepted.ok || accepted.value.kind !== "event") throw new Error(`not accepted: ${JSON.stringify(accepted)}`);
    return accepted.value.id;
  };

  return {
    env,
    runtime,
    ingestion,
    consumer,
    /** Every call of these ports fails until the returned function is called. */
    break: breakSteps.bind(null, consumer),
    /** Puts another call in the place of a port's until the returned function is called. */
    replace: <S extends Step>(step: S, change: Change<S>) => replace(consumer, step, change),
    /** One call of a port fails, before or after it takes effect. @returns how often it has been made */
    crashAt: crashAt.bind(null, consumer),
    queued,
    requests,
    now,
    advance,
    onRequest: (reply: (request: OutboundRequest) => Reply) => void (receiver = reply),
    accept: acceptAt,
    post,
    /** The same so many times, one after the other. */
    postMany: async (path: string, count: number, init?: RequestInit): Promise<EventId[]> => {
      const ids: EventId[] = [];
      for (let i = 0; i < count; i++) ids.push(await post(path, init));
      return ids;
    },
    keep: async (event: SluiceEvent, slug: string | null) => (await persist(event, slug, ingestion)) === "durable",
    consume,
    deadLetter: (messages: readonly TestMessage[]) => consumeDeadLetters(messages, "dead-letters", consumer),
    sweep: (change: Partial<SweepPorts> = {}) => sweep({ ...sweeping, ...change }),
    sweepPorts: (): SweepPorts => sweeping,
    /** Delivers whatever is in the queues and due, lane by lane, once. @returns the messages handled */
    async turn(size = 100): Promise<TestMessage[]> {
      const handled: TestMessage[] = [];
      for (const lane of ["events", "small", "deliveries", "slow", "replays"] as const) {
        const due = queued.filter((item) => item.lane === lane && item.at <= now()).slice(0, size);
        if (due.length === 0) continue;
        for (const item of due) queued.splice(queued.indexOf(item), 1);
        const messages = due.map((item) => new TestMessage(item.message, undefined, item.attempts));
        await consume(lane, messages);
        messages.forEach((message, index) => {
          const item = due[index];
          const at = now() + (message.delaySeconds ?? 10) * 1_000;
          if (message.settled === "retry" && item !== undefined)
            queued.push({ ...item, at, attempts: message.attempts + 1 });
        });
        handled.push(...messages);
      }
      return handled;
    },
    /** Turns and lets time pass until the queues are empty. */
    async drain(limit = 200): Promise<void> {
      for (let round = 0; round < limit && queued.length > 0; round++) {
        if ((await this.turn()).length === 0) advanceTo(Math.min(...queued.map((item) => item.at)));
      }
    },
    deliveries: async () => readDeliveries(runtime),
    events: async () => readEvents(runtime),
    content: async (id: string) => readContent(runtime, id as EventId),
  };
}

export type World = ReturnType<typeof createWorld>;

/** An entry for what a test does without the API. */
export const auditEntry = (at: number): AuditEntry => ({
  id: newAuditId(at),
  actor: "admin_token",
  actor_name: "test",
  action: "retry",
  kind: "delivery",
  resource_id: "dlv_",
  resource_name: null,
  changed: [],
  request_id: null,
});

let serial = 0;

/** What is special about a destination; a function where that depends on its id. */
export type Described = Record<string, unknown> | ((id: string) => Promise<Record<string, unknown>>);

/** A source with one connection to each of the destinations described, written straight into D1, secrets sealed. */
export async function createRoute(
  destinations: readonly Described[] = [{}],
  source: Record<string, unknown> = {},
): Promise<{ slug: string; sourceId: string; destinationIds: string[]; connectionIds: string[] }> {
  const createdAt = Date.UTC(2026, 10, 1);
  const slug = `source-${++serial}-${crypto.randomUUID().slice(0, 8)}`;
  const sourceId = newSourceId(createdAt);
  const { vault } = createRuntime(env);
  const spec = sourceSpecSchema.parse(
    await sealSecrets("sources", sourceId, { name: slug, slug, ...source }, null, vault),
  );
  const statements = [
    env.DB.prepare(
      "INSERT INTO sources (id, slug, spec, version, created_at, updated_at) VALUES (?, ?, ?, 1, ?, ?)",
    ).bind(sourceId, slug, JSON.stringify(spec), createdAt, createdAt),
  ];
  const destinationIds: string[] = [];
  const connectionIds: string[] = [];
  for (const [index, describe] of destinations.entries()) {
    const destinationId = newDestinationId(createdAt);
    const { connection, ...given } = typeof describe === "function" ? await describe(destinationId) : describe;
    const connectionId = newConnectionId(createdAt);
    const name = `${slug}-${index}`;
    const url = given["type"] === "listener" ? {} : { url: `https://${name}.test/hook` };
    const described = { name, slug: name, ...url, ...given };
    const destination = destinationSpecSchema.parse(
      await sealSecrets("destinations", destinationId, described, null, vault),
    );
    const link = connectionSpecSchema.parse({ name, slug: name, ...(connection as object | undefined) });
    statements.push(
      env.DB.prepare("INSERT INTO destinations (id, slug, spec, created_at, updated_at) VALUES (?, ?, ?, ?, ?)").bind(
        destinationId,
        name,
        JSON.stringify(destination),
        createdAt,
        createdAt,
      ),
      env.DB.prepare(
        "INSERT INTO connections (id, slug, source_id, destination_id, spec, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      ).bind(connectionId, name, sourceId, destinationId, JSON.stringify(link), createdAt, createdAt),
    );
    destinationIds.push(destinationId);
    connectionIds.push(connectionId);
  }
  await env.DB.batch(statements);
  return { slug, sourceId, destinationIds, connectionIds };
}
