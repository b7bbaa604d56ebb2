// Alerts on a simulated clock with a check every minute: each kind of rule opens, repeats and resolves once, whatever fails in between.
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { watchAlerts } from "../../../src/alerts/index.ts";
import type { Reading } from "../../../src/model/alert.ts";
import { createWatch, kinds, MINUTE_MS, SECRET } from "./harness.ts";

const START = Date.UTC(2026, 10, 24);
const counts = (dead: number, attempts = 0, failed = 0): Reading => ({
  kind: "counts",
  rows: [{ name: "orders", dead, attempts, failed }],
});
const circuits = (...names: string[]): Reading => ({ kind: "circuits", names });
/** @param bad from the first minute (inclusive) to the last (exclusive) */
const during =
  (bad: Reading, good: Reading, from = 10, to = 100) =>
  (minute: number) =>
    minute >= from && minute < to ? bad : good;

interface Row {
  readonly rule: Record<string, unknown>;
  readonly reading: (minute: number) => Reading;
  readonly value: number;
  readonly summary: string;
}

const RULES: readonly Row[] = [
  {
    rule: { type: "dead_letters", threshold: 10, window_seconds: 3_600 },
    reading: during(counts(11), counts(10)),
    value: 11,
    summary: "11 dead letters within 1 h; the rule allows 10.",
  },
  {
    rule: { type: "success_rate", below: 0.95, window_seconds: 600, min_attempts: 20 },
    reading: during(counts(0, 100, 6), counts(0, 100, 5)),
    value: 0.94,
    summary: "94 % of the attempts within 10 min succeeded; the rule asks for 95 %.",
  },
  {
    rule: { type: "circuit_open" },
    reading: during(circuits("orders"), circuits()),
    value: 1,
    summary: "1 circuit open.",
  },
  {
    rule: { type: "oldest_message", older_than_seconds: 300 },
    reading: (minute) => ({
      kind: "waiting",
      // Waits from the fourth to the hundredth minute.
      rows: minute < 100 ? [{ name: "orders", count: 1, oldest_at: START + 4 * MINUTE_MS }] : [],
    }),
    value: 360,
    summary: "The oldest waiting delivery has waited for 6 min; the rule allows 5 min.",
  },
  {
    rule: { type: "backlog", threshold: 1_000 },
    reading: during(
      {
        kind: "waiting",
        rows: [
          { name: "orders", count: 900, oldest_at: 0 },
          { name: "billing", count: 101, oldest_at: 0 },
        ],
      },
      { kind: "waiting", rows: [{ name: "orders", count: 1_000, oldest_at: 0 }] },
    ),
    value: 1_001,
    summary: "1001 deliveries waiting; the rule allows 1000.",
  },
];

