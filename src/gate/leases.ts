// Concurrency: leases on places. A lease expires if its holder never reports. Pure.
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../kernel/durations.ts";

export interface Lease {
  readonly id: string;
  readonly width: number;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
  /** Whether it is for the probe of a half-open circuit. */
  readonly probe: boolean;
}

export const liveLeases = (leases: readonly Lease[], now: number): readonly Lease[] =>
  leases.filter((lease) => lease.expires_at > now);

export const placesInUse = (leases: readonly Lease[]): number => leases.reduce((sum, lease) => sum + lease.width, 0);

/** Deliveries that wait for places. Instants in milliseconds since the epoch. */
export interface Line {
  /** The last time given to a new delivery. Times are as far apart as places become free. */
  readonly end: number;
  /** The last time given to a delivery that came at its time and found no place: such times are soon. */
  readonly near: number;
  /** The duration of a send when the line began. Milliseconds. */
  readonly mean_ms: number;
}

export const NO_LINE: Line = { end: 0, near: 0, mean_ms: 0 };

const MIN_WAIT_MS = SECOND_MS;

export interface Waiting {
  /** All places that the destination allows. */
  readonly places: number;
  readonly meanMs: number;
  /** Whether the delivery has waited before. */
  readonly again: boolean;
  /** Whether all places are taken: then none is free before a send ends. */
  readonly isFull: boolean;
}

/** When a delivery that found no place should ask again. If the wait would be longer than the maximum, it is half the maximum. */
export function enterLine(
  line: Line,
  now: number,
  { places, meanMs, again, isFull }: Waiting,
): readonly [Line, number] {
  const soonest = isFull ? now + Math.min(MINUTE_MS, Math.max(MIN_WAIT_MS, Math.ceil(meanMs))) : now;
  const longest = again ? MINUTE_MS : DAY_MS;
  const next = Math.ceil(Math.max(again ? line.near : line.end, now) + Math.max(1, meanMs / places));
  const at = next > now + longest ? now + longest / 2 : Math.max(next, soonest);
  if (again) return [{ ...line, near: at }, at];
  return [{ ...line, end: at, mean_ms: line.end <= now ? meanMs : line.mean_ms }, at];
}

/** The line after a send has taken a place: later deliveries are behind it. */
export const occupied = (line: Line, now: number, places: number, meanMs: number): Line => ({
  ...line,
  end: Math.max(line.end, now) + meanMs / places,
  mean_ms: line.end <= now ? meanMs : line.mean_ms,
});

/** Whether sends have become so much quicker that the line waits too long. */
export const isStale = (line: Line, meanMs: number, now: number): boolean =>
  line.end > now + MINUTE_MS && meanMs * 2 < line.mean_ms;
