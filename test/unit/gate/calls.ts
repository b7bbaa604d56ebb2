// Calls of a gate, with default values for what a test does not set.
import { acquire } from "../../../src/gate/acquire.ts";
import { report } from "../../../src/gate/report.ts";
import type { AcquireRequest, GateLimits, ReportRequest } from "../../../src/gate/protocol.ts";
import type { GateState } from "../../../src/gate/state.ts";

export const start = Date.UTC(2026, 10, 24);
export const OPEN: GateLimits = { rate_limit: null, max_concurrency: null, circuit: null, adaptive: true };

let serial = 0;
export const ask = (state: GateState, limits: GateLimits, request: Partial<AcquireRequest>, now: number) =>
  acquire(
    state,
    { limits, entitled: 0, fresh: 0, horizon_ms: 0, lease_ms: 30_000, ...request },
    now,
    `lease-${serial++}`,
  );

export const tellAll = (state: GateState, limits: GateLimits, given: Partial<ReportRequest>, now: number) =>
  report(
    state,
    {
      limits,
      lease_id: null,
      successes: 0,
      failures: 0,
      neutral: 0,
      trailing_failures: 0,
      unused: 0,
      throttled: 0,
      throttled_at: null,
      span_ms: 0,
      pause_until: null,
      mean_ms: null,
      ...given,
    },
    now,
  );

export const notify = (state: GateState, limits: GateLimits, given: Partial<ReportRequest>, now: number): GateState =>
  tellAll(state, limits, given, now).state;

/** The most sends in any window beyond burst + rate × its length; at most 0 if the pace is kept. */
export function excess(times: readonly number[], burst: number, intervalMs: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  // count(i..j) − (t_j − t_i)/T − burst is largest where a running minimum is: one pass instead of all pairs.
  let least = Infinity;
  let worst = -Infinity;
  sorted.forEach((time, index) => {
    const level = index - (time - start) / intervalMs;
    least = Math.min(least, level);
    worst = Math.max(worst, level - least + 1 - burst);
  });
  return worst;
}
