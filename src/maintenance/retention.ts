// Removes what is past retention from D1. A body in R2 goes with the row that names it; see orphans.ts for other objects.
import type { Clock } from "../kernel/clock.ts";
import { firstKeyAt, idTime } from "../model/ids.ts";

interface Chunk {
  readonly rows: number;
  /** R2 keys of bodies that no record names any more. */
  readonly bodyKeys: readonly string[];
  readonly next: string | null;
}

export interface RetentionPorts {
  readonly now: Clock;
  readonly retentionMs: number;
  /** Removes a chunk of the segments from before `before`. @returns how many; 0 at the end */
  readonly pruneSegments: (before: number) => Promise<number>;
  /** Removes a chunk of the deliveries, or of the events, from before `before`. @param after the id that they follow */
  readonly pruneDeliveries: (before: number, after: string) => Promise<Chunk>;
  readonly pruneEvents: (before: number, after: string) => Promise<Chunk>;
  /** How far an unfinished pass has come, or when the next one is due: milliseconds since the epoch, by the job's name. */
  readonly readMark: (name: string) => Promise<number | null>;
  readonly writeMark: (name: string, at: number | null) => Promise<void>;
  readonly deleteObjects: (keys: readonly string[]) => Promise<void>;
}

/** Yields how many rows after each chunk. Deliveries before events: an event stays for as long as one of its deliveries does. */
export async function* pruneRecords(ports: RetentionPorts): AsyncGenerator<number> {
  let segments: number;
  do {
    segments = await ports.pruneSegments(ports.now() - ports.retentionMs);
    yield segments;
  } while (segments > 0);
  yield* pruneTable("dlv", ports.pruneDeliveries, ports);
  yield* pruneTable("evt", ports.pruneEvents, ports);
}

async function* pruneTable(
  prefix: "dlv" | "evt",
  prune: RetentionPorts["pruneEvents"],
  { now, retentionMs, readMark, writeMark, deleteObjects }: RetentionPorts,
): AsyncGenerator<number> {
  const mark = `pruned_${prefix}`;
  const began = await readMark(mark);
  let after: string | null = began === null ? "" : firstKeyAt(prefix, began);
  try {
    while (after !== null) {
      const { rows, bodyKeys, next }: Chunk = await prune(now() - retentionMs, after);
      if (bodyKeys.length > 0) await deleteObjects(bodyKeys);
      after = next;
      yield rows;
    }
  } finally {
    const stopped = after === null || after === "" ? null : idTime(after);
    if (stopped !== began) await writeMark(mark, stopped);
  }
}
