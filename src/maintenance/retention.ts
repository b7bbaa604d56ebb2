// Removes what is past retention, and bodies in R2 that nothing names: those of a crash between storing a body and sending or recording its event.
import { MAX_QUEUE_RETENTION_MS } from "../config/limits.ts";
import type { Clock } from "../kernel/clock.ts";
import { HOUR_MS } from "../kernel/durations.ts";
import { bodyEventId, bodyKeysBefore, firstKeyAt, idTime, type EventId } from "../model/ids.ts";

interface Chunk {
  readonly rows: number;
  /** R2 keys of bodies that no record names any more. */
  readonly bodyKeys: readonly string[];
  readonly next: string | null;
}

export interface RetentionPorts {
  readonly now: Clock;
  readonly retentionMs: number;
  /** Removes a chunk of the deliveries, or of the events, from before `before`. @param after the id that they follow */
  readonly pruneDeliveries: (before: number, after: string) => Promise<Chunk>;
  readonly pruneEvents: (before: number, after: string) => Promise<Chunk>;
  /** How far an unfinished pass has come, or when the next one is due: milliseconds since the epoch, by the job's name. */
  readonly readMark: (name: string) => Promise<number | null>;
  readonly writeMark: (name: string, at: number | null) => Promise<void>;
  readonly deleteBodies: (keys: readonly string[]) => Promise<void>;
  /** The next keys of R2, in order. */
  readonly listKeys: (after: string) => Promise<readonly string[]>;
  /** Which of these events are on record or in the outbox. */
  readonly namedEvents: (ids: readonly EventId[]) => Promise<ReadonlySet<string>>;
}

/** Yields how many rows after each chunk. Deliveries first: an event stays for as long as one of its deliveries does. */
export async function* pruneRecords(ports: RetentionPorts): AsyncGenerator<number> {
  yield* pruneTable("dlv", ports.pruneDeliveries, ports);
  yield* pruneTable("evt", ports.pruneEvents, ports);
}

async function* pruneTable(
  prefix: "dlv" | "evt",
  prune: RetentionPorts["pruneEvents"],
  { now, retentionMs, readMark, writeMark, deleteBodies }: RetentionPorts,
): AsyncGenerator<number> {
  const mark = `pruned_${prefix}`;
  const began = await readMark(mark);
  let after: string | null = began === null ? "" : firstKeyAt(prefix, began);
  try {
    while (after !== null) {
      const { rows, bodyKeys, next }: Chunk = await prune(now() - retentionMs, after);
      if (bodyKeys.length > 0) await deleteBodies(bodyKeys);
      after = next;
      yield rows;
    }
  } finally {
    const stopped = after === null || after === "" ? null : idTime(after);
    if (stopped !== began) await writeMark(mark, stopped);
  }
}

const ORPHANS = "orphans";

/** Once an hour. Yields how many bodies after each chunk. */
export async function* removeOrphans(ports: RetentionPorts): AsyncGenerator<number> {
  const { now, retentionMs, listKeys, namedEvents, deleteBodies } = ports;
  const due = await ports.readMark(ORPHANS);
  if (due !== null && due > now()) return;
  // An event may be in a queue for as long as queues keep messages, and on record no earlier than after that.
  for (const { from, to } of bodyKeysBefore(now() - Math.max(retentionMs, MAX_QUEUE_RETENTION_MS))) {
    for (let page = await listKeys(from); page.length > 0; page = await listKeys(page.at(-1) ?? to)) {
      const keys = page.filter((key) => key < to);
      const named = await namedEvents(keys.flatMap((key) => bodyEventId(key) ?? []));
      const orphans = keys.filter((key) => !named.has(bodyEventId(key) ?? ""));
      if (orphans.length > 0) await deleteBodies(orphans);
      yield orphans.length;
      if (keys.length < page.length) break;
    }
  }
  await ports.writeMark(ORPHANS, now() + HOUR_MS);
}
