import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { inspect } from "../../../src/gate/snapshot.ts";
import { NEW_GATE, type GateState } from "../../../src/gate/state.ts";
import { ask, excess, OPEN, start, notify } from "./calls.ts";
import { circuitSchema } from "../../../src/model/policies.ts";
import type { GateLimits } from "../../../src/gate/protocol.ts";

describe("pace", () => {
  it("is never exceeded in any window, whatever is asked and whenever deliveries come back [G4]", () => {
    const step = fc.record({
      waitMs: fc.oneof(fc.nat(50), fc.nat(3_000), fc.nat(60_000)),
      fresh: fc.nat(30),
      back: fc.nat(40),
      horizonMs: fc.constantFrom(0, 500, 1_500),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(1, 7, 60),
        fc.integer({ min: 1, max: 30 }),
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (limit, period_seconds, burst, steps, lateness) => {
          const limits: GateLimits = { ...OPEN, rate_limit: { limit, period_seconds, burst } };
          let state = NEW_GATE;
          let now = start;
          let waiting: number[] = [];
          const sent: number[] = [];
          for (const { waitMs, fresh, back, horizonMs } of steps) {
            now += waitMs;
            const due = waiting.filter((slot) => slot <= now).slice(0, back);
            waiting = waiting.filter((slot) => !due.includes(slot));
            const answer = ask(state, limits, { entitled: due.length, fresh, horizon_ms: horizonMs }, now);
            state = answer.state;
            for (const grant of answer.response.grants) {
              // A send starts at any time within its permit.
              if (grant.kind === "go")
                sent.push(grant.at + lateness.next().value * ((grant.until ?? grant.at) - grant.at));
              else waiting.push(grant.until);
            }
          }
          expect(excess(sent, burst, (period_seconds * 1000) / limit)).toBeLessThanOrEqual(1e-6);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it("of 10 a second permits 500 waiting events in time, each deferred at most twice [G4]", () => {
    const limits: GateLimits = { ...OPEN, rate_limit: { limit: 10, period_seconds: 1 } };
    let state = NEW_GATE;
    const sent: number[] = [];
    const queue = Array.from({ length: 500 }, () => ({ at: start, slot: null as number | null, deferrals: 0 }));
    let now = start;
    while (queue.length > 0) {
      // The queue delays by whole seconds and delivers 100 at a time.
      const batch = queue.filter((item) => item.at <= now).slice(0, 100);
      for (const item of batch) queue.splice(queue.indexOf(item), 1);
      const line = [...batch.filter((item) => item.slot !== null), ...batch.filter((item) => item.slot === null)];
      const entitled = line.filter((item) => item.slot !== null).length;
      const answer = ask(state, limits, { entitled, fresh: line.length - entitled, horizon_ms: 1_500 }, now);
      state = answer.state;
      line.forEach((item, index) => {
        const grant = answer.response.grants[index];
        if (grant?.kind === "go") sent.push(grant.at);
        else if (grant?.kind === "defer") {
          expect(item.deferrals).toBeLessThan(2);
          queue.push({
            at: now + Math.ceil((grant.until - now) / 1000) * 1000,
            slot: grant.until,
            deferrals: item.deferrals + 1,
          });
        }
      });
      now += 1_000;
    }
    expect(sent).toHaveLength(500);
    expect(excess(sent, 10, 100)).toBeLessThanOrEqual(1e-6);
    expect(Math.max(...sent) - start).toBeLessThan(55_000);
  });

  it("defers each of 100,000 waiting deliveries once", () => {
    const limits: GateLimits = { ...OPEN, rate_limit: { limit: 10, period_seconds: 1, burst: 1 } };
    let state = NEW_GATE;
    const slots: number[] = [];
    for (let i = 0; i < 1_000; i++) {
      const answer = ask(state, limits, { fresh: 100 }, start);
      state = answer.state;
      for (const grant of answer.response.grants) if (grant.kind === "defer") slots.push(grant.until);
    }
    expect(slots).toHaveLength(99_999);
    let again = 0;
    for (const slot of slots) {
      const answer = ask(state, limits, { entitled: 1 }, slot);
      state = answer.state;
      if (answer.response.grants[0]?.kind !== "go") again += 1;
    }
    expect(again).toBe(0);
  });
});

describe("concurrency", () => {
  it("is never exceeded, even if holders never report [G4]", () => {
    const step = fc.record({
      waitMs: fc.nat(20_000),
      fresh: fc.nat(12),
      release: fc.boolean(),
      leaseMs: fc.integer({ min: 1, max: 40_000 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 40 }), (max, steps) => {
        const limits: GateLimits = { ...OPEN, max_concurrency: max };
        let state = NEW_GATE;
        let now = start;
        let held: { id: string; width: number; until: number }[] = [];
        for (const { waitMs, fresh, release, leaseMs } of steps) {
          now += waitMs;
          const done = release ? held.shift() : undefined;
          if (done !== undefined) state = notify(state, limits, { lease_id: done.id }, now);
          held = held.filter((lease) => lease.until > now);
          const answer = ask(state, limits, { fresh, lease_ms: leaseMs }, now);
          state = answer.state;
          const { lease, grants } = answer.response;
          if (lease !== null) held.push({ ...lease, until: now + leaseMs });
          expect(grants.some((grant) => grant.kind === "go")).toBe(lease !== null);
          expect(held.reduce((sum, one) => sum + one.width, 0)).toBeLessThanOrEqual(max);
        }
      }),
    );
  });

  it("defers deliveries without a place by a second or more, and not all to the same time", () => {
    const limits: GateLimits = { ...OPEN, max_concurrency: 1 };
    const first = ask(NEW_GATE, limits, { fresh: 1 }, start);
    const second = ask(first.state, limits, { fresh: 5 }, start);
    const times = second.response.grants.map((grant) =>
      grant.kind === "defer" && grant.by === "concurrency" ? grant.until : 0,
    );
    expect(Math.min(...times)).toBeGreaterThanOrEqual(start + 1_000);
    expect(new Set(times).size).toBeGreaterThan(1);
  });
});

describe("the circuit", () => {
  const limits: GateLimits = {
    ...OPEN,
    circuit: circuitSchema.parse({ failure_threshold: 3, open_seconds: 10, max_open_seconds: 25 }),
  };
  const failed = (state: GateState, count: number, now: number): GateState =>
    notify(state, limits, { failures: count, trailing_failures: count }, now);
  const kinds = (answer: ReturnType<typeof ask>): string[] =>
    answer.response.grants.map((grant) => (grant.kind === "go" ? "go" : grant.by));

  it("opens after a number of failures in a row; a success in between restarts the count", () => {
    let state = failed(NEW_GATE, 2, start);
    expect(inspect(state, limits, start).circuit).toBe("closed");
    state = notify(state, limits, { successes: 1, failures: 1, trailing_failures: 1 }, start);
    state = failed(state, 1, start);
    expect(inspect(state, limits, start)).toMatchObject({ circuit: "closed", consecutive_failures: 2 });
    state = failed(state, 1, start);
    expect(inspect(state, limits, start)).toMatchObject({ circuit: "open", open_until: start + 10_000 });
  });

  it("defers everything while open, spread over the time after it", () => {
    const answer = ask(failed(NEW_GATE, 3, start), limits, { fresh: 3 }, start + 1);
    expect(kinds(answer)).toEqual(["circuit", "circuit", "circuit"]);
    const times = answer.response.grants.map((grant) => (grant.kind === "defer" ? grant.until : 0));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(start + 10_000);
    expect(new Set(times).size).toBe(3);
  });

  it("permits one probe when half-open, and no second one meanwhile", () => {
    const now = start + 10_000;
    const first = ask(failed(NEW_GATE, 3, start), limits, { fresh: 3 }, now);
    expect(kinds(first)).toEqual(["go", "circuit", "circuit"]);
    expect(first.response.lease?.width).toBe(1);
    expect(kinds(ask(first.state, limits, { fresh: 2 }, now + 1))).toEqual(["circuit", "circuit"]);
    expect(kinds(ask(first.state, limits, { fresh: 1 }, now + 30_001))).toEqual(["go"]);
  });

  it("closes when the probe succeeds, and opens for longer, up to a cap, when it fails", () => {
    let now = start + 10_000;
    let probe = ask(failed(NEW_GATE, 3, start), limits, { fresh: 1 }, now);
    const closed = notify(probe.state, limits, { lease_id: probe.response.lease?.id ?? "", successes: 1 }, now);
    expect(inspect(closed, limits, now)).toMatchObject({ circuit: "closed", consecutive_failures: 0 });
    for (const openMs of [20_000, 25_000, 25_000]) {
      const state = notify(
        probe.state,
        limits,
        { lease_id: probe.response.lease?.id ?? "", failures: 1, trailing_failures: 1 },
        now,
      );
      expect(inspect(state, limits, now).open_until).toBe(now + openMs);
      now += openMs;
      probe = ask(state, limits, { fresh: 1 }, now);
      expect(kinds(probe)).toEqual(["go"]);
    }
  });

  it("ignores reports of sends that began before it opened", () => {
    const state = failed(NEW_GATE, 3, start);
    expect(inspect(notify(state, limits, { successes: 5 }, start + 1), limits, start + 1)).toMatchObject({
      circuit: "open",
    });
    expect(inspect(failed(state, 9, start + 1), limits, start + 1).open_until).toBe(start + 10_000);
  });

  it("never opens without a policy", () => {
    const state = notify(NEW_GATE, OPEN, { failures: 1_000, trailing_failures: 1_000 }, start);
    expect(inspect(state, OPEN, start).circuit).toBe("closed");
  });
});

describe("a Retry-After", () => {
  it("pauses the whole destination until then, and a shorter one does not shorten it", () => {
    let state = notify(NEW_GATE, OPEN, { failures: 1, trailing_failures: 1, pause_until: start + 60_000 }, start);
    state = notify(state, OPEN, { pause_until: start + 5_000 }, start);
    const answer = ask(state, OPEN, { fresh: 2 }, start + 10_000);
    for (const grant of answer.response.grants) {
      expect(grant).toMatchObject({ kind: "defer", by: "retry_after" });
      expect(grant.kind === "defer" ? grant.until : 0).toBeGreaterThanOrEqual(start + 60_000);
    }
    expect(ask(answer.state, OPEN, { fresh: 1 }, start + 60_000).response.grants[0]?.kind).toBe("go");
  });
});