describe("an alert", () => {
  it.each(RULES)("opens, repeats every hour and resolves when the condition has ended: $rule.type", async (row) => {
    const watch = createWatch({ rule: row.rule }, row.reading);
    await watch.until(9);
    expect([watch.sent, watch.alert().state.state]).toEqual([[], "ok"]);
    await watch.until(10);
    expect(watch.alert().state).toMatchObject({ state: "firing", since: START + 10 * MINUTE_MS, value: row.value });
    expect(watch.sent[0]?.body["data"]).toMatchObject({ value: row.value, summary: row.summary, state: "firing" });
    await watch.until(200);
    expect(kinds(watch.sent)).toEqual([
      [10, "opened"],
      [70, "repeated"],
      [102, "resolved"],
    ]);
    expect(watch.alert().state).toMatchObject({
      state: "ok",
      since: START + 102 * MINUTE_MS,
      last_sent_at: START + 102 * MINUTE_MS,
      notice: null,
      last_error: null,
    });
    const incidents = watch.sent.map(({ body }) => (body["data"] as { incident: string }).incident);
    expect(new Set(incidents).size).toBe(1);
    expect(new Set(watch.sent.map(({ id }) => id)).size).toBe(3);
  });

  it("waits until the condition has held for for_seconds", async () => {
    const rule = { rule: { type: "circuit_open" }, for_seconds: 300 };
    const brief = createWatch(rule, during(circuits("orders"), circuits(), 10, 15));
    await brief.until(60);
    expect(brief.sent).toEqual([]);
    const long = createWatch(rule, during(circuits("orders"), circuits(), 10, 20));
    await long.until(60);
    expect(kinds(long.sent)).toEqual([
      [15, "opened"],
      [22, "resolved"],
    ]);
  });

  it("is not sent again and again when the condition comes and goes", async () => {
    const flapping = createWatch({ rule: { type: "circuit_open" } }, (minute) =>
      minute >= 10 && minute < 50 && minute % 2 === 0 ? circuits("orders") : circuits(),
    );
    await flapping.until(120);
    // The last breach was in minute 48; two clean minutes after 49 it resolves.
    expect(kinds(flapping.sent)).toEqual([
      [10, "opened"],
      [51, "resolved"],
    ]);
  });

  it("opens as a new incident after it was resolved", async () => {
    const twice = createWatch({ rule: { type: "circuit_open" } }, (minute) =>
      (minute >= 10 && minute < 20) || minute >= 40 ? circuits("orders") : circuits(),
    );
    await twice.until(41);
    expect(kinds(twice.sent)).toEqual([
      [10, "opened"],
      [22, "resolved"],
      [40, "opened"],
    ]);
    const incidents = twice.sent.map(({ body }) => (body["data"] as { incident: string }).incident);
    expect(incidents[0]).toBe(incidents[1]);
    expect(incidents[2]).not.toBe(incidents[0]);
  });

  it("is sent once when repeat_minutes is null", async () => {
    const watch = createWatch({ rule: { type: "circuit_open" }, repeat_minutes: null }, () => circuits("orders"));
    await watch.until(500);
    expect(kinds(watch.sent)).toEqual([[0, "opened"]]);
  });

  it("keeps its state while there are too few attempts, and resolves when there are none", async () => {
    const watch = createWatch({ rule: { type: "success_rate", below: 0.9, min_attempts: 10 } }, (minute) =>
      minute < 5 ? counts(0, 9, 9) : minute < 10 ? counts(0, 10, 9) : minute < 30 ? counts(0, 9, 0) : counts(0),
    );
    await watch.until(60);
    expect(kinds(watch.sent)).toEqual([
      [5, "opened"],
      [32, "resolved"],
    ]);
  });

  it("sends one last notice when it is disabled", async () => {
    const watch = createWatch({ rule: { type: "circuit_open" } }, () => circuits("orders"));
    await watch.until(5);
    watch.change({ enabled: false });
    await watch.until(90);
    expect(kinds(watch.sent)).toEqual([
      [0, "opened"],
      [6, "resolved"],
    ]);
  });

  it("names the five destinations with the highest counts", async () => {
    const rows = [3, 9, 1, 7, 5, 8, 0].map((dead) => ({ name: `d${dead}`, dead, attempts: 0, failed: 0 }));
    const watch = createWatch({ rule: { type: "dead_letters" } }, () => ({ kind: "counts", rows }));
    await watch.until(0);
    expect(
      (watch.sent[0]?.body["data"] as { details: { name: string }[] } | undefined)?.details.map(({ name }) => name),
    ).toEqual(["d9", "d8", "d7", "d5", "d3"]);
  });
});

