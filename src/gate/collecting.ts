// Deliveries that wait to share a request: their ids, when each may and must be sent, and when to ask for them. If this is lost, deliveries are
// late and share fewer requests, but none is lost: D1 has their due times and alone decides what is sent. Pure.
import { FLUSH_EARLY_MS, FLUSH_LOST_MS, MAX_COLLECTED, MAX_FLUSHES } from "../config/limits.ts";

/** Instants in milliseconds since the epoch. */
export interface Waiting {
  /** Not before. */
  readonly from: number;
  /** Not later. */
  readonly until: number;
  readonly entries: readonly (readonly [id: string, bytes: number])[];
}

/** Waiting deliveries that came in one call, stored as one row. */
export interface Chunk extends Waiting {
  readonly seq: number;
}

export interface Collection {
  readonly chunks: readonly Chunk[];
  /** When calls will come that were asked for because a wait ends. */
  readonly timers: readonly number[];
  /** When calls for full batches were asked for that have not come yet. */
  readonly asked: readonly number[];
  readonly next_seq: number;
}

export interface BatchLimits {
  readonly max_events: number;
  readonly max_bytes: number;
}

export const NOTHING_COLLECTED: Collection = { chunks: [], timers: [], asked: [], next_seq: 0 };

interface Planned {
  readonly collection: Collection;
  /** When to send calls: one message for each. */
  readonly calls: readonly number[];
}

/** Throws if too many are waiting: then the caller's deliveries come one by one. */
export function collect(before: Collection, waiting: readonly Waiting[], limits: BatchLimits, now: number): Planned {
  const held = [...before.chunks, ...waiting].reduce((sum, { entries }) => sum + entries.length, 0);
  if (held > MAX_COLLECTED) throw new Error("too many deliveries wait in the gate");
  const chunks = waiting.map((chunk, index): Chunk => ({ ...chunk, seq: before.next_seq + index }));
  const after = { ...before, chunks: [...before.chunks, ...chunks], next_seq: before.next_seq + chunks.length };
  return plan(after, limits, now);
}

/** Hands out a batch of deliveries that may be sent, the most urgent first. A delivery that is too large goes alone. */
export function take(
  before: Collection,
  limits: BatchLimits,
  now: number,
): Planned & { readonly ids: readonly string[] } {
  const ids: string[] = [];
  const chunks = new Map(before.chunks.map((chunk) => [chunk.seq, chunk]));
  let bytes = 0;
  let full = false;
  for (const chunk of [...before.chunks].sort((a, b) => a.until - b.until || a.seq - b.seq)) {
    if (full) break;
    if (chunk.from > now + FLUSH_EARLY_MS) continue;
    let taken = 0;
    for (const [id, size] of chunk.entries) {
      full = ids.length >= limits.max_events || (ids.length > 0 && bytes + size > limits.max_bytes);
      if (full) break;
      ids.push(id);
      bytes += size;
      taken += 1;
    }
    if (taken === chunk.entries.length) chunks.delete(chunk.seq);
    else if (taken > 0) chunks.set(chunk.seq, { ...chunk, entries: chunk.entries.slice(taken) });
  }
  // This call may be one of the timers, a little early: it will not come again.
  const timers = before.timers.filter((at) => at > now + FLUSH_EARLY_MS);
  return {
    ids,
    ...plan({ ...before, chunks: [...chunks.values()], timers, asked: before.asked.slice(1) }, limits, now),
  };
}

/** Asks for a call now for each full batch, and for one at the end of each wait for which no other call comes in time. */
function plan(found: Collection, limits: BatchLimits, now: number): Planned {
  const asked = found.asked.filter((at) => at > now - FLUSH_LOST_MS);
  const timers = found.timers.filter((at) => at > now);
  let count = 0;
  let bytes = 0;
  for (const { from, entries } of found.chunks) {
    if (from > now) continue;
    count += entries.length;
    bytes += entries.reduce((sum, [, size]) => sum + size, 0);
  }
  const full = Math.floor(Math.max(count / limits.max_events, bytes / limits.max_bytes));
  const overdue = found.chunks.some(({ until }) => until <= now);
  const atOnce = Math.max(0, Math.min(MAX_FLUSHES, Math.max(full, overdue ? 1 : 0)) - asked.length);
  const calls = Array.from({ length: atOnce }, () => now);
  for (const { from, until } of [...found.chunks].sort((a, b) => a.until - b.until)) {
    if (until <= now || timers.some((at) => at >= from && at <= until)) continue;
    timers.push(until);
    calls.push(until);
  }
  return { collection: { ...found, timers, asked: [...asked, ...calls.slice(0, atOnce)] }, calls };
}
