import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { SourceLimiter } from "../../../src/ingest/limiter.ts";
import { largestLease, lease } from "../../../src/ingest/source-pace.ts";
import { IDLE, buildPace, type PaceState } from "../../../src/gate/gcra.ts";
import type { RateLimit } from "../../../src/model/policies.ts";

const START = Date.UTC(2026, 10, 24);

/** One object that counts, and isolates that lease from it, all on one clock. */
function setUp(isolates: number) {
  const clock = { ms: START, calls: 0, down: false };
  let state: PaceState = IDLE;
  const limiters = Array.from(
    { length: isolates },
    () =>
      new SourceLimiter({
        now: () => clock.ms,
        lease: async (_source, limit, wanted) => {
          clock.calls += 1;
          if (clock.down) throw new Error("unreachable");
          const result = lease(state, limit, wanted, clock.ms);
          state = result.state;
          return result.answer;
        },
        report: () => undefined,
      }),
  );
  return { clock, limiters };
}
const burstOf = (limit: RateLimit): number =>
  limit.burst ?? Math.min(limit.limit, Math.max(1, Math.ceil(limit.limit / limit.period_seconds)));

describe("the limit of a source", () => {
  it("lets no choice of times and isolates pass burst + rate × time", async () => {
    const limits = fc.record({
      limit: fc.integer({ min: 1, max: 2_000 }),
      period_seconds: fc.constantFrom(1, 10, 60),
      burst: fc.integer({ min: 1, max: 500 }),
    });
    const steps = fc.array(fc.record({ isolate: fc.nat(3), waitMs: fc.constantFrom(0, 0, 0, 1, 7, 100, 700, 3_000) }), {
      minLength: 1,
      maxLength: 300,
    });
    await fc.assert(
      fc.asyncProperty(limits, steps, async (limit, requests) => {
        const { clock, limiters } = setUp(4);
        const accepted: number[] = [];
        for (const { isolate, waitMs } of requests) {
          clock.ms += waitMs;
          if ((await limiters[isolate]?.waitFor("src", limit)) === null) accepted.push(clock.ms);
        }
        const { intervalMs } = buildPace(limit);
        accepted.forEach((from, first) => {
          accepted.slice(first).forEach((to, index) => {
            expect(index + 1).toBeLessThanOrEqual(burstOf(limit) + (to - from) / intervalMs + 1e-6);
          });
        });
      }),
      { numRuns: 60 },
    );
  });

  it("lets through what it promises, over several isolates, and says how long the others wait", async () => {
    const { clock, limiters } = setUp(3);
    const limit = { limit: 100, period_seconds: 1 };
    let accepted = 0;
    const waits: number[] = [];
    for (let i = 0; i < 10_000; i++) {
      clock.ms += 1;
      const wait = await limiters[i % 3]?.waitFor("src", limit);
      if (wait === null) accepted += 1;
      else if (wait !== undefined) waits.push(wait);
    }
    expect(accepted).toBeLessThanOrEqual(1_100);
    expect(accepted).toBeGreaterThanOrEqual(900);
    expect(Math.min(...waits)).toBeGreaterThan(0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
  });

  it("costs one call a chunk where the limit is high, and none while it is refused", async () => {
    const { clock, limiters } = setUp(1);
    for (let i = 0; i < 10_000; i++) {
      if (i % 5 === 0) clock.ms += 1;
      expect(await limiters[0]?.waitFor("src", { limit: 100_000, period_seconds: 1 })).toBeNull();
    }
    expect(clock.calls).toBeLessThan(60);
    const low = setUp(1);
    const limit = { limit: 1, period_seconds: 60 };
    for (let i = 0; i < 1_000; i++) await low.limiters[0]?.waitFor("src", limit);
    expect(low.clock.calls).toBe(2);
  });

  it("accepts requests while the limit is unreachable, and does not ask each time [G7]", async () => {
    const { clock, limiters } = setUp(1);
    clock.down = true;
    for (let i = 0; i < 100; i++)
      expect(await limiters[0]?.waitFor("src", { limit: 1, period_seconds: 60 })).toBeNull();
    expect(clock.calls).toBe(1);
    clock.down = false;
    clock.ms += 2_000;
    await limiters[0]?.waitFor("src", { limit: 1, period_seconds: 60 });
    expect(await limiters[0]?.waitFor("src", { limit: 1, period_seconds: 60 })).toBeGreaterThan(0);
  });

  it("is in force as soon as it is changed", async () => {
    const { limiters } = setUp(1);
    expect(await limiters[0]?.waitFor("src", { limit: 1, period_seconds: 60 })).toBeNull();
    expect(await limiters[0]?.waitFor("src", { limit: 1, period_seconds: 60 })).not.toBeNull();
    expect(await limiters[0]?.waitFor("src", { limit: 1_000, period_seconds: 1, burst: 100 })).toBeNull();
  });

  it("asks for one at a time where late use would pass it", () => {
    expect(largestLease({ limit: 10, period_seconds: 1, burst: 1 }, 1_000)).toBe(1);
    expect(largestLease({ limit: 100_000, period_seconds: 1 }, 1_000)).toBe(1_000);
  });
});
