// The pace under changed limits and its arithmetic, and the order in which a long line for places comes back.
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { acquire } from "../../../src/gate/acquire.ts";
import { inspect } from "../../../src/gate/snapshot.ts";
import { NEW_GATE, type GateState } from "../../../src/gate/state.ts";
import type { GateLimits, Grant } from "../../../src/gate/protocol.ts";
import type { RateLimit } from "../../../src/model/policies.ts";

const start = Date.UTC(2026, 10, 24);
const OPEN: GateLimits = { rate_limit: null, max_concurrency: null, circuit: null, adaptive: true };

interface Answer {
  readonly state: GateState;
  readonly grants: readonly Grant[];
}

function ask(
  before: GateState,
  limits: GateLimits,
  now: number,
  fresh: number,
  { entitled = 0, horizon_ms = 0 } = {},
): Answer {
  const request = { limits, entitled, fresh, horizon_ms, lease_ms: 30_000 };
  const { state, response } = acquire(before, request, now, "lease");
  return { state, grants: response.grants };
}

const paced = (rate_limit: RateLimit): GateLimits => ({ ...OPEN, rate_limit });
const goes = (grants: readonly Grant[]): { at: number; until: number }[] =>
  grants.flatMap((grant) => (grant.kind === "go" ? [{ at: grant.at, until: grant.until ?? grant.at }] : []));
const firstTime = ({ grants }: Answer): number => {
  const grant = grants[0];
  return grant === undefined ? Number.NaN : grant.kind === "go" ? grant.at : grant.until;
};

/** The most sends in any window beyond `allowed` + rate × its length. */
function excess(times: readonly number[], allowed: number, { limit, period_seconds }: RateLimit): number {
  let least = Infinity;
  let worst = -Infinity;
  [...times]
    .sort((a, b) => a - b)
    .forEach((time, index) => {
      const level = index - ((time - start) * limit) / (period_seconds * 1000);
      least = Math.min(least, level);
      worst = Math.max(worst, level - least + 1 - allowed);
    });
  return worst;
}

const anyRate = fc.record({
  limit: fc.integer({ min: 1, max: 60 }),
  period_seconds: fc.constantFrom(0.5, 1, 7, 60),
  burst: fc.integer({ min: 1, max: 30 }),
});
const anyStep = fc.record({
  which: fc.nat(3),
  waitMs: fc.oneof(fc.nat(20), fc.nat(800), fc.nat(20_000)),
  fresh: fc.nat(25),
  entitled: fc.nat(25),
  horizon_ms: fc.constantFrom(0, 500, 1_500),
});
const anyLateness = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));

describe("arithmetic", () => {
  it.each([
    { limit: 1_000_000, period_seconds: 0.1, burst: 1 },
    { limit: 1_000_000, period_seconds: 1, burst: 1_000 },
    { limit: 7_001, period_seconds: 1, burst: 2 },
    { limit: 3_001, period_seconds: 1, burst: 50 },
    { limit: 7, period_seconds: 1, burst: 7 },
  ])("never adds up rounding errors to more than $limit per $period_seconds s [G4]", (rate) => {
    let state = NEW_GATE;
    const sent: number[] = [];
    for (let second = 0; second < 60; second++) {
      // Entitled deliveries are limited only by the permits given.
      const answer = ask(state, paced(rate), start + second * 500, 0, { entitled: 4_000, horizon_ms: 500 });
      state = answer.state;
      for (const { at } of goes(answer.grants)) sent.push(at);
    }
    expect(sent.length).toBeGreaterThan(100);
    expect(excess(sent, rate.burst, rate)).toBeLessThanOrEqual(1e-6);
  });

  it("loses less than 0.1 % of a pace of 1,000 a second", () => {
    let state = NEW_GATE;
    const rate = { limit: 1_000, period_seconds: 1, burst: 1_000 };
    let sent = 0;
    for (let i = 0; i < 20; i++) {
      const answer = ask(state, paced(rate), start + i * 500, 0, { entitled: 2_000, horizon_ms: 499 });
      state = answer.state;
      sent += goes(answer.grants).length;
    }
    expect(sent).toBeGreaterThan(9_990);
  });
});

