import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { MAX_PIECE_DELIVERIES, MAX_PIECE_SECONDS } from "../../../src/config/record-limits.ts";
import type { DeliveryId } from "../../../src/model/ids.ts";
import { pieceSize, replayShare, spread, planTimes } from "../../../src/model/replay.ts";

const to = (...destinations: string[]) =>
  destinations.map((destination_id, index) => ({ id: `dlv_${index}` as DeliveryId, destination_id }));

describe("a piece of a replay", () => {
  it("is a few seconds' worth of the pace, never empty and never huge", () => {
    expect([0.01, 1, 50, 500].map(pieceSize)).toEqual([1, 5, 250, MAX_PIECE_DELIVERIES]);
  });

  it("leaves half of a destination's limits to live traffic", () => {
    const bears = (limit: number | null, period_seconds: number, max_concurrency: number | null) =>
      replayShare({ rate_limit: limit === null ? null : { limit, period_seconds }, max_concurrency }, 50);
    expect(bears(null, 1, null)).toBe(50);
    expect(bears(10, 1, null)).toBe(5);
    expect(bears(60, 60, 10)).toBe(0.5);
    expect(bears(1_000, 1, 3)).toBe(1.5);
    // All runs together.
    expect(replayShare({ rate_limit: { limit: 10, period_seconds: 1 }, max_concurrency: null }, 50, 5)).toBe(1);
    expect(replayShare({ rate_limit: null, max_concurrency: null }, 50, 5)).toBe(50);
  });

  it("is watched by a sample from its first to its last delivery", () => {
    expect(spread([1, 2, 3], 5)).toEqual([1, 2, 3]);
    expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 2, 5, 7]);
  });

  it("never exceeds the pace or a destination's share, in any span of time", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.01, max: 500, noNaN: true }),
        fc.record({
          a: fc.double({ min: 0.01, max: 100, noNaN: true }),
          b: fc.double({ min: 0.01, max: 100, noNaN: true }),
        }),
        (destinations, rate, shares) => {
          const { at, over } = planTimes(to(...destinations), rate, new Map(Object.entries(shares)), 1_000);
          expect(at.length).toBeGreaterThan(0);
          const within = (times: readonly number[], perSecond: number): void => {
            times.forEach((from, first) => {
              const last = times.length - 1;
              // The next piece begins when this one is over.
              for (const [index, end] of [
                [last, times[last] ?? 0],
                [last + 1, over],
              ] as const)
                expect(index - first).toBeLessThanOrEqual((perSecond * (end - from + 1)) / 1_000 + 1e-6);
            });
          };
          within(at, rate);
          for (const [name, share] of Object.entries(shares))
            within(
              at.filter((_, index) => destinations[index] === name),
              Math.min(rate, share),
            );
          expect(Math.max(...at)).toBeLessThanOrEqual(1_001 + MAX_PIECE_SECONDS * 1_000);
        },
      ),
    );
  });

  it("ends before the first delivery that would wait for a slow destination", () => {
    const shares = new Map([["slow", 1 / 100]]);
    expect(planTimes(to("slow", "fast", "slow", "fast"), 10, shares, 0).at).toEqual([0, 100]);
    expect(planTimes(to("slow"), 10, shares, 0)).toEqual({ at: [0], over: 100_000 });
  });
});
