import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { addCounts, toHistogram } from "../../../src/stats/counts.ts";
import { bucketOf, MAX_ERROR_FACTOR, quantiles, upperMs } from "../../../src/stats/histogram.ts";

const MAX_MS = 2 ** 32;
const durations = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 0, max: 60_000 }),
    fc.integer({ min: 0, max: MAX_MS }),
    fc.integer({ min: 0, max: 32 }).map((power) => 2 ** power),
  ),
  { minLength: 1, maxLength: 300 },
);
const shares = fc.subarray([0, 0.5, 0.9, 0.95, 0.99, 1], { minLength: 1 });
const histogram = (values: readonly number[]): Map<number, number> => {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(bucketOf(value), (counts.get(bucketOf(value)) ?? 0) + 1);
  return counts;
};
/** The exact quantile by nearest rank. */
const exact = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1] ?? NaN;

describe("a quantile of a histogram", () => {
  it("is within the stated factor of the exact one, or within a millisecond", () => {
    expect(MAX_ERROR_FACTOR).toBeCloseTo(1.0905, 4);
    fc.assert(
      fc.property(durations, shares, (values, asked) => {
        const estimates = quantiles(histogram(values), asked);
        asked.forEach((share, index) => {
          const estimate = estimates[index] ?? NaN;
          const truth = exact(values, share);
          const factor = estimate / truth;
          if (truth <= 1) expect(estimate).toBe(1);
          else expect(Math.max(factor, 1 / factor)).toBeLessThanOrEqual(MAX_ERROR_FACTOR + 1e-9);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it("is the same for values counted together or in parts that are merged", () => {
    fc.assert(
      fc.property(fc.array(durations, { minLength: 1, maxLength: 6 }), shares, (parts, asked) => {
        const counted = parts.map((values) =>
          Object.fromEntries([...histogram(values)].map(([bucket, n]) => [`l${bucket}`, n])),
        );
        expect(quantiles(toHistogram(addCounts(counted), "l"), asked)).toEqual(
          quantiles(histogram(parts.flat()), asked),
        );
      }),
    );
  });

  it("is null for an empty histogram", () => {
    expect(quantiles(new Map(), [0.5, 0.99])).toEqual([null, null]);
  });
});

describe("a bucket", () => {
  it("holds the values from the end of the one before to its own end", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 2, max: MAX_MS }), fc.double({ min: 1.001, max: MAX_MS, noNaN: true })),
        (ms) => {
          const bucket = bucketOf(ms);
          expect(ms).toBeLessThanOrEqual(upperMs(bucket) * (1 + 1e-12));
          expect(ms).toBeGreaterThan(upperMs(bucket - 1));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("ends exactly at each power of two", () => {
    for (let power = 1; power <= 32; power++) {
      expect(bucketOf(2 ** power)).toBe(4 * power);
      expect(upperMs(4 * power)).toBe(2 ** power);
    }
  });

  it("is the first for values up to a millisecond and for NaN, the last for values above 49 days", () => {
    expect([bucketOf(0), bucketOf(1), bucketOf(-5), bucketOf(NaN)]).toEqual([0, 0, 0, 0]);
    expect(bucketOf(1e15)).toBe(bucketOf(MAX_MS));
  });
});
