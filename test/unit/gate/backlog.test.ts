// 100,000 waiting deliveries on a simulated clock: each is deferred once, not polled.
import { describe, expect, it } from "vitest";
import type { GateLimits } from "../../../src/gate/protocol.ts";
import { reschedule } from "../../../src/gate/reschedule.ts";
import { NEW_GATE, type GateState } from "../../../src/gate/state.ts";
import { circuitSchema } from "../../../src/model/policies.ts";
import { ask, excess, OPEN, start, notify } from "./calls.ts";

const COUNT = 100_000;

/** A queue that delivers what is due each second, 100 messages at a time, and the sends that follow. */
function workOff(limits: GateLimits, before: GateState, sendMs: number) {
  let state = before;
  const sent: number[] = [];
  const deferrals = new Map<number, number>();
  const buckets = new Map<number, number[]>();
  let parked: number[] = [];
  /** Once the circuit has closed. */
  const release = (now: number): void => {
    const waiting = parked.map(() => now);
    const { times, state: after } = reschedule(
      state,
      { limits, restart: false, least_gain: 0, waiting, parked: true },
      now,
    );
    state = after;
    parked.forEach((id, index) => void (times[index] != null && put(id, times[index])));
    parked = parked.filter((_, index) => times[index] == null);
  };
  const put = (id: number, at: number): void => {
    const second = Math.ceil((at - start) / 1_000);
    const bucket = buckets.get(second);
    if (bucket === undefined) buckets.set(second, [id]);
    else bucket.push(id);
  };
  let reports: { readonly id: string; readonly width: number; readonly at: number }[] = [];
  const settle = (now: number): void => {
    for (const { id, width, at } of reports.filter((report) => report.at <= now))
      state = notify(state, limits, { lease_id: id, successes: width, mean_ms: sendMs }, at);
    reports = reports.filter((report) => report.at > now);
  };
  const turn = (ids: readonly number[], entitled: boolean, now: number): void => {
    settle(now);
    const group = entitled ? { entitled: ids.length } : { fresh: ids.length };
    const { state: after, response } = ask(state, limits, { ...group, horizon_ms: 1_500 }, now);
    state = after;
    const going: number[] = [];
    response.grants.forEach((grant, index) => {
      const id = ids[index] ?? -1;
      if (grant.kind === "go") going.push(grant.at);
      else {
        deferrals.set(id, (deferrals.get(id) ?? 0) + 1);
        if (grant.parked === true) parked.push(id);
        else put(id, grant.until);
      }
    });
    sent.push(...going);
    const { lease } = response;
    // As many at a time as the lease allows.
    if (lease !== null)
      reports.push({ ...lease, at: Math.max(...going) + Math.ceil(going.length / lease.width) * sendMs });
  };
  for (let id = 0; id < COUNT; id += 100)
    turn(
      Array.from({ length: 100 }, (_, index) => id + index),
      false,
      start,
    );
  for (let second = 0; buckets.size + parked.length > 0 && second < 200_000; second++) {
    // First, as it gives some of them this very second.
    settle(start + second * 1_000);
    if (parked.length > 0) release(start + second * 1_000);
    const ids = buckets.get(second) ?? [];
    buckets.delete(second);
    for (let i = 0; i < ids.length; i += 100) turn(ids.slice(i, i + 100), true, start + second * 1_000);
  }
  const counts = [...deferrals.values()];
  return {
    sent,
    most: Math.max(...counts),
    total: counts.reduce((sum, count) => sum + count, 0),
    lastMs: Math.max(...sent) - start,
  };
}

describe("100,000 waiting deliveries", () => {
  const paced: GateLimits = { ...OPEN, rate_limit: { limit: 10, period_seconds: 1 } };

  it.each([
    ["at 10 a second", paced],
    ["at 10 a second with five places", { ...paced, max_concurrency: 5 }],
  ])("%s are deferred once each, and sent at that pace [G4] [G11]", (_name, limits) => {
    const run = workOff(limits, NEW_GATE, 100);
    expect(run.sent).toHaveLength(COUNT);
    expect(run.total).toBeLessThanOrEqual(COUNT);
    expect(run.most).toBe(1);
    expect(excess(run.sent, 10, 100)).toBeLessThanOrEqual(1e-6);
    expect(run.lastMs).toBeLessThan(10_010_000);
  });

  it("behind an open circuit are deferred once each, and sent at their pace afterwards [G4] [G11]", () => {
    const limits = { ...paced, circuit: circuitSchema.parse({ failure_threshold: 1, open_seconds: 600 }) };
    const open = notify(NEW_GATE, limits, { failures: 1, trailing_failures: 1 }, start);
    const run = workOff(limits, open, 100);
    expect(run.sent).toHaveLength(COUNT);
    expect(Math.min(...run.sent)).toBeGreaterThanOrEqual(start + 600_000);
    // Deliveries that come during the probe wait for its result.
    expect(run.total).toBeLessThanOrEqual(COUNT + 100);
    expect(excess(run.sent, 10, 100)).toBeLessThanOrEqual(1e-6);
  });

  it("with only five places, all always taken, are deferred twice each on average [G4] [G11]", () => {
    const run = workOff({ ...OPEN, max_concurrency: 5 }, NEW_GATE, 500);
    expect(run.sent).toHaveLength(COUNT);
    expect(run.total).toBeLessThan(2.2 * COUNT);
    expect(run.most).toBeLessThan(25);
    // Five at a time, half a second each, and a tenth more for coming back.
    expect(run.lastMs).toBeLessThan(1.1 * (COUNT / 10) * 1_000);
  });
});
