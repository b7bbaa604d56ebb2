// Durations in buckets that grow by a fourth root of two, so that quantiles can be merged over any minutes, sources and destinations.
// Keeps no single value.

/** Buckets per doubling. */
const PER_DOUBLING = 4;
/** The last bucket ends at 2^32 ms, which is 49 days; longer ones are counted there. */
const LAST = 32 * PER_DOUBLING;

/** How far an estimate may lie from the exact value, as a factor: half a bucket. */
export const MAX_ERROR_FACTOR = 2 ** (1 / (2 * PER_DOUBLING));

/** Counts by bucket. */
export type Histogram = ReadonlyMap<number, number>;

/** Upper end of a bucket, inclusive, in milliseconds. The first holds all up to 1 ms. */
export const upperMs = (bucket: number): number => 2 ** (bucket / PER_DOUBLING);

export function bucketOf(ms: number): number {
  if (!(ms > 1)) return 0;
  const bucket = Math.min(LAST, Math.ceil(PER_DOUBLING * Math.log2(ms)));
  // The logarithm of a value on the border may come out a hair beyond it.
  return bucket > 0 && ms <= upperMs(bucket - 1) ? bucket - 1 : bucket;
}

/** The middle of a bucket by ratio. */
const middleMs = (bucket: number): number => (bucket === 0 ? 1 : 2 ** ((bucket - 0.5) / PER_DOUBLING));

/**
 * The value that a share of all values does not exceed (nearest rank), within `MAX_ERROR_FACTOR`. Milliseconds; null of nothing.
 * @param share 0 to 1
 */
export function quantile(histogram: Histogram, share: number): number | null {
  const total = [...histogram.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(share * total));
  let passed = 0;
  let last = 0;
  for (const [bucket, count] of [...histogram].sort(([a], [b]) => a - b)) {
    passed += count;
    last = bucket;
    if (passed >= rank) break;
  }
  return middleMs(last);
}
