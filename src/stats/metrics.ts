// The metric families of a deployment, from its totals and its current state. Pure.
import { addCounts, countsByType, toHistogram, type Counts } from "./counts.ts";
import type { Family, HistogramSample, Labels, Sample } from "./exposition.ts";
import { upperMs } from "./histogram.ts";

/** Sums since the beginning. Sources and destinations have the names that are used as labels. */
export interface Total {
  readonly source: string;
  /** Null for counts per event. */
  readonly destination: string | null;
  readonly counts: Counts;
}

export interface Measured {
  readonly totals: readonly Total[];
  readonly queues: readonly {
    readonly name: string;
    readonly backlog_count: number | null;
    readonly backlog_bytes: number | null;
    readonly oldest_at: number | null;
  }[];
  readonly destinations: readonly { readonly name: string; readonly circuit: string; readonly dead: number }[];
  readonly databaseBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const CIRCUITS = ["closed", "open", "half_open"];
/** Bounds of the histograms: powers of four from 4 ms to 12 days. Each is the end of one of the stored buckets. */
const BOUNDS = Array.from({ length: 15 }, (_, i) => 8 * (i + 1));
const MS = 1_000;

export function metricFamilies({ totals, queues, destinations, databaseBytes, now }: Measured): Family[] {
  const sources = grouped(
    totals.filter(({ destination }) => destination === null),
    ({ source }) => source,
  );
  const targets = grouped(
    totals.filter(({ destination }) => destination !== null),
    ({ destination }) => destination ?? "",
  );
  const per = (
    groups: ReadonlyMap<string, Counts>,
    label: string,
    name: string,
    extra: Labels = {},
    value = (counts: Counts): number => counts[name] ?? 0,
  ): Sample[] => [...groups].map(([group, counts]) => ({ labels: { [label]: group, ...extra }, value: value(counts) }));
  const bySource = (name: string): Sample[] => per(sources, "source", name);
  const byTarget = (name: string, extra: Labels = {}): Sample[] => per(targets, "destination", name, extra);
  const queue = (value: (one: Measured["queues"][number]) => number | null): Sample[] =>
    queues.flatMap((one) => {
      const found = value(one);
      return found === null ? [] : [{ labels: { queue: one.name }, value: found }];
    });
  const counter = (name: string, help: string, samples: Sample[]): Family => ({ name, help, type: "counter", samples });
  const gauge = (name: string, help: string, samples: Sample[]): Family => ({ name, help, type: "gauge", samples });
  const histogram = (name: string, help: string, kind: "a" | "l"): Family => ({
    name,
    help,
    type: "histogram",
    samples: [...targets].map(([destination, counts]) => histogramSample({ destination }, counts, kind)),
  });
  return [
    counter(
      "sluice_events_accepted_total",
      "Events recorded, including duplicates and ignored ones.",
      bySource("accepted"),
    ),
    counter(
      "sluice_events_by_type_total",
      "Events recorded that have a type, by type. Types beyond the first 50 of a source, and long ones, are counted together.",
      [...sources].flatMap(([source, counts]) =>
        [...countsByType(counts)]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([type, value]) => ({ labels: { source, type }, value })),
      ),
    ),
    counter("sluice_events_duplicate_total", "Duplicate events.", bySource("duplicate")),
    counter("sluice_events_ignored_total", "Events that no connection matched.", bySource("ignored")),
    counter("sluice_requests_rejected_total", "Requests that ingest refused.", bySource("rejected")),
    counter("sluice_received_bytes_total", "Bytes of accepted bodies.", bySource("bytes_in")),
    counter("sluice_deliveries_created_total", "Deliveries created for events.", byTarget("made")),
    counter(
      "sluice_deliveries_finished_total",
      "Deliveries that ended, by outcome.",
      ["delivered", "dead", "cancelled"].flatMap((status) => byTarget(status, { status })),
    ),
    counter("sluice_attempts_total", "Attempts by outcome.", [
      ...per(targets, "destination", "", { outcome: "success" }, (counts) => succeeded(counts)),
      ...byTarget("failed_attempts", { outcome: "failure" }),
    ]),
    counter("sluice_deferrals_total", "Times a delivery was put off without an attempt.", byTarget("deferred")),
    histogram("sluice_delivery_latency_seconds", "Time from acceptance to delivery.", "l"),
    histogram("sluice_attempt_duration_seconds", "Duration of attempts.", "a"),
    gauge(
      "sluice_dead_letters",
      "Dead letters: deliveries that ended without success; the count stops at 100000 overall.",
      destinations.map(({ name, dead }) => ({ labels: { destination: name }, value: dead })),
    ),
    gauge(
      "sluice_destination_circuit_state",
      "1 for the current state of a destination's circuit.",
      destinations.flatMap(({ name, circuit }) =>
        CIRCUITS.map((state) => ({ labels: { destination: name, state }, value: Number(state === circuit) })),
      ),
    ),
    gauge(
      "sluice_queue_backlog_messages",
      "Messages in a queue; `unprocessable` holds those that no consumer could process, not dead letters.",
      queue(({ backlog_count }) => backlog_count),
    ),
    gauge(
      "sluice_queue_backlog_bytes",
      "Bytes in a queue.",
      queue(({ backlog_bytes }) => backlog_bytes),
    ),
    gauge(
      "sluice_queue_oldest_message_age_seconds",
      "Age of the oldest message in a queue, 0 where there is none.",
      queue((one) =>
        one.backlog_count === null ? null : one.oldest_at === null ? 0 : Math.max(0, now - one.oldest_at) / MS,
      ),
    ),
    gauge("sluice_database_size_bytes", "Size of the D1 database.", [{ labels: {}, value: databaseBytes }]),
  ];
}

const succeeded = (counts: Counts): number => (counts["attempts"] ?? 0) - (counts["failed_attempts"] ?? 0);

function grouped(totals: readonly Total[], nameOf: (total: Total) => string): Map<string, Counts> {
  const groups = new Map<string, Counts>();
  for (const total of totals) groups.set(nameOf(total), addCounts([groups.get(nameOf(total)) ?? {}, total.counts]));
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function histogramSample(labels: Labels, counts: Counts, kind: "a" | "l"): HistogramSample {
  const histogram = [...toHistogram(counts, kind)];
  const upTo = (bound: number): number =>
    histogram.reduce((sum, [bucket, count]) => (bucket <= bound ? sum + count : sum), 0);
  return {
    labels,
    buckets: BOUNDS.map((bound) => ({ le: upperMs(bound) / MS, count: upTo(bound) })),
    count: upTo(Infinity),
    sum: (counts[`${kind}_sum`] ?? 0) / MS,
  };
}
