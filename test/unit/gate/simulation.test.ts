// Many consumers with one gate: batches of any size, any latency, consumers that die with permits and places, changing limits, answers that
// throttle. No window may contain too many sends, and not too many may be in flight.
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import type { GateLimits } from "../../../src/gate/protocol.ts";
import { reschedule } from "../../../src/gate/reschedule.ts";
import { NEW_GATE, type GateState } from "../../../src/gate/state.ts";
import { circuitSchema, type RateLimit } from "../../../src/model/policies.ts";
import { randomOf } from "../../simulation/seeded.ts";
import { ask, excess, OPEN, start, notify } from "./calls.ts";

interface Run {
  /** Sends by the rate that permitted them. */
  readonly sent: Map<RateLimit, number[]>;
  /** How many more sends than permitted were in flight when places were given, at worst. */
  readonly crowd: number;
  readonly sends: number;
}

interface Holder {
  readonly lease: string | null;
  /** When it reports to the gate; a dead consumer never does. */
  readonly reportsAt: number;
  readonly sends: readonly (readonly [from: number, to: number])[];
  readonly outcome: object;
}

function simulate(seed: number, steps: number): Run {
  const random = randomOf(seed);
  const int = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  const pick = <T>(list: readonly T[]): T => list[int(0, list.length - 1)] as T;
  const anyRate = (): RateLimit => ({
    limit: int(1, 60),
    period_seconds: pick([1, 1, 7, 60, 86_400]),
    burst: int(1, 25),
  });
  const anyLimits = (): GateLimits => ({
    ...OPEN,
    rate_limit: random() < 0.9 ? anyRate() : null,
    max_concurrency: random() < 0.6 ? int(1, 12) : null,
    circuit:
      random() < 0.5
        ? circuitSchema.parse({ failure_threshold: int(2, 30), failure_rate: 0.7, open_seconds: 5 })
        : null,
    adaptive: random() < 0.8,
  });
  let limits = anyLimits();
  let state = NEW_GATE;
  let now = start;
  let waiting: number[] = [];
  let holders: Holder[] = [];
  const sent = new Map<RateLimit, number[]>();
  let crowd = -Infinity;
  let sends = 0;
  for (let step = 0; step < steps; step++) {
    now += pick([0, int(0, 30), int(0, 700), int(0, 5_000), int(0, 40_000)]);
    const { max_concurrency } = limits;
    for (const holder of holders.filter(({ reportsAt }) => reportsAt <= now))
      state = notify(state, limits, { lease_id: holder.lease, ...holder.outcome }, now);
    holders = holders.filter(({ reportsAt, sends: theirs }) => reportsAt > now && theirs.some(([, to]) => to > now));
    if (random() < 0.08) {
      // Sends that began without a limit have no places.
      limits = { ...anyLimits(), max_concurrency: max_concurrency === null ? null : int(1, 12) };
      waiting.sort((a, b) => a - b);
      const answer = reschedule(state, { limits, restart: true, least_gain: 0, waiting }, now);
      state = answer.state;
      waiting = waiting.map((at, index) => answer.times[index] ?? at);
    }
    const due = waiting.filter((at) => at <= now).slice(0, int(0, 40));
    for (const at of due) waiting.splice(waiting.indexOf(at), 1);
    const horizon_ms = pick([0, 500, 1_500, 5_000]);
    const lease_ms = int(2_000, 20_000);
    // An older caller does not say how many connections it has or how long a send takes.
    const connections = random() < 0.3 ? null : int(1, 8);
    const told = connections === null ? {} : { width: connections, send_ms: random() < 0.5 ? null : int(1, 5_000) };
    const answer = ask(state, limits, { entitled: due.length, fresh: int(0, 30), horizon_ms, lease_ms, ...told }, now);
    // As it comes back from storage.
    state = step % 4 === 0 ? (JSON.parse(JSON.stringify(answer.state)) as GateState) : answer.state;
    const { lease, grants } = answer.response;
    for (const grant of grants) if (grant.kind === "defer") waiting.push(grant.until);
    const going = grants.flatMap((grant) => (grant.kind === "go" ? [grant] : []));
    if (going.length === 0) continue;
    const dies = random() < 0.15;
    const width = Math.min(lease?.width ?? Infinity, connections ?? going.length);
    const times = limits.rate_limit === null ? [] : (sent.get(limits.rate_limit) ?? []);
    if (limits.rate_limit !== null) sent.set(limits.rate_limit, times);
    // At most as many in parallel as the lease allows, each as late as its permit allows, all over before the lease ends.
    const free = Array.from({ length: width }, () => now);
    const mine: [number, number][] = [];
    for (const { at, until } of going) {
      const place = free.indexOf(Math.min(...free));
      const startsAt = Math.max(free[place] ?? now, at + random() * ((until ?? at) - at));
      const endsAt = startsAt + int(1, 1_500);
      if ((until !== null && startsAt > until) || endsAt > now + lease_ms) continue;
      free[place] = endsAt;
      mine.push([startsAt, endsAt]);
      times.push(startsAt);
      sends += 1;
    }
    const failures = random() < 0.3 ? mine.length : 0;
    const throttled = random() < 0.2 ? failures : 0;
    holders.push({
      lease: lease?.id ?? null,
      reportsAt: dies ? Infinity : Math.max(now, ...mine.map(([, to]) => to)),
      sends: mine,
      outcome: {
        successes: mine.length - failures,
        failures,
        trailing_failures: failures,
        throttled,
        throttled_at: throttled === 0 ? null : now,
        span_ms: Math.max(now, ...mine.map(([, to]) => to)) - now,
        mean_ms: mine.length === 0 ? null : 500,
      },
    });
    if (limits.max_concurrency !== null)
      crowd = Math.max(
        crowd,
        mostAtOnce(
          holders.flatMap((holder) => holder.sends),
          now,
        ) - limits.max_concurrency,
      );
  }
  return { sent, crowd, sends };
}

/** The most of these sends in flight at once from `now` on. */
function mostAtOnce(sends: Holder["sends"], now: number): number {
  const edges = sends
    .filter(([, to]) => to > now)
    .flatMap(([from, to]) => [[Math.max(now, from), 1] as const, [to, -1] as const])
    .sort(([a, up], [b, down]) => a - b || up - down);
  let open = 0;
  let most = 0;
  for (const [, change] of edges) most = Math.max(most, (open += change));
  return most;
}

describe("a gate with many consumers", () => {
  it("keeps every window within burst + rate × time, and the sends in flight within the limit, in 10,000 random runs [G4]", () => {
    let sends = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const run = simulate(seed, 40);
        sends += run.sends;
        for (const [rate, times] of run.sent)
          expect(excess(times, rate.burst ?? 1, (rate.period_seconds * 1_000) / rate.limit)).toBeLessThanOrEqual(1e-6);
        expect(run.crowd).toBeLessThanOrEqual(0);
      }),
      { numRuns: 10_000 },
    );
    // The runs have really sent something.
    expect(sends).toBeGreaterThan(500_000);
  });
});