describe("a pace of a day", () => {
  it.each([1, 7, 1_000, 86_399])(
    "of %i never lets a slot come early, nor more than a millisecond late, years ahead too [G4]",
    (limit) => {
      const rate = { limit, period_seconds: 86_400, burst: 1 };
      let state = NEW_GATE;
      const slots: number[] = [];
      for (let i = 0; i < 20; i++) {
        const answer = ask(state, paced(rate), start, 100);
        // What storage does to it.
        state = JSON.parse(JSON.stringify(answer.state)) as GateState;
        for (const grant of answer.grants) if (grant.kind === "defer") slots.push(grant.until);
      }
      expect(slots).toHaveLength(1_999);
      const late = slots.map((at, index) => at - start - ((index + 1) * 86_400_000) / limit);
      // Never early; with a burst of one, each send also waits for the next whole millisecond.
      expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...late)).toBeLessThanOrEqual(slots.length);
      const sent = slots.map((at) => {
        const answer = ask(state, paced(rate), at, 0, { entitled: 1 });
        state = answer.state;
        return firstTime(answer);
      });
      expect(sent).toEqual(slots);
      expect(excess(sent, 1, rate)).toBeLessThanOrEqual(1e-6);
    },
  );
});

describe("a changed pace", () => {
  it("is kept in every window, however often limits alternate [G4]", () => {
    fc.assert(
      fc.property(
        fc.array(anyRate, { minLength: 4, maxLength: 4 }),
        fc.array(anyStep, { minLength: 2, maxLength: 40, size: "max" }),
        anyLateness,
        (rates, steps, lateness) => {
          let state = NEW_GATE;
          let now = start;
          const sent: number[][] = rates.map(() => []);
          for (const { which, waitMs, fresh, entitled, horizon_ms } of steps) {
            now += waitMs;
            const rate = rates[which];
            if (rate === undefined) continue;
            const answer = ask(state, paced(rate), now, fresh, { entitled, horizon_ms });
            // What storage does to it.
            state = JSON.parse(JSON.stringify(answer.state)) as GateState;
            for (const { at, until } of goes(answer.grants))
              sent[which]?.push(at + lateness.next().value * (until - at));
          }
          for (const rate of rates) {
            // Two equal paces are one.
            const own = rates.flatMap((other, i) =>
              JSON.stringify(other) === JSON.stringify(rate) ? (sent[i] ?? []) : [],
            );
            expect(excess(own, rate.burst, rate)).toBeLessThanOrEqual(1e-6);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("subtracts outstanding permits from its burst [G4]", () => {
    fc.assert(
      fc.property(
        anyRate,
        anyRate,
        fc.array(anyStep, { minLength: 2, maxLength: 30, size: "max" }),
        fc.nat(29),
        anyLateness,
        (former, later, steps, changeAt, lateness) => {
          let state = NEW_GATE;
          let now = start;
          const permits: { until: number; sentAt: number }[] = [];
          let changed = Infinity;
          let outstanding = 0;
          steps.forEach(({ waitMs, fresh, entitled, horizon_ms }, index) => {
            now += waitMs;
            if (index === changeAt) {
              changed = now;
              outstanding = permits.filter(({ until }) => until >= now).length;
            }
            const answer = ask(state, paced(index < changeAt ? former : later), now, fresh, { entitled, horizon_ms });
            state = answer.state;
            for (const { at, until } of goes(answer.grants))
              permits.push({ until, sentAt: at + lateness.next().value * (until - at) });
          });
          const since = permits.map(({ sentAt }) => sentAt).filter((sentAt) => sentAt >= changed);
          // Permits beyond the new burst cannot be revoked, but no others are added.
          expect(excess(since, Math.max(later.burst, outstanding), later)).toBeLessThanOrEqual(1e-6);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("permits two alternating limits together no more than the higher one and a burst [G4]", () => {
    // With a burst of one, no permit is outstanding after its time.
    const wide = { limit: 11, period_seconds: 1, burst: 1 };
    const rates = [{ limit: 10, period_seconds: 1, burst: 1 }, wide];
    let state = NEW_GATE;
    const sent: number[] = [];
    for (let i = 0; i < 600; i++) {
      const answer = ask(state, paced(rates[i % 2] ?? wide), start + i * 60, 0, { entitled: 30 });
      state = answer.state;
      for (const { at } of goes(answer.grants)) sent.push(at);
    }
    expect(excess(sent, 2 * wide.burst, wide)).toBeLessThanOrEqual(1e-6);
  });

  it("continues from a state that an older version stored [G4]", () => {
    const rate = paced({ limit: 1, period_seconds: 3_600, burst: 1 });
    const stored = { ...NEW_GATE, pace: { actual: start, reserved: start } } as unknown as GateState;
    const first = ask(stored, rate, start, 2);
    expect(first.grants.map(({ kind }) => kind)).toEqual(["go", "defer"]);
    expect(firstTime(ask(first.state, rate, start + 1, 1))).toBeGreaterThan(start + 3_600_000);
  });

  it("applies at once when it rises, to all deliveries without a slot", () => {
    const hourly = paced({ limit: 1, period_seconds: 3_600, burst: 7 });
    const { state } = ask(NEW_GATE, hourly, start, 500);
    const fast = paced({ limit: 100, period_seconds: 1 });
    expect(inspect(state, hourly, start + 1_000).next_free_at).toBeGreaterThan(start + 3_600_000);
    expect(inspect(state, fast, start + 1_000).next_free_at).toBe(start + 1_000);
    expect(firstTime(ask(state, fast, start + 1_000, 1))).toBe(start + 1_000);
  });

  it("is not blocked by permits of a faster one", () => {
    const fast = paced({ limit: 1_000, period_seconds: 1 });
    const slow = paced({ limit: 1, period_seconds: 60, burst: 2 });
    let { state } = ask(NEW_GATE, slow, start, 1);
    for (let second = 1; second <= 30; second++) state = ask(state, fast, start + second * 1_000, 500).state;
    expect(firstTime(ask(state, slow, start + 32_000, 1))).toBeLessThanOrEqual(start + 32_000 + 120_000);
  });

  it("forgets its frontiers when it is removed", () => {
    const slow = paced({ limit: 1, period_seconds: 3_600, burst: 1 });
    const without = ask(ask(NEW_GATE, slow, start, 3).state, OPEN, start, 1);
    expect(firstTime(without)).toBe(start);
    expect(firstTime(ask(without.state, slow, start + 1, 1))).toBe(start + 1);
  });
});

describe("a long line for places", () => {
  const limits: GateLimits = { ...OPEN, max_concurrency: 10 };

  it("comes back at the rate at which places become free, across all calls", () => {
    let { state } = ask(NEW_GATE, limits, start, 10);
    const times: number[] = [];
    for (let i = 0; i < 50; i++) {
      const answer = ask(state, limits, start, 100);
      state = answer.state;
      for (const grant of answer.grants) if (grant.kind === "defer") times.push(grant.until);
    }
    expect(times).toHaveLength(5_000);
    expect(Math.min(...times)).toBe(start + 1_000);
    // Half a second each with ten places.
    expect(Math.max(...times)).toBeGreaterThanOrEqual(start + 5_000 * 50);
    expect(Math.max(...times)).toBeLessThanOrEqual(start + 1_000 + 5_000 * 50);
    const perSecond = new Map<number, number>();
    for (const time of times) {
      const second = Math.floor((time - start) / 1_000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(20);
  });

  it("brings deliveries that find no place at their time back within a minute", () => {
    let { state } = ask(NEW_GATE, limits, start, 10);
    state = ask(state, limits, start, 5_000).state;
    const { grants } = ask(state, limits, start + 1_000, 0, { entitled: 50 });
    for (const grant of grants) {
      expect(grant).toMatchObject({ kind: "defer", by: "concurrency" });
      expect(firstTime({ state, grants: [grant] })).toBeLessThanOrEqual(start + 61_000);
    }
  });

  it("is forgotten when no delivery comes at its time for minutes", () => {
    let { state } = ask(NEW_GATE, limits, start, 10);
    state = ask(state, limits, start, 5_000).state;
    state = { ...state, leases: state.leases.map((lease) => ({ ...lease, expires_at: start + 600_000 })) };
    expect(firstTime(ask(state, limits, start + 60_000, 1))).toBeGreaterThan(start + 250_000);
    expect(firstTime(ask(state, limits, start + 130_000, 1))).toBe(start + 131_000);
  });

  it("does not include slots of a pace that no delivery uses", () => {
    const rate = paced({ limit: 10, period_seconds: 1 });
    const { state } = ask(NEW_GATE, rate, start, 10_000);
    expect(firstTime(ask(state, rate, start + 60_000, 1))).toBeGreaterThan(start + 990_000);
    expect(firstTime(ask(state, rate, start + 130_000, 1))).toBe(start + 130_000);
  });
});
