// Keys of segments: a segment is found from the id of one of its events alone.
import { SEGMENT_SPAN_MS } from "../config/record-limits.ts";
import type { Random } from "../kernel/random.ts";
import { eventTime, firstKeyAt, keyTime, type EventId } from "../model/ids.ts";
import type { KeyRange, Sought } from "./types.ts";

const KEYS_PER_MS = 4_096;
/** Digits of an event id in `ids`. */
export const ID_DIGITS = 32;

/** The id without its prefix, as segments have it. */
export const digitsOf = (id: EventId): string => id.slice(4);

/** A new key each time: two segments may end with ids of the same millisecond. */
export const segmentKey = (lastId: EventId, random: Random): number =>
  eventTime(lastId) * KEYS_PER_MS + Math.floor(random() * KEYS_PER_MS);

/** Segments with lower keys end with an event from before `ms`. */
export const firstSegmentKeyAt = (ms: number): number => ms * KEYS_PER_MS;

/** The time of a segment's last id. Milliseconds since the epoch. */
export const segmentTime = (k: number): number => Math.floor(k / KEYS_PER_MS);

/** Segments that hold the event, if any does, have keys in this range. */
export function soughtFor(id: EventId): Sought {
  const at = eventTime(id);
  return { id, from: at * KEYS_PER_MS, to: (at + SEGMENT_SPAN_MS + 1) * KEYS_PER_MS - 1 };
}

/** Keys of the segments that can hold events of a range. */
export interface SegmentRange {
  readonly low: number;
  /** Segments from here up may hold events on both sides of the range's end. Those below hold none above it. */
  readonly overlap: number;
  /** Exclusive. */
  readonly high: number;
}

/** @param range of events or of deliveries */
export function segmentRange({ from, to }: KeyRange): SegmentRange {
  const low = firstSegmentKeyAt(keyTime(from) ?? 0);
  const end = keyTime(to);
  if (end === null) return { low, overlap: Number.MAX_SAFE_INTEGER, high: Number.MAX_SAFE_INTEGER };
  return {
    low,
    overlap: Math.max(low, firstSegmentKeyAt(end - 1)),
    high: firstSegmentKeyAt(end + SEGMENT_SPAN_MS + 1),
  };
}

/** The key from which on a walk down to segment `k` has examined everything. */
export const examinedTo = (prefix: "evt" | "dlv", k: number): string => firstKeyAt(prefix, segmentTime(k) + 1);

/** The ids in a segment's `ids` or `superseded`. */
export const idsIn = (digits: string): EventId[] =>
  Array.from(
    { length: Math.floor(digits.length / ID_DIGITS) },
    (_, i) => `evt_${digits.slice(i * ID_DIGITS, (i + 1) * ID_DIGITS)}` as EventId,
  );
