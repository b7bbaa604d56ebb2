// What must hold under stress, as scenarios and the bounds of their figures.
import { SECOND_MS } from "../../src/kernel/durations.ts";
import { scenario, type Scenario } from "./scenario.ts";
import { POLICY_ATTEMPTS } from "./measure.ts";
import type { Run } from "./simulate.ts";

interface Check {
  readonly what: string;
  readonly found: number;
  readonly holds: boolean;
}

export interface Row {
  readonly title: string;
  readonly scenario: Scenario;
  readonly judge: (run: Run) => readonly Check[];
}

const atMost = (what: string, found: number | null, bound: number): Check => ({
  what: `${what} ≤ ${bound}`,
  found: found ?? Infinity,
  holds: (found ?? Infinity) <= bound,
});

const atLeast = (what: string, found: number, bound: number): Check => ({
  what: `${what} ≥ ${bound}`,
  found,
  holds: found >= bound,
});

const isNone = (what: string, found: number): Check => ({ what: `no ${what}`, found, holds: found === 0 });

const figuresOf = ({ report }: Run, name: string) => {
  const found = report.destinations[name];
  if (found === undefined) throw new Error(`there is no destination ${name}`);
  return found;
};

/** Of what came in until so many seconds before the traffic's end, the share that was delivered by its end. */
const delivered = (
  { startedAt, trafficEndsAt, measureOf }: Run,
  names: readonly string[],
  beforeEndS: number,
): number =>
  Math.min(
    ...names.map((name) =>
      measureOf(name).shareDelivered(Math.max(startedAt, trafficEndsAt - beforeEndS * SECOND_MS), trafficEndsAt),
    ),
  );

const oneHealthy = (answer_ms: number): Row => ({
  title: `one healthy destination, 200/s, answers of ${answer_ms} ms`,
  scenario: scenario({
    name: `one healthy ${answer_ms} ms`,
    seconds: 60,
    extra_seconds: 60,
    destinations: [{ name: "healthy", answer_ms, rate_per_second: 200 }],
  }),
  judge: (run) => {
    const { accepted, first_try, lane_changes, p99_ms } = figuresOf(run, "healthy");
    return [
      isNone("second try", accepted - first_try),
      isNone("lane change", lane_changes),
      atMost("p99", p99_ms, answer_ms + 2_000),
    ];
  },
});

const healthyChecks = (run: Run): Check[] => {
  const { p50_ms, p99_ms, p99_after_30s_ms } = figuresOf(run, "healthy");
  return [
    atMost("p50", p50_ms, 1_200),
    atMost("p99 after 30 s", p99_after_30s_ms, 3_000),
    atMost("p99", p99_ms, 10_000),
  ];
};

const HEALTHY = { name: "healthy", answer_ms: 50, rate_per_second: 50 };
const others = (count: number, answer_ms: number): string[] =>
  Array.from({ length: count }, (_, index) => `takes-${answer_ms}-${index}`);

const besideSlow = (count: number, share: number): Row => ({
  title: `healthy 50 ms at 50/s beside ${count} that answer in 8 s, 5/s each`,
  scenario: scenario({
    name: `healthy beside ${count} slow`,
    seconds: 120,
    destinations: [HEALTHY, ...others(count, 8_000).map((name) => ({ name, answer_ms: 8_000, rate_per_second: 5 }))],
  }),
  judge: (run) => [...healthyChecks(run), atLeast("slow delivered", delivered(run, others(count, 8_000), 20), share)],
});

const besideTimeouts: Row = {
  title: "the same beside 10 that time out (15 s)",
  scenario: scenario({
    name: "healthy beside 10 timeouts",
    seconds: 120,
    destinations: [HEALTHY, ...others(10, 60_000).map((name) => ({ name, answer_ms: 60_000, rate_per_second: 5 }))],
  }),
  judge: healthyChecks,
};

const besideSlowGate: Row = {
  title: "a gate that takes 6 s beside an ungated one",
  scenario: scenario({
    name: "a gate that takes 6 s",
    seconds: 60,
    extra_seconds: 60,
    destinations: [
      HEALTHY,
      { name: "paced", answer_ms: 50, rate_per_second: 5, rate_limit: { limit: 100 }, gate_ms: 6_000 },
    ],
  }),
  judge: (run) => {
    const { accepted, delivered: done, worst_over_pace } = figuresOf(run, "paced");
    return [
      atMost("neighbour p99", figuresOf(run, "healthy").p99_ms, 2_500),
      isNone("webhook of its own undelivered", accepted - done),
      isNone("send beyond the pace", worst_over_pace),
    ];
  },
};

