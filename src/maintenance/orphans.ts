// Removes objects of R2 that are past retention and that no record names: what was set aside as unreadable, payloads of events past retention, and large bodies, those included that a crash left behind
// between storing a body and recording its event. References are not counted: the rows older than an object are read instead.
import { MAX_QUEUE_RETENTION_MS } from "../config/limits.ts";
import { MAX_NAMED_PAYLOADS } from "../config/record-limits.ts";
import type { Clock } from "../kernel/clock.ts";
import { HOUR_MS } from "../kernel/durations.ts";
import { bodyEventId, bodyKeysBefore, payloadKey, payloadTime, type EventId } from "../model/ids.ts";
import { ASIDE_PREFIX, keysAsideAt } from "../model/pending-key.ts";
import type { RetentionPorts } from "./retention.ts";

interface Range {
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
}

export interface ObjectPorts extends Pick<RetentionPorts, "readMark" | "writeMark" | "deleteObjects"> {
  readonly now: Clock;
  readonly retentionMs: number;
  /** The next keys of R2, in order. */
  readonly listKeys: (after: string) => Promise<readonly string[]>;
  /** Which of these events are on record or in the outbox. */
  readonly namedEvents: (ids: readonly EventId[]) => Promise<ReadonlySet<string>>;
  /** When the last event of the oldest segment was accepted; null where there is none. */
  readonly oldestSegmentAt: () => Promise<number | null>;
  /** Keys within the range that a chunk of the rows from before `before` name. @param after the id that the rows follow */
  readonly namedPayloads: (
    table: "events" | "deliveries",
    keys: Range,
    before: number,
    after: string,
  ) => Promise<{ readonly keys: readonly string[]; readonly next: string | null }>;
}

const DUE = "orphans";
const REACHED = "orphans_payloads";
/** Clocks differ: an event may seem to be accepted a little after its payload was stored. */
const MARGIN_MS = HOUR_MS;

/** Once an hour. Yields how many objects after each chunk. @param maxNames names of payloads that it holds in memory at a time */
export async function* removeOrphans(ports: ObjectPorts, maxNames = MAX_NAMED_PAYLOADS): AsyncGenerator<number> {
  const { now, retentionMs, readMark, writeMark } = ports;
  const due = await readMark(DUE);
  if (due !== null && due > now()) return;
  // A segment that is still there can be replayed, so what its events need stays. It spans some seconds, less than the margin.
  const oldest = Math.min(now() - retentionMs, (await ports.oldestSegmentAt()) ?? Infinity) - MARGIN_MS;
  // A message names a large body for as long as queues keep messages. Payloads are named by D1 alone.
  yield* removeBodies(Math.min(oldest, now() - MAX_QUEUE_RETENTION_MS), ports);
  yield* removePayloads(oldest, ports, maxNames);
  yield* removeAside(now() - retentionMs, ports);
  await writeMark(DUE, now() + HOUR_MS);
}

async function* removeAside(before: number, ports: ObjectPorts): AsyncGenerator<number> {
  const to = keysAsideAt(before);
  for (let keys = await list(ASIDE_PREFIX, to, ports); keys.length > 0; keys = await list(ASIDE_PREFIX, to, ports))
    yield await remove(keys, ports);
}

async function* removeBodies(before: number, ports: ObjectPorts): AsyncGenerator<number> {
  for (const { from, to } of bodyKeysBefore(before)) {
    let after = from;
    for (let keys = await list(after, to, ports); keys.length > 0; keys = await list(after, to, ports)) {
      const named = await ports.namedEvents(keys.flatMap((key) => bodyEventId(key) ?? []));
      yield await remove(
        keys.filter((key) => !named.has(bodyEventId(key) ?? "")),
        ports,
      );
      after = keys.at(-1) ?? to;
    }
  }
}

/** A pass that is not finished goes on where it stopped. */
async function* removePayloads(before: number, ports: ObjectPorts, maxNames: number): AsyncGenerator<number> {
  const to = payloadKey(before, "");
  const began = await ports.readMark(REACHED);
  let after: string | null = began === null ? "payloads/" : payloadKey(began, "");
  let names: Names = { keys: new Set(), to: "" };
  try {
    while (after !== null) {
      const page = await list(after, to, ports);
      const [first] = page;
      if (first !== undefined && first >= names.to)
        names = await readNames({ from: first, to }, before, ports, maxNames);
      const examined = page.filter((key) => key < names.to);
      after = examined.at(-1) ?? null;
      yield await remove(
        examined.filter((key) => !names.keys.has(key)),
        ports,
      );
    }
  } finally {
    const stopped = after === null ? null : payloadTime(after);
    if (stopped !== began) await ports.writeMark(REACHED, stopped);
  }
}

interface Names {
  readonly keys: ReadonlySet<string>;
  /** All keys before this one that rows name are in `keys`. */
  readonly to: string;
}

async function readNames(
  { from, to }: Range,
  before: number,
  { namedPayloads }: ObjectPorts,
  maxNames: number,
): Promise<Names> {
  let names = { keys: new Set<string>(), to };
  for (const table of ["events", "deliveries"] as const) {
    let after: string | null = "";
    while (after !== null) {
      const chunk: Awaited<ReturnType<typeof namedPayloads>> = await namedPayloads(
        table,
        { from, to: names.to },
        before + MARGIN_MS,
        after,
      );
      for (const key of chunk.keys) names.keys.add(key);
      if (names.keys.size > maxNames) names = firstOf(names.keys, maxNames / 2);
      after = chunk.next;
    }
  }
  return names;
}

/** The first of them, so that memory is bounded: the others are read again when it is their turn. */
function firstOf(keys: ReadonlySet<string>, count: number): { keys: Set<string>; to: string } {
  const sorted = [...keys].sort();
  return { keys: new Set(sorted.slice(0, count)), to: sorted[count] ?? "" };
}

const list = async (after: string, to: string, { listKeys }: ObjectPorts): Promise<string[]> =>
  (await listKeys(after)).filter((key) => key < to);

async function remove(keys: readonly string[], { deleteObjects }: ObjectPorts): Promise<number> {
  if (keys.length > 0) await deleteObjects(keys);
  return keys.length;
}
