// Concurrency: leases on places, which expire when their holder is never heard of again. Pure.
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../kernel/durations.ts";

export interface Lease {
  readonly id: string;
  readonly width: number;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
  /** Held by the single probe of a half-open circuit. */
  readonly probe: boolean;
}

export const liveLeases = (leases: readonly Lease[], now: number): readonly Lease[] =>
  leases.filter((lease) => lease.expires_at > now);

export const placesInUse = (leases: readonly Lease[]): number => leases.reduce((sum, lease) => sum + lease.width, 0);

/** Those who wait for places. Instants in milliseconds since the epoch. */
export interface Line {
  /** The time given to the last of those who came new: at the pace at which places become free. */
  readonly end: number;
  /** The time given to the last of those who came at their time and found no place all the same: soon. */
  readonly near: number;
  /** What a send took when `end` was last begun. Milliseconds. */
  readonly mean_ms: number;
}

export const NO_LINE: Line = { end: 0, near: 0, mean_ms: 0 };

const MIN_WAIT_MS = SECOND_MS;

export interface Waiting {
  /** All places of the destination. */
  readonly places: number;
  readonly meanMs: number;
  /** Whether it has waited for its time before. */
  readonly again: boolean;
  /** Whether all places are taken, so that none is free before a send has ended. */
  readonly isFull: boolean;
}

/** When the next delivery that found no place should ask again. A line that would grow longer than the longest wait starts over half-way. */
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

/** The line after a send that has found a place: those who come later are behind it. */
export const occupied = (line: Line, now: number, places: number, meanMs: number): Line => ({
  ...line,
  end: Math.max(line.end, now) + meanMs / places,
  mean_ms: line.end <= now ? meanMs : line.mean_ms,
});

/** Sends have become so much quicker that the line waits for nothing. */
export const isStale = (line: Line, meanMs: number, now: number): boolean =>
  line.end > now + MINUTE_MS && meanMs * 2 < line.mean_ms;
