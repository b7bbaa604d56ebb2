import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { CUT_EVERY_MS, RAISE_EVERY_MS } from "../../../src/gate/adaptive.ts";
import type { GateLimits } from "../../../src/gate/protocol.ts";
import { inspect } from "../../../src/gate/snapshot.ts";
import { NEW_GATE, type GateState } from "../../../src/gate/state.ts";
import { ask, excess, OPEN, start, notify, tellAll } from "./calls.ts";

const limits: GateLimits = { ...OPEN, rate_limit: { limit: 16, period_seconds: 1, burst: 4 } };
const rate = (state: GateState, now: number, of = limits) => inspect(state, of, now).rate_in_use;
const refused = (at: number, count = 1) => ({
  failures: count,
  trailing_failures: count,
  throttled: count,
  throttled_at: at,
});

describe("adaptive pace", () => {
  it("halves after a 429 or 503, once for all refusals of a batch", () => {
    let state = notify(NEW_GATE, limits, refused(start, 40), start);
    expect(rate(state, start)).toBeCloseTo(8, 2);
    // Other consumers report sends that began before the halving.
    for (const late of [10, 3_000, 20_000]) state = notify(state, limits, refused(start - 5, 7), start + late);
    expect(rate(state, start + 20_000)).toBeCloseTo(8, 2);
    state = notify(state, limits, refused(start + 20_000), start + 20_001);
    expect(rate(state, start + 20_001)).toBeCloseTo(4, 2);
  });

  it("never falls below a sixteenth of the ceiling", () => {
    let state = NEW_GATE;
    for (let i = 0; i < 20; i++)
      state = notify(state, limits, refused(start + i * CUT_EVERY_MS), start + i * CUT_EVERY_MS);
    expect(rate(state, start + 200_000)).toBeCloseTo(1, 2);
  });

  it("rises in equal steps to exactly the ceiling, and reports that waiting deliveries may go earlier", () => {
    let state = notify(NEW_GATE, limits, refused(start), start);
    const seen: number[] = [];
    let stale = false;
    for (let now = start + RAISE_EVERY_MS; inspect(state, limits, now).throttled; now += RAISE_EVERY_MS) {
      const told = tellAll(state, limits, { successes: 1 }, now);
      state = told.state;
      stale = told.snapshot.stale;
      seen.push(Math.round((rate(state, now) ?? 0) * 100) / 100);
    }
    expect(seen).toEqual([9, 10, 11, 12, 13, 14, 15, 16]);
    expect(stale).toBe(true);
    expect(rate(state, start + 100_000)).toBe(16);
  });

  it("permits sends no faster than the pace in use", () => {
    let state = notify(NEW_GATE, limits, refused(start), start);
    const sent: number[] = [];
    for (let i = 0; i < 40; i++) {
      const answer = ask(state, limits, { fresh: 5, entitled: 20, horizon_ms: 250 }, start + i * 250);
      state = answer.state;
      for (const grant of answer.response.grants) if (grant.kind === "go") sent.push(grant.at);
    }
    expect(sent.length).toBeGreaterThan(75);
    expect(excess(sent, 1, 125)).toBeLessThanOrEqual(1e-6);
  });

  it("has the observed rate as its ceiling if no pace is configured, with or without a concurrency limit", () => {
    for (const of of [OPEN, { ...OPEN, max_concurrency: 50 }]) {
      // A hundred sends in two seconds.
      let state = notify(NEW_GATE, of, { ...refused(start, 10), successes: 90, span_ms: 2_000 }, start);
      expect(rate(state, start, of)).toBeCloseTo(25, 0);
      expect(ask(state, of, { fresh: 10 }, start).response.grants.filter(({ kind }) => kind === "go")).toHaveLength(1);
      for (let i = 1; i <= 8; i++) state = notify(state, of, { successes: 1 }, start + i * RAISE_EVERY_MS);
      expect(rate(state, start + 60_000, of)).toBeNull();
      expect(ask(state, of, { fresh: 10 }, start + 60_000).response.grants.every(({ kind }) => kind === "go")).toBe(
        true,
      );
    }
  });

  it("does nothing while it is switched off", () => {
    const off = { ...limits, adaptive: false };
    expect(rate(notify(NEW_GATE, off, refused(start), start), start, off)).toBe(16);
    const cut = notify(NEW_GATE, limits, refused(start), start);
    expect(rate(cut, start, off)).toBe(16);
  });

  it("is never above the configured ceiling, and is back at it after enough successes [G4]", () => {
    const step = fc.record({
      waitMs: fc.oneof(fc.nat(300), fc.nat(9_000)),
      fresh: fc.nat(20),
      entitled: fc.nat(20),
      throttled: fc.nat(2),
      agoMs: fc.nat(8_000),
    });
    fc.assert(
      fc.property(
        fc.record({
          limit: fc.integer({ min: 1, max: 50 }),
          period_seconds: fc.constantFrom(1, 60),
          burst: fc.integer({ min: 1, max: 20 }),
        }),
        fc.array(step, { minLength: 5, maxLength: 40 }),
        (rate_limit, steps) => {
          const of = { ...OPEN, rate_limit };
          const ceiling = rate_limit.limit / rate_limit.period_seconds;
          let state = NEW_GATE;
          let now = start;
          const sent: number[] = [];
          for (const { waitMs, fresh, entitled, throttled, agoMs } of steps) {
            now += waitMs;
            const before = rate(state, now, of) ?? 0;
            state = notify(state, of, throttled === 0 ? { successes: 1 } : refused(now - agoMs, throttled), now);
            const after = rate(state, now, of) ?? 0;
            expect(after).toBeLessThanOrEqual(ceiling);
            // Half of an odd number is rounded down.
            if (after < before) expect(after).toBeGreaterThanOrEqual(before / 3.001);
            const answer = ask(state, of, { fresh, entitled, horizon_ms: 500 }, now);
            state = JSON.parse(JSON.stringify(answer.state)) as GateState;
            for (const grant of answer.response.grants) if (grant.kind === "go") sent.push(grant.until ?? grant.at);
          }
          expect(excess(sent, rate_limit.burst, 1_000 / ceiling)).toBeLessThanOrEqual(1e-6);
          for (let i = 0; i < 16; i++) state = notify(state, of, { successes: 1 }, (now += RAISE_EVERY_MS));
          expect(inspect(state, of, now)).toMatchObject({ throttled: false });
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
