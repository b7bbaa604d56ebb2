import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { readBacklogs } from "../../../src/worker/queues.ts";
import { pruneCounters, rollUp } from "../../../src/store/index.ts";
import { faultsOf, readSeries } from "../../unit/stats/promtool.ts";
import { createRoute, createWorld } from "../harness.ts";
import { createClient } from "./harness.ts";

/** Past the end of an hour and a day, and of the time that minutes and hours are kept. */
const MINUTES_BETWEEN = [1, 61, 25 * 60, 3 * 24 * 60, 100 * 24 * 60, 1];

let world = createWorld();
const scrape = async (token = "test-admin-token-of-the-tests") => {
  const { app } = createClient({ now: world.now, backlogs: () => readBacklogs(env) });
  const response = await app.request("http://sluice.test/metrics", { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
};
const valueOf = (text: string, name: string, labels: Record<string, string>): number | undefined =>
  readSeries(text).find(
    (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  )?.value;

beforeEach(async () => {
  await env.DB.batch(
    ["counters", "marks", "sources", "destinations", "connections", "deliveries", "events"].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  );
  world = createWorld();
});

describe("GET /metrics", () => {
  it("reports real deliveries in valid Prometheus text", async () => {
    const { slug } = await createRoute([{}, { retry: { schedule_seconds: [] } }]);
    world.onRequest((request) => ({ status: request.url.includes("-1.") ? 500 : 200, durationMs: 100 }));
    await world.postMany(slug, 5, { body: "12345" });
    await world.drain();
    const { status, type, text } = await scrape();
    expect([status, type]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
    expect(faultsOf(text)).toEqual([]);
    const [good, bad] = [{ destination: `${slug}-0` }, { destination: `${slug}-1` }];
    expect(valueOf(text, "sluice_events_accepted_total", { source: slug })).toBe(5);
    expect(valueOf(text, "sluice_received_bytes_total", { source: slug })).toBe(25);
    expect(valueOf(text, "sluice_deliveries_finished_total", { ...good, status: "delivered" })).toBe(5);
    expect(valueOf(text, "sluice_deliveries_finished_total", { ...bad, status: "dead" })).toBe(5);
    expect(valueOf(text, "sluice_dead_letters", bad)).toBe(5);
    expect(valueOf(text, "sluice_attempts_total", { ...bad, outcome: "failure" })).toBe(5);
    expect(valueOf(text, "sluice_attempt_duration_seconds_count", good)).toBe(5);
    expect(valueOf(text, "sluice_attempt_duration_seconds_sum", good)).toBe(0.5);
    expect(valueOf(text, "sluice_queue_backlog_messages", { queue: "events" })).toBeGreaterThanOrEqual(0);
    expect(valueOf(text, "sluice_database_size_bytes", {})).toBeGreaterThan(0);
  });

  it("never decreases, despite roll-ups and the removal of old counters", async () => {
    const { slug } = await createRoute([{}], { event_type: { json: "type" } });
    const counters = (text: string): Map<string, number> =>
      new Map(
        readSeries(text)
          .filter(({ name }) => /_total$|_bucket$|_count$|_sum$/.test(name))
          .map(({ name, labels, value }) => [name + JSON.stringify(labels), value]),
      );
    let before = new Map<string, number>();
    for (let round = 0; round < 6; round++) {
      // Many more types than have counts of their own, new ones each time.
      for (let n = 0; n < 15; n++) await world.post(slug, { body: JSON.stringify({ type: `${15 - n}.${round}` }) });
      await world.drain();
      const now = counters((await scrape()).text);
      for (const [key, value] of before) expect(now.get(key) ?? -1, key).toBeGreaterThanOrEqual(value);
      before = now;
      world.advance((MINUTES_BETWEEN[round] ?? 1) * 60_000);
      while ((await rollUp(env.DB, world.now())) > 0);
      await pruneCounters(env.DB, world.now(), 500);
      expect(counters((await scrape()).text)).toEqual(before);
    }
    expect(before.get(`sluice_events_accepted_total${JSON.stringify({ source: slug })}`)).toBe(90);
    const byType = [...before].filter(([key]) => key.startsWith("sluice_events_by_type_total"));
    expect(byType).toHaveLength(51);
    expect(byType.reduce((sum, [, value]) => sum + value, 0)).toBe(90);
  });

  it("reports an open circuit", async () => {
    const { slug } = await createRoute([{ circuit: { failure_threshold: 2 } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.postMany(slug, 5, { body: "12345" });
    await world.turn();
    const { text } = await scrape();
    expect(valueOf(text, "sluice_destination_circuit_state", { destination: `${slug}-0`, state: "open" })).toBe(1);
  });

  it("needs a token", async () => {
    expect((await scrape("wrong")).status).toBe(401);
  });

  it("leaves out deleted records and still reports the others", async () => {
    const [kept, gone] = [await createRoute(), await createRoute()];
    for (const { slug } of [kept, gone]) await world.accept(`/in/${slug}`, { body: "12345" });
    await world.drain();
    await env.DB.prepare("DELETE FROM sources WHERE slug = ?1").bind(gone.slug).run();
    await env.DB.prepare("DELETE FROM destinations WHERE slug = ?1").bind(`${gone.slug}-0`).run();
    const { text } = await scrape();
    expect(text).not.toContain(gone.slug);
    expect(faultsOf(text)).toEqual([]);
    expect(valueOf(text, "sluice_events_accepted_total", { source: kept.slug })).toBe(1);
  });
});
