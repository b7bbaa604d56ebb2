import { describe, expect, it } from "vitest";
import { reschedule } from "../../../src/gate/reschedule.ts";
import type { GateLimits, Grant } from "../../../src/gate/protocol.ts";
import { fromStored, NEW_GATE, type GateState } from "../../../src/gate/state.ts";
import { DAY_MS, HOUR_MS } from "../../../src/kernel/durations.ts";
import { parkedTimes, parkedUntil } from "../../../src/model/parked.ts";
import { circuitSchema } from "../../../src/model/policies.ts";
import { ask, OPEN, start, notify } from "./calls.ts";

const limits: GateLimits = { ...OPEN, circuit: circuitSchema.parse({ failure_threshold: 1, open_seconds: 600 }) };
const opened = (of = limits): GateState => notify(NEW_GATE, of, { failures: 1, trailing_failures: 1 }, start);
const OPEN_MS = 600_000;

type Waiting = Extract<Grant, { kind: "defer" }>;
const waiting = (grants: readonly Grant[]): Waiting[] => grants.filter((grant) => grant.kind === "defer");

describe("deliveries behind an open circuit", () => {
  it("are parked for a day, but for three that come back when it permits a probe [G11]", () => {
    const { state, response } = ask(opened(), limits, { fresh: 1_000 }, start + 1);
    const all = waiting(response.grants);
    const probes = all.filter(({ parked }) => parked !== true);
    expect(all).toHaveLength(1_000);
    expect(probes.map(({ until }) => until - start)).toEqual([OPEN_MS, OPEN_MS + 20, OPEN_MS + 40]);
    expect(new Set(all.filter(({ parked }) => parked).map(({ until, by }) => `${by} ${until}`))).toEqual(
      new Set([`circuit ${parkedUntil(start + 1)}`]),
    );
    // However many come later.
    const later = waiting(ask(state, limits, { fresh: 100 }, start + 5_000).response.grants);
    expect(later.every(({ parked }) => parked)).toBe(true);
  });

  it("take turns as probes, however long each takes", () => {
    let state = opened();
    state = ask(state, limits, { fresh: 100 }, start + 1).state;
    let now = start + OPEN_MS;
    for (let opening = 0; opening < 3; opening++) {
      const probe = ask(state, limits, { fresh: 1 }, now);
      expect(probe.response.grants[0]?.kind).toBe("go");
      state = probe.state;
      // The two others ask again and again while the probe is under way.
      let at = now + 40;
      for (let time = 0; time < 5; time++) {
        const others = ask(state, limits, { fresh: 2 }, at);
        const grants = waiting(others.response.grants);
        expect(grants.map(({ parked }) => parked)).toEqual([undefined, undefined]);
        state = others.state;
        at = Math.max(...grants.map(({ until }) => until));
      }
      const lease_id = probe.response.lease?.id ?? null;
      state = notify(state, limits, { lease_id, failures: 1, trailing_failures: 1 }, at);
      const next = waiting(ask(state, limits, { fresh: 2 }, at + 1).response.grants);
      expect(next.map(({ parked }) => parked)).toEqual([undefined, undefined]);
      state = ask(state, limits, { fresh: 2 }, at + 1).state;
      now = Math.max(...next.map(({ until }) => until));
    }
  });

  it("reserve no slots of the pace: those go to what the circuit lets through", () => {
    const paced = { ...limits, rate_limit: { limit: 1, period_seconds: 1, burst: 1 } };
    const { state } = ask(opened(paced), paced, { fresh: 5_000 }, start + 1);
    const now = start + OPEN_MS + 10_000;
    const probe = ask(state, paced, { entitled: 1 }, now);
    const closed = notify(probe.state, paced, { lease_id: probe.response.lease?.id ?? null, successes: 1 }, now + 100);
    const [next] = ask(closed, paced, { fresh: 1, horizon_ms: 0 }, now + 2_000).response.grants;
    expect(next?.kind).toBe("go");
  });

  it("each get a slot once it has closed, and none before", () => {
    const paced = { ...limits, rate_limit: { limit: 1, period_seconds: 1, burst: 1 } };
    const at = parkedUntil(start);
    const request = { limits: paced, restart: false, least_gain: 0, parked: true as const };
    // Some of them later than their times.
    const parked = Array.from({ length: 100_000 }, () => at);
    const open = opened(paced);
    for (const now of [start + 1, start + OPEN_MS + 1])
      expect(new Set(reschedule(open, { ...request, waiting: parked }, now).times)).toEqual(new Set([null]));
    const { times, state } = reschedule(NEW_GATE, { ...request, waiting: parked }, start);
    expect(times.every((time, index) => time === start + index * 1_000)).toBe(true);
    const [next] = reschedule(state, { ...request, waiting: [at] }, start).times;
    expect(next).toBe(start + 100_000_000);
  });

  it("are parked by a gate whose state an older version stored", () => {
    const { probes: _, ...stored } = opened();
    const { response } = ask(fromStored(stored), limits, { fresh: 10 }, start + 1);
    expect(waiting(response.grants).filter(({ parked }) => parked)).toHaveLength(7);
  });
});

describe("the times of what is parked", () => {
  it("are one an hour, at least a day away, and listed until they are due", () => {
    for (let minute = 0; minute < 240; minute += 7) {
      const now = start + minute * 60_000;
      const until = parkedUntil(now);
      expect(until - now).toBeGreaterThanOrEqual(DAY_MS);
      expect(until - now).toBeLessThan(DAY_MS + HOUR_MS);
      for (const later of [now - HOUR_MS + 1, now, now + HOUR_MS, until - 1, until])
        expect(parkedTimes(later)).toContain(until);
      expect(parkedTimes(until + 1)).not.toContain(until);
    }
  });
});