const paced = (
  limits: { readonly rate_limit?: { limit: number }; readonly max_concurrency?: number },
  rate_per_second: number,
  answer_ms: number,
): Row => {
  const limit =
    limits.rate_limit === undefined ? `concurrency of ${limits.max_concurrency}` : `pace ${limits.rate_limit.limit}/s`;
  const title = `${limit}, ${rate_per_second}/s in, answers of ${answer_ms} ms`;
  return {
    title,
    scenario: scenario({
      name: title,
      seconds: 120,
      extra_seconds: 60,
      destinations: [{ name: "limited", answer_ms, rate_per_second, ...limits }],
    }),
    judge: (run) => {
      const { deferrals_per_webhook, worst_over_pace } = figuresOf(run, "limited");
      return [
        atLeast("delivered", delivered(run, ["limited"], 3 + answer_ms / SECOND_MS), answer_ms >= 5_000 ? 0.9 : 0.95),
        atMost("deferrals", deferrals_per_webhook, answer_ms <= 100 ? 0.2 : 1.1),
        isNone("send beyond the pace", worst_over_pace),
        atMost("under way", run.measureOf("limited").mostUnderWay, limits.max_concurrency ?? Infinity),
      ];
    },
  };
};

const BACKLOG = 100_000;
const longBacklog: Row = {
  title: "pace 10/s, 100,000 waiting",
  scenario: scenario({
    name: "100,000 waiting at 10/s",
    seconds: 100,
    extra_seconds: 10_200,
    destinations: [{ name: "limited", answer_ms: 100, rate_per_second: BACKLOG / 100, rate_limit: { limit: 10 } }],
  }),
  judge: (run) => {
    const { deferrals_per_webhook, worst_over_pace, accepted, delivered: done } = figuresOf(run, "limited");
    const { sentAt } = run.measureOf("limited");
    const tookS = ((sentAt.at(-1) ?? 0) - (sentAt[0] ?? 0)) / SECOND_MS;
    return [
      isNone("webhook undelivered", accepted - done),
      atMost("deferrals", deferrals_per_webhook, 1),
      atLeast("a second", Math.round((100 * done) / tookS) / 100, 9.9),
      isNone("send beyond the pace", worst_over_pace),
    ];
  },
};

/** How long after an instant the last webhook was delivered. Seconds. */
const lastDeliveredAfterS = ({ startedAt, measureOf }: Run, name: string, fromS: number): number =>
  Math.max(...measureOf(name).webhooks.map(({ deliveredAt }) => (deliveredAt ?? Infinity) - startedAt)) / SECOND_MS -
  fromS;

const DOWN_S = 6 * 3_600;
const down = (title: string, rate_limit?: { limit: number }): Row => ({
  title: `a destination down for 6 h at 5/s, ${title}`,
  scenario: scenario({
    name: `down for 6 h, ${title}`,
    seconds: 60 + DOWN_S,
    extra_seconds: 6 * 3_600,
    destinations: [
      { name: "down", answer_ms: 50, rate_per_second: 5, down: { from_s: 60, to_s: 60 + DOWN_S }, rate_limit },
      { ...HEALTHY, rate_per_second: 5 },
    ],
  }),
  judge: (run) => {
    const { accepted, delivered: done, deferrals_per_webhook, attempts, worst_over_pace } = figuresOf(run, "down");
    return [
      isNone("webhook undelivered", accepted - done),
      atMost("deferrals", deferrals_per_webhook, 1.2),
      atMost("attempts besides", attempts - accepted, 1_000),
      // A probe waits for the circuit's next opening, ten minutes at most.
      atMost(
        "delivered after",
        lastDeliveredAfterS(run, "down", 60 + DOWN_S),
        rate_limit === undefined ? 1_200 : 12_000,
      ),
      isNone("send beyond the pace", worst_over_pace),
      atMost("neighbour p99", figuresOf(run, "healthy").p99_ms, 2_500),
    ];
  },
});

