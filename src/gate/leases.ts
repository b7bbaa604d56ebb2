// Concurrency: leases on places, which expire when their holder is never heard of again. Pure.
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

const MIN_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;

/**
 * When the next delivery that found no place should ask again: behind those before it, at the pace at which places become
 * free. A line longer than the longest wait starts over half-way, so that a large backlog comes back spread out.
 * @param line the time given to the one before, over all calls
 */
export function placeExpectedAt(now: number, line: number, places: number, meanMs: number): number {
  const next = Math.ceil(line + Math.max(1, meanMs / places));
  const soonest = now + Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, Math.ceil(meanMs)));
  return next > now + MAX_WAIT_MS ? now + MAX_WAIT_MS / 2 : Math.max(next, soonest);
}
