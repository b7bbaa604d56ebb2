import parsePrometheus from "parse-prometheus-text-format";
import { describe, expect, it } from "vitest";
import { bucketOf } from "../../../src/stats/histogram.ts";
import { exposition, metricFamilies } from "../../../src/stats/index.ts";
import type { Measured } from "../../../src/stats/metrics.ts";
import { faultsOf, readSeries } from "./promtool.ts";

const NOW = Date.UTC(2026, 10, 24);
const durations = [3, 4, 5, 20, 300, 5_000, 90_000, 2_000_000_000];
const histogram = Object.fromEntries(durations.map((ms) => [`l${bucketOf(ms)}`, 1]));
const MEASURED: Measured = {
  totals: [
    {
      source: "shop",
      destination: null,
      counts: {
        ...{ accepted: 9, bytes_in: 900, duplicate: 1, ignored: 2, rejected: 4 },
        ...{ "t:": 2, "t:order.paid": 3, "t:%22a%22%20%5C": 1 },
      },
    },
    { source: "(none)", destination: null, counts: { rejected: 7 } },
    {
      source: "shop",
      destination: "orders",
      counts: {
        made: 8,
        attempts: 10,
        failed_attempts: 2,
        delivered: 8,
        deferred: 1,
        ...histogram,
        l_sum: 2_000_095_332,
      },
    },
    { source: "desk", destination: "orders", counts: { made: 1, attempts: 1, delivered: 1, a20: 1, a_sum: 30 } },
  ],
  queues: [
    { name: "events", backlog_count: 3, backlog_bytes: 900, oldest_at: NOW - 1_500 },
    { name: "slow", backlog_count: 0, backlog_bytes: 0, oldest_at: null },
    { name: "replays", backlog_count: null, backlog_bytes: null, oldest_at: null },
  ],
  destinations: [
    { name: "orders", circuit: "open", dead: 5 },
    { name: "mail", circuit: "closed", dead: 0 },
  ],
  databaseBytes: 123_456,
  now: NOW,
};
const text = exposition(metricFamilies(MEASURED));
const value = (name: string, labels: Record<string, string>): number | undefined =>
  readSeries(text).find((one) => one.name === name && JSON.stringify(one.labels) === JSON.stringify(labels))?.value;

describe("the exposition", () => {
  it("counts events by type, and those of all types without a count of their own together", () => {
    const of = (type: string) => value("sluice_events_by_type_total", { source: "shop", type });
    expect([of("order.paid"), of("(other)"), of('"a" \\')]).toEqual([3, 2, 1]);
  });

  it("passes the rules of promtool", () => {
    expect(faultsOf(text)).toEqual([]);
  });

  it("is parsed into families with help, type and samples", () => {
    const families = parsePrometheus(text);
    expect(families.map(({ name }) => name)).toEqual(metricFamilies(MEASURED).map(({ name }) => name));
    const accepted = families.find(({ name }) => name === "sluice_events_accepted_total");
    expect(accepted).toMatchObject({
      type: "COUNTER",
      metrics: [{ labels: { source: "(none)" } }, { labels: { source: "shop" }, value: "9" }],
    });
    const latency = families.find(({ name }) => name === "sluice_delivery_latency_seconds");
    expect(latency).toMatchObject({
      type: "HISTOGRAM",
      metrics: [{ buckets: { "0.016": "3", "+Inf": "8" } }],
    });
  });

  it("adds up the sources of a destination", () => {
    expect(value("sluice_deliveries_finished_total", { destination: "orders", status: "delivered" })).toBe(9);
    expect(value("sluice_attempts_total", { destination: "orders", outcome: "success" })).toBe(9);
    expect(value("sluice_attempts_total", { destination: "orders", outcome: "failure" })).toBe(2);
  });

  it("counts in each bucket of a histogram exactly the values below its bound", () => {
    const buckets = readSeries(text).filter(({ name }) => name === "sluice_delivery_latency_seconds_bucket");
    expect(buckets).toHaveLength(16);
    for (const { labels, value: count } of buckets) {
      const bound = labels["le"] === "+Inf" ? Infinity : Number(labels["le"]) * 1_000;
      expect(count).toBe(durations.filter((ms) => ms <= bound).length);
    }
    expect(value("sluice_delivery_latency_seconds_sum", { destination: "orders" })).toBe(2_000_095.332);
  });

  it("shows queues and circuits, and omits a queue that does not answer", () => {
    expect(value("sluice_queue_oldest_message_age_seconds", { queue: "events" })).toBe(1.5);
    expect(value("sluice_queue_oldest_message_age_seconds", { queue: "slow" })).toBe(0);
    expect(value("sluice_queue_backlog_messages", { queue: "replays" })).toBeUndefined();
    expect(value("sluice_destination_circuit_state", { destination: "orders", state: "open" })).toBe(1);
    expect(value("sluice_destination_circuit_state", { destination: "orders", state: "closed" })).toBe(0);
    expect(value("sluice_dead_letters", { destination: "orders" })).toBe(5);
    expect(value("sluice_database_size_bytes", {})).toBe(123_456);
  });

  it("escapes characters that would end a label or a line", () => {
    const unparsable = 'a"b\\c\nd';
    const out = exposition([
      {
        name: "x_total",
        help: "back\\slash\nand line",
        type: "counter",
        samples: [{ labels: { l: unparsable }, value: 1 }],
      },
    ]);
    expect(out).toBe(
      '# HELP x_total back\\\\slash\\nand line\n# TYPE x_total counter\nx_total{l="a\\"b\\\\c\\nd"} 1\n',
    );
    expect(readSeries(out)[0]?.labels).toEqual({ l: unparsable });
  });

  it("of a new deployment is valid", () => {
    const empty = exposition(metricFamilies({ ...MEASURED, totals: [], destinations: [] }));
    expect(faultsOf(empty)).toEqual([]);
    expect(parsePrometheus(empty).length).toBeGreaterThan(0);
  });
});
