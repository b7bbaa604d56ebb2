// Keeps the record below its limit: from a mark on, ended events are removed before their time, the oldest first. Waiting ones are never removed:
// if they alone fill the record, ingest refuses. See model/watermarks.ts.
import type { Watermarks } from "../config/env.ts";
import { MIN_SHED_AGE_MS, SHED_SHARE } from "../config/record-limits.ts";
import { toInstant, type Clock } from "../kernel/clock.ts";
import { firstKeyAt, idTime } from "../model/ids.ts";
import { FULL_MARK, levelOf, percentOf, SHED_MARK } from "../model/watermarks.ts";
import type { Logger } from "../telemetry/index.ts";
import type { RetentionPorts } from "./retention.ts";

interface Chunk {
  readonly events: number;
  /** R2 keys of bodies that no record names any more. */
  readonly bodyKeys: readonly string[];
  /** The key of events that the next chunk follows; null at the end. */
  readonly next: string | null;
  /** The size of the database. */
  readonly bytes: number;
}

export interface WatermarkPorts extends Pick<RetentionPorts, "readMark" | "writeMark" | "deleteObjects"> {
  readonly now: Clock;
  readonly log: Logger;
  readonly watermarks: Watermarks;
  readonly databaseBytes: () => Promise<number>;
  /** Removes a chunk of ended events older than `before`, the oldest first. @param after the last event key of the previous chunk */
  readonly shedChunk: (before: number, after: string) => Promise<Chunk>;
  /** Tells ingest whether the record is full. Ingest believes it for some minutes. */
  readonly publishFull: (isFull: boolean) => Promise<void>;
}

const REACHED = "shed";

/** Yields how many events after each chunk. */
export async function* shedHistory(ports: WatermarkPorts): AsyncGenerator<number> {
  const { watermarks, log } = ports;
  let bytes = await ports.databaseBytes();
  try {
    if (bytes >= watermarks.shed * watermarks.limitBytes)
      for await (const chunk of shed(ports)) {
        ({ bytes } = chunk);
        yield chunk.events;
      }
  } finally {
    const level = levelOf(bytes, watermarks);
    if (level !== "ok") log.error("record fills up", { level, percent: percentOf(bytes, watermarks) });
    await publishFull(level === "full", ports);
  }
}

/** A pass that is not finished goes on where it stopped. */
async function* shed(ports: WatermarkPorts): AsyncGenerator<Chunk> {
  const { now, log, watermarks, readMark, writeMark } = ports;
  const target = (watermarks.shed - SHED_SHARE) * watermarks.limitBytes;
  const youngest = now() - MIN_SHED_AGE_MS;
  const began = await readMark(REACHED);
  let after: string | null = began === null ? "" : firstKeyAt("evt", began);
  let events = 0;
  let bytes = Infinity;
  try {
    while (after !== null && bytes > target) {
      const chunk: Chunk = await ports.shedChunk(youngest, after);
      if (chunk.bodyKeys.length > 0) await ports.deleteObjects(chunk.bodyKeys);
      events += chunk.events;
      ({ bytes, next: after } = chunk);
      yield chunk;
    }
  } finally {
    const reached = after === null ? youngest : idTime(after);
    await writeMark(REACHED, after === null || bytes <= target ? null : reached);
    if (events > 0) {
      log.error("history removed before its time", { events, before: toInstant(reached) });
      await writeMark(SHED_MARK, Math.max(reached, (await readMark(SHED_MARK)) ?? 0));
    }
  }
}

/** Renewed at each sweep while it is full, taken back once. */
async function publishFull(
  isFull: boolean,
  { now, readMark, writeMark, publishFull: publish }: WatermarkPorts,
): Promise<void> {
  const wasFull = (await readMark(FULL_MARK)) !== null;
  if (!isFull && !wasFull) return;
  await publish(isFull);
  if (isFull !== wasFull) await writeMark(FULL_MARK, isFull ? now() : null);
}