const GATE_AWAY_S = 1_800;
const gateAway: Row = {
  title: "a gate away for half an hour",
  scenario: scenario({
    name: "gate away for half an hour",
    seconds: 60 + GATE_AWAY_S,
    extra_seconds: 1_200,
    destinations: [{ name: "limited", answer_ms: 50, rate_per_second: 5, rate_limit: { limit: 20 } }],
    outages: [{ part: "gate", from_s: 60, to_s: 60 + GATE_AWAY_S }],
  }),
  judge: (run) => {
    const { accepted, delivered: done, worst_over_pace } = figuresOf(run, "limited");
    const most = Math.max(...run.measureOf("limited").webhooks.map(({ deferrals }) => deferrals));
    return [
      isNone("webhook undelivered", accepted - done),
      atMost("deferrals of one", most, 30),
      atMost("delivered after", lastDeliveredAfterS(run, "limited", 60 + GATE_AWAY_S), 900),
      isNone("send beyond the pace", worst_over_pace),
    ];
  },
};

const d1AndR2Away: Row = {
  title: "D1 and R2 away 1 h at 20/s",
  scenario: scenario({
    name: "D1 and R2 away",
    seconds: 3_720,
    extra_seconds: 3_600,
    destinations: [
      { name: "healthy", answer_ms: 50, rate_per_second: 19 },
      { name: "failing", answer_ms: 50, rate_per_second: 1, status: 500 },
    ],
    outages: (["d1", "r2"] as const).map((part) => ({ part, from_s: 61, to_s: 3_661 })),
  }),
  judge: (run) => {
    const { lost, ended_by_fault, recorded_after_s } = run.report;
    return [
      isNone("webhook lost", lost),
      isNone("delivery ended by it", ended_by_fault),
      // As many once more: nothing says that they were made.
      atMost("requests over policy", figuresOf(run, "failing").attempts_over_policy, POLICY_ATTEMPTS),
      atMost("recorded after", recorded_after_s, 900),
    ];
  },
};

/** It ends just after a sweep, so that the next one is a minute away. */
const d1Away = (label: string, outageS: number): Row => ({
  title: `D1 away ${label} at 20/s with retries under way`,
  scenario: scenario({
    name: `D1 away ${label}`,
    seconds: outageS + 120,
    extra_seconds: 3_600,
    destinations: [
      { name: "healthy", answer_ms: 50, rate_per_second: 19 },
      { name: "failing", answer_ms: 50, rate_per_second: 1, status: 500 },
    ],
    outages: [{ part: "d1", from_s: 61, to_s: 61 + outageS }],
  }),
  judge: (run) => {
    const { lost, ended_by_fault, recorded_after_s, late_transactions } = run.report;
    return [
      isNone("webhook lost", lost),
      isNone("delivery ended by it", ended_by_fault),
      atMost("requests over policy", figuresOf(run, "failing").attempts_over_policy, 1),
      atMost("recorded after", recorded_after_s, 120 * Math.ceil(outageS / 3_600)),
      // 7,000 for 600,000 webhooks.
      atMost("transactions", late_transactions, (20 * outageS * 7_000) / 600_000),
    ];
  },
});

export const MUST_HOLD: readonly Row[] = [
  ...[150, 500, 1_000].map(oneHealthy),
  ...[1, 3, 6, 10].map((count) => besideSlow(count, 0.9)),
  besideSlow(20, 0.75),
  besideTimeouts,
  besideSlowGate,
  ...[100, 190, 1_000, 2_000, 5_000].map((answerMs) => paced({ rate_limit: { limit: 100 } }, 80, answerMs)),
  paced({ rate_limit: { limit: 300 } }, 240, 190),
  paced({ rate_limit: { limit: 1 } }, 0.8, 50),
  paced({ rate_limit: { limit: 20 } }, 16, 2_000),
  paced({ max_concurrency: 40 }, 16, 2_000),
  longBacklog,
  down("without a pace"),
  down("pace 20/s", { limit: 20 }),
  gateAway,
  d1Away("4 min", 240),
  d1Away("1 h", 3_600),
  d1Away("6 h", 6 * 3_600),
  d1AndR2Away,
];
