import { describe, expect, it } from "vitest";
import { reschedule } from "../../../src/gate/reschedule.ts";
import type { GateLimits } from "../../../src/gate/protocol.ts";
import { NEW_GATE, type GateState } from "../../../src/gate/state.ts";
import { circuitSchema } from "../../../src/model/policies.ts";
import { ask, OPEN, start, notify, tellAll } from "./calls.ts";

const paced = (limit: number, period_seconds = 1): GateLimits => ({
  ...OPEN,
  rate_limit: { limit, period_seconds, burst: 1 },
});

/** A number of deliveries that wait under these limits. */
function waitingUnder(limits: GateLimits, count: number, from: GateState = NEW_GATE) {
  let state = from;
  const waiting: number[] = [];
  while (waiting.length < count) {
    const answer = ask(state, limits, { fresh: 100 }, start);
    state = answer.state;
    for (const grant of answer.response.grants) if (grant.kind === "defer") waiting.push(grant.until);
  }
  return { state, waiting: waiting.slice(0, count) };
}

const again = (state: GateState, limits: GateLimits, waiting: readonly number[], now: number) => {
  const times: number[] = [];
  let after = state;
  for (let i = 0; i < waiting.length; i += 500) {
    const part = waiting.slice(i, i + 500);
    const answer = reschedule(after, { limits, restart: i === 0, least_gain: 0, waiting: part }, now);
    after = answer.state;
    times.push(...answer.times.map((time, index) => time ?? part[index] ?? 0));
  }
  return { state: after, times };
};

describe("new times", () => {
  it("follow a raised pace at once, and each delivery is sent at its new time, not before [G4]", () => {
    const { state, waiting } = waitingUnder(paced(1), 1_000);
    const fast = paced(100);
    const now = start + 2_500;
    const moved = again(
      state,
      fast,
      waiting.filter((at) => at > now + 1_000),
      now,
    );
    expect(Math.min(...moved.times)).toBeLessThanOrEqual(now + 2_000);
    expect(Math.max(...moved.times)).toBeLessThanOrEqual(now + 11_000);
    let after = moved.state;
    for (const at of moved.times) {
      const answer = ask(after, fast, { entitled: 1 }, at);
      expect(answer.response.grants[0]?.kind).toBe("go");
      after = answer.state;
    }
  });

  it("change nothing when the pace was lowered, and reserve no slot for deliveries that keep their times", () => {
    const { state, waiting } = waitingUnder(paced(100), 1_000);
    const slow = paced(1);
    const { times } = reschedule(state, { limits: slow, restart: true, least_gain: 0, waiting }, start + 100);
    // Except for the few that gain a second.
    expect(times.filter((time) => time !== null).length).toBeLessThanOrEqual(10);
    const after = reschedule(state, { limits: slow, restart: true, least_gain: 0, waiting }, start + 100).state;
    const grant = ask(after, slow, { fresh: 1 }, start + 100).response.grants[0];
    expect(grant?.kind === "defer" ? grant.until : 0).toBeLessThan(start + 12_000);
  });

  it("are close together when the limit is gone, and follow the places when concurrency was raised", () => {
    const { state, waiting } = waitingUnder(paced(1), 1_000);
    const free = again(state, OPEN, waiting, start + 100);
    expect(Math.max(...free.times)).toBeLessThanOrEqual(start + 4_100);
    const narrow: GateLimits = { ...OPEN, max_concurrency: 1 };
    const lined = waitingUnder(narrow, 1_000, ask(NEW_GATE, narrow, { fresh: 1 }, start).state);
    expect(Math.max(...lined.waiting)).toBeGreaterThan(start + 490_000);
    const wide = again(lined.state, { ...OPEN, max_concurrency: 50 }, lined.waiting, start + 100);
    expect(Math.max(...wide.times)).toBeLessThanOrEqual(start + 12_000);
  });

  it("are after the opening of a circuit and after a Retry-After", () => {
    const limits: GateLimits = {
      ...paced(1),
      circuit: circuitSchema.parse({ failure_threshold: 1, open_seconds: 60 }),
    };
    const { state, waiting } = waitingUnder(limits, 500);
    const open = notify(state, limits, { failures: 1, trailing_failures: 1 }, start);
    const fast = { ...limits, ...paced(100), circuit: limits.circuit };
    const behind = again(
      open,
      fast,
      waiting.filter((at) => at > start + 60_000),
      start + 1,
    );
    expect(Math.min(...behind.times)).toBeGreaterThanOrEqual(start + 60_000);
    expect(Math.max(...behind.times)).toBeLessThanOrEqual(start + 66_000);
    const paused = notify(state, paced(1), { pause_until: start + 30_000 }, start);
    const later = again(
      paused,
      paced(100),
      waiting.filter((at) => at > start + 30_000),
      start + 1,
    );
    expect(Math.min(...later.times)).toBeGreaterThanOrEqual(start + 30_000);
  });

  it("without a change of limits move only deliveries that gain a good part of their wait", () => {
    const { state, waiting } = waitingUnder(paced(10), 10_000);
    const { times } = reschedule(state, { limits: paced(11), restart: true, least_gain: 1 / 8, waiting }, start);
    expect(times.filter((time) => time !== null).length).toBe(0);
    const much = reschedule(state, { limits: paced(20), restart: true, least_gain: 1 / 8, waiting }, start);
    expect(much.times.filter((time) => time !== null).length).toBeGreaterThan(9_900);
  });

  it("are given when places become free much more quickly than expected", () => {
    const limits: GateLimits = { ...OPEN, max_concurrency: 5 };
    let { state } = waitingUnder(limits, 2_000, ask(NEW_GATE, limits, { fresh: 5 }, start).state);
    let asked = 0;
    for (let i = 0; i < 30; i++) {
      const told = tellAll(state, limits, { successes: 5, mean_ms: 40 }, start + i * 100);
      state = told.state;
      if (told.snapshot.stale) asked += 1;
    }
    // Each time half of the wait is saved, not with every report.
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(4);
  });
});
