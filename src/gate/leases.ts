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

/** When a delivery that found no place should ask again: after those before it, at the pace at which places become free. */
export const placeExpectedAt = (now: number, position: number, places: number, meanMs: number): number =>
  now + Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, (Math.ceil((position + 1) / places) + 1) * meanMs));
