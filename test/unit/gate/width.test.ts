// A caller says how many sends it can have in flight and how long one takes: it gets permits for what it can start in time, and times for the rest.
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import type { GateLimits, Grant } from "../../../src/gate/protocol.ts";
import { NEW_GATE } from "../../../src/gate/state.ts";
import { ask, OPEN, start } from "./calls.ts";

const paced: GateLimits = { ...OPEN, rate_limit: { limit: 100, period_seconds: 1 } };
const six = { width: 6, horizon_ms: 1_000 };
const going = (grants: readonly Grant[]) => grants.flatMap((grant) => (grant.kind === "go" ? [grant] : []));
const waiting = (grants: readonly Grant[]) => grants.flatMap((grant) => (grant.kind === "defer" ? [grant] : []));

describe("a caller of six connections", () => {
  it("gets permits for what it can start in time and slots for the rest, in one call [G4] [G11]", () => {
    const { grants } = ask(NEW_GATE, paced, { ...six, fresh: 80, send_ms: 1_000 }, start).response;
    expect(going(grants)).toHaveLength(12);
    expect(waiting(grants)).toHaveLength(68);
    for (const { by, until } of waiting(grants)) {
      expect(by).toBe("pace");
      expect(until).toBeLessThan(start + 1_500);
    }
  });

  it("can start each permitted send within its permit [G4]", () => {
    fc.assert(
      fc.property(fc.nat(6), fc.integer({ min: 1, max: 3_000 }), fc.nat(60), (width, sendMs, fresh) => {
        const request = { horizon_ms: 3_000, width: width + 1, send_ms: sendMs, fresh };
        const { grants } = ask(NEW_GATE, paced, request, start).response;
        const free = Array.from({ length: width + 1 }, () => start);
        for (const { at, until } of going(grants)) {
          const startsAt = Math.max(at, Math.min(...free));
          expect(startsAt).toBeLessThanOrEqual(until ?? Infinity);
          free[free.indexOf(Math.min(...free))] = startsAt + sendMs;
        }
      }),
    );
  });

  it("whose answer takes a while gets no permit that expires before it arrives [G4]", () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 10, 1_000), fc.nat(10_000), fc.nat(10), (limit, delayMs, fresh) => {
        const limits: GateLimits = { ...OPEN, rate_limit: { limit, period_seconds: 1 } };
        const request = { ...six, delay_ms: delayMs, fresh: fresh + 1 };
        const permits = going(ask(NEW_GATE, limits, request, start).response.grants);
        expect(permits.length).toBeGreaterThan(0);
        for (const { until } of permits) expect(until).toBeGreaterThanOrEqual(start + delayMs);
      }),
    );
  });

  it("that does not know the duration of a send gets permits by the duration that others have reported", () => {
    const told = ask(NEW_GATE, paced, { ...six, fresh: 1, send_ms: 100 }, start).state;
    expect(going(ask(told, paced, { ...six, fresh: 60 }, start).response.grants)).toHaveLength(60);
    expect(going(ask(NEW_GATE, paced, { ...six, fresh: 60 }, start).response.grants)).toHaveLength(18);
  });

  it("leaves free places to other callers: deliveries it cannot start get times as far apart as places become free [G4]", () => {
    const limits: GateLimits = { ...OPEN, max_concurrency: 40 };
    const { response } = ask(NEW_GATE, limits, { ...six, fresh: 16, send_ms: 2_000 }, start);
    expect(going(response.grants)).toHaveLength(6);
    expect(response.lease?.width).toBe(6);
    // 40 places and sends of 2 s: one becomes free every 50 ms.
    expect(waiting(response.grants).map(({ until }) => until - start)).toEqual(
      Array.from({ length: 10 }, (_, index) => 350 + index * 50),
    );
  });

  it("is not asked to wait if nothing but its own width limits it", () => {
    const { grants } = ask(NEW_GATE, OPEN, { ...six, fresh: 50, send_ms: 10_000 }, start).response;
    expect(going(grants)).toHaveLength(50);
  });
});

describe("a caller of an older version, which does not say its width", () => {
  it("gets permits for all that the pace permits", () => {
    const { grants } = ask(NEW_GATE, paced, { fresh: 60 }, start).response;
    expect(going(grants).map(({ at }) => at)).toEqual(Array.from({ length: 60 }, () => start));
  });

  it("gets places for all of them, as far as there are any [G4]", () => {
    const { lease } = ask(NEW_GATE, { ...OPEN, max_concurrency: 10 }, { fresh: 60 }, start).response;
    expect(lease?.width).toBe(10);
  });
});
