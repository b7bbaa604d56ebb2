// Durations in buckets that grow by the fourth root of two, so that histograms of any minutes, sources and destinations can be added up.

/** Buckets per doubling. */
const PER_DOUBLING = 4;
/** The last bucket ends at 2^32 ms, which is 49 days. Longer durations are counted there. */
const LAST = 32 * PER_DOUBLING;

/** The largest error of an estimate, as a factor: half a bucket. */
export const MAX_ERROR_FACTOR = 2 ** (1 / (2 * PER_DOUBLING));

/** Counts by bucket. */
export type Histogram = ReadonlyMap<number, number>;

/** The upper end of a bucket, inclusive, in milliseconds. The first bucket holds everything up to 1 ms. */
export const upperMs = (bucket: number): number => 2 ** (bucket / PER_DOUBLING);

export function bucketOf(ms: number): number {
  if (!(ms > 1)) return 0;
  const bucket = Math.min(LAST, Math.ceil(PER_DOUBLING * Math.log2(ms)));
  // Rounding may put the logarithm of a value on the border just beyond it.
  return bucket > 0 && ms <= upperMs(bucket - 1) ? bucket - 1 : bucket;
}

/** The geometric middle of a bucket. */
const middleMs = (bucket: number): number => (bucket === 0 ? 1 : 2 ** ((bucket - 0.5) / PER_DOUBLING));

/**
 * Quantiles by nearest rank, within `MAX_ERROR_FACTOR`. Milliseconds; null when the histogram is empty.
 * @param shares 0 to 1, ascending
 */
export function quantiles<const S extends readonly number[]>(
  histogram: Histogram,
  shares: S,
): { [K in keyof S]: number | null } {
  const buckets = [...histogram].sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let at = -1;
  let passed = 0;
  const values = shares.map((share) => {
    const rank = Math.max(1, Math.ceil(share * total));
    while (passed < rank && at < buckets.length - 1) passed += buckets[++at]?.[1] ?? 0;
    const bucket = buckets[at];
    return bucket === undefined ? null : middleMs(bucket[0]);
  });
  return values as { [K in keyof S]: number | null };
}