describe("a notice", () => {
  const always = () => circuits("orders");

  it("has a Standard Webhooks signature with the secrets of callbacks", async () => {
    const watch = createWatch({ rule: { type: "circuit_open" } }, always);
    await watch.until(0, { now: () => Date.now() });
    const [first] = watch.sent;
    const headers = Object.fromEntries(first?.request.headers ?? []);
    expect(new Webhook(SECRET).verify(JSON.stringify(first?.body), headers)).toEqual(first?.body);
    expect(first?.request.url).toBe("https://ops.example.com/hook");
  });

  it("that fails is sent again after 1, 2, 4 minutes and so on up to an hour, under the same id, and the error is shown", async () => {
    const watch = createWatch({ rule: { type: "circuit_open" }, repeat_minutes: 30 }, always);
    watch.onSend(() => ({ status: 500, error: "http_status" }));
    await watch.until(20);
    expect(watch.sent.map(({ at }) => at)).toEqual([0, 1, 3, 7, 15]);
    expect(new Set(watch.sent.map(({ id }) => id)).size).toBe(1);
    expect(watch.alert().state).toMatchObject({ last_error: "http_500", last_sent_at: null, notice: { attempts: 5 } });
    expect(watch.logged[0]).toBe(
      JSON.stringify(["alert not sent", { alert: "alr_1", notice: "opened", error: "http_500" }]),
    );
    await watch.until(500);
    const waits = watch.sent.map(({ at }, index) => at - (watch.sent[index - 1]?.at ?? 0));
    expect(Math.max(...waits)).toBe(60);
    watch.onSend(() => ({ status: 204, error: null }));
    await watch.until(560);
    expect(watch.alert().state).toMatchObject({ last_error: null, notice: null });
  });

  it("that was never delivered is replaced by the one that says it is resolved", async () => {
    const watch = createWatch({ rule: { type: "circuit_open" } }, during(circuits("orders"), circuits(), 0, 10));
    watch.onSend(() => ({ status: null, error: "connect_refused" }));
    await watch.until(12);
    watch.onSend(() => ({ status: 200, error: null }));
    await watch.until(40);
    expect(kinds(watch.sent).at(-1)).toEqual([13, "resolved"]);
    expect(watch.sent.filter(({ at }) => at > 13)).toEqual([]);
  });

  it("is at most repeated, under the same id, after a crash between sending and storing", async () => {
    const watch = createWatch({ rule: { type: "circuit_open" } }, always);
    let writes = 0;
    const crash = async (...given: Parameters<typeof watch.ports.save>) => {
      writes += 1;
      if (writes === 2) throw new Error("crash");
      return watch.ports.save(...given);
    };
    await expect(watchAlerts({ ...watch.ports, save: crash })).rejects.toThrow("crash");
    await watch.until(30);
    expect(watch.sent.map(({ id }) => id)).toEqual([watch.sent[0]?.id, watch.sent[0]?.id]);
  });

  it("is not lost by a crash before it is sent", async () => {
    const watch = createWatch({ rule: { type: "circuit_open" } }, always);
    await expect(watchAlerts({ ...watch.ports, send: () => Promise.reject(new Error("crash")) })).rejects.toThrow(
      "crash",
    );
    expect(watch.sent).toEqual([]);
    await watch.until(0);
    expect(kinds(watch.sent)).toEqual([[0, "opened"]]);
  });

  it("is sent by one of two sweeps that run at once", async () => {
    const watch = createWatch({ rule: { type: "circuit_open" } }, always);
    await Promise.all([watchAlerts(watch.ports), watchAlerts(watch.ports)]);
    expect(watch.sent).toHaveLength(1);
  });

  it.each([
    "http://ops.example.com/",
    "https://127.0.0.1/",
    "https://169.254.169.254/latest",
    "https://metadata.internal/",
    "https://sluice.example.com/in/shop",
    "nowhere",
  ])("is not sent to an address that a destination may not have, and the error says so [G10]: %s", async (url) => {
    const watch = createWatch({ rule: { type: "circuit_open" } }, always);
    const urls = { allowPrivate: false, resolve: null, ownHosts: ["sluice.example.com"] };
    await watch.until(0, { openSecrets: async () => [url], urls });
    expect(watch.sent).toEqual([]);
    expect(watch.alert().state.last_error).toBe(url.includes("sluice") ? "loop" : "blocked_address");
  });

  it("waits while a secret cannot be opened", async () => {
    const watch = createWatch({ rule: { type: "circuit_open" } }, always);
    await watch.until(0, { openSecrets: () => Promise.reject(new Error("key_unknown")) });
    expect(watch.alert().state).toMatchObject({ last_error: "secret_unavailable", notice: { attempts: 1 } });
    await watch.until(1);
    expect(kinds(watch.sent)).toEqual([[1, "opened"]]);
  });
});
