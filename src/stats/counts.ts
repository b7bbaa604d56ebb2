// What a record adds to the counters. Counts are sums by name, so that minutes, hours, sources and destinations merge by addition.
import { MAX_COUNTED_TYPE_LENGTH } from "../config/record-limits.ts";
import type { Delivery } from "../model/delivery.ts";
import type { SluiceEvent } from "../model/event.ts";
import { isFinal } from "../model/lifecycle.ts";
import { bucketOf, type Histogram } from "./histogram.ts";

/**
 * Per source: `accepted`, `bytes_in`, `ignored`, `duplicate`, `rejected`; `t:push`: events of a type. Per source and destination: `made` (deliveries), `attempts`,
 * `failed_attempts`, `deferred`, `delivered`, `dead`, `cancelled`; `l12`, `a12`: bucket 12 of the time from acceptance to delivery, and of
 * the attempt's duration; `l_sum`, `a_sum`: sums of those, in milliseconds.
 */
export type Counts = Readonly<Record<string, number>>;

/** All callbacks count as one destination, as the number of their hosts is unbounded. */
export const CALLBACKS = "callbacks";
export const countedDestination = (id: string | null): string =>
  id === null ? "" : id.startsWith("callback_") ? CALLBACKS : id;

const TYPE = "t:";
/** Counts events of all types without a count of their own. */
export const OTHER_TYPES = TYPE;
/** How the metrics name these. */
const OTHER = "(other)";

/** The count of a type, percent-encoded, as names in SQL must not hold quotes. */
export function typeCount(type: string): string {
  const name = encodeURIComponent(type);
  return type === OTHER || name.length > MAX_COUNTED_TYPE_LENGTH ? OTHER_TYPES : TYPE + name;
}

/** Counts by type. */
export const countsByType = (counts: Counts): Map<string, number> =>
  new Map(
    Object.entries(counts)
      .filter(([name]) => name.startsWith(TYPE))
      .map(([name, count]) => [name === OTHER_TYPES ? OTHER : decodeURIComponent(name.slice(TYPE.length)), count]),
  );

/** The counts of a new event. */
export const eventCounts = (event: SluiceEvent, deliveries: number): Counts => ({
  accepted: 1,
  ...(event.event_type == null ? {} : { [typeCount(event.event_type)]: 1 }),
  ...(event.body_bytes > 0 ? { bytes_in: event.body_bytes } : {}),
  ...(event.duplicate_of != null ? { duplicate: 1 } : deliveries === 0 ? { ignored: 1 } : {}),
});

/**
 * The counts of a delivery's step from one record to the next.
 * @param before null for a new delivery
 * @param plannedMs how long it waited as configured: that is not counted as latency
 */
export function deliveryCounts(before: Delivery | null, after: Delivery, plannedMs: number): Counts {
  const counts: Record<string, number> = before === null ? { made: 1 } : {};
  const last = after.attempts.at(-1);
  if (after.attempts_made > (before?.attempts_made ?? 0) && last !== undefined) {
    counts["attempts"] = 1;
    if (after.status !== "delivered") counts["failed_attempts"] = 1;
    Object.assign(counts, measured("a", last.duration_ms));
  }
  if (after.deferrals > (before?.deferrals ?? 0)) counts["deferred"] = 1;
  if (isFinal(after.status)) counts[after.status] = 1;
  // The event of a replay was accepted long ago: there is no latency to measure.
  if (after.status === "delivered" && after.finished_at !== null && after.replay_id === null)
    Object.assign(counts, measured("l", after.finished_at - after.created_at - plannedMs));
  return counts;
}

function measured(kind: "a" | "l", ms: number): Counts {
  const whole = Math.max(0, Math.round(ms));
  return { [`${kind}${bucketOf(whole)}`]: 1, [`${kind}_sum`]: whole };
}

/** The histogram within merged counts: `l` acceptance to delivery, `a` attempt. */
export function toHistogram(counts: Counts, kind: "a" | "l"): Histogram {
  const histogram = new Map<number, number>();
  for (const name in counts) {
    const bucket = name.startsWith(kind) ? Number(name.slice(1)) : NaN;
    if (!Number.isNaN(bucket)) histogram.set(bucket, counts[name] ?? 0);
  }
  return histogram;
}

export function addCounts(all: readonly Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const counts of all) for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
