// How many rows the first pages read, by D1's own count, with two days of recorded traffic. `npm run bench:overview` times them with 1,000,000
// deliveries.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { meter, meteredEnv } from "../../../bench/meter.ts";
import { seedTraffic } from "../../../bench/overview/seed.ts";
import { timeToBase32 } from "../../../src/kernel/base32.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/kernel/durations.ts";
import { firstSegmentKeyAt } from "../../../src/record/index.ts";
import { createClient } from "../api/harness.ts";
import { now } from "../clock.ts";
import { createRoute } from "../harness.ts";
import { createBrowser } from "./harness.ts";

/** Twenty-six hours with 25 per minute: more than the overview shows. */
const EVENTS = 40_000;
const ROUTES = 4;
const PER_MINUTE = ROUTES * 3;

beforeAll(async () => {
  const made = await Promise.all(Array.from({ length: ROUTES }, () => createRoute([{}, {}])));
  const routes = made.map(({ sourceId, connectionIds, destinationIds }) => ({
    source: sourceId,
    connections: connectionIds.map((id, index) => ({ id, destination: destinationIds[index] ?? "" })),
  }));
  await seedTraffic(env.DB, EVENTS, routes, now());
});

const open = async () => {
  const browser = createBrowser({ client: createClient({ db: meteredEnv(env).DB }) });
  await browser.signIn();
  return async (path: string): Promise<{ html: string; rows: number }> => {
    meter.d1_rows_read = 0;
    const { status, html } = await browser.get(path);
    expect(status).toBe(200);
    return { html, rows: meter.d1_rows_read };
  };
};

/** Hours of a day, and minutes that are not rolled up yet: at most 70. */
const COUNTERS_OF_A_DAY = (24 + 72) * PER_MINUTE;
/** The latest 50 events with their deliveries, and what is read of segments beside them. */
const RECORD = 1_750;

describe("what the overview reads", () => {
  it("is bounded on the first visit, and only the latest minutes on later visits", async () => {
    const read = await open();
    const first = await read("/");
    expect(first.html).toContain("balanced");
    expect(first.html).not.toContain("Your first delivery");
    expect(first.rows).toBeGreaterThan(100);
    expect(first.rows).toBeLessThanOrEqual(COUNTERS_OF_A_DAY + RECORD);
    const again = await read("/");
    expect(again.rows).toBeLessThanOrEqual(13 * PER_MINUTE + RECORD);
    expect(figuresOf(again.html)).toEqual(figuresOf(first.html));
  });

  it("is bounded for the other time ranges", async () => {
    const read = await open();
    expect((await read("/?range=1h")).rows).toBeLessThanOrEqual(64 * PER_MINUTE + RECORD);
    expect((await read("/?range=30d")).rows).toBeLessThanOrEqual(COUNTERS_OF_A_DAY + 30 * PER_MINUTE + RECORD);
  });
});

it("the list of events reads its page and the counters of one day", async () => {
  const read = await open();
  expect((await read("/events")).rows).toBeLessThanOrEqual(COUNTERS_OF_A_DAY + 500);
});

it.each([
  "/deliveries",
  "/deliveries?type=order.paid",
  "/deliveries?status=retrying&range=7d",
  "/events?type=order.paid",
])("%s reads a bounded number of rows, its histogram included", async (path) => {
  const read = await open();
  expect((await read(path)).rows).toBeLessThanOrEqual(2_500);
});

it("the ledger shows two hours at a time and reads five rows for each of their segments", async () => {
  const to = Math.floor(now() / HOUR_MS) * HOUR_MS - 3 * DAY_MS;
  await seedMinutes(to - 5 * HOUR_MS, 5 * 60);
  const read = await open();
  const pageBefore = (at: number) => read(`/ledger?to=${new Date(at).toISOString()}`);
  const figuresIn = (html: string): number => html.split(">1,500<").length - 1;
  const latest = await pageBefore(to);
  expect(figuresIn(latest.html)).toBe(3 * 2);
  expect(latest.rows).toBeLessThanOrEqual(5 * 2 * 60 + 50);
  const next = new Date(to - 2 * HOUR_MS).toISOString();
  expect(latest.html).toContain(`href="/ledger?to=${encodeURIComponent(next)}"`);
  const older = await pageBefore(to - 4 * HOUR_MS);
  expect(figuresIn(older.html)).toBe(3);
  expect(older.rows).toBeLessThanOrEqual(5 * 60 + 50);
});

/** A segment of 25 events for each minute, as far as the ledger reads it. */
async function seedMinutes(from: number, minutes: number): Promise<void> {
  const rows = Array.from({ length: minutes }, (_, minute) => {
    const at = from + minute * MINUTE_MS;
    const ids = Array.from({ length: 25 }, (__, n) => `${timeToBase32(at)}${String(n).padStart(22, "0")}`);
    return [firstSegmentKeyAt(at), ids[0], ids.at(-1), ids.join("")];
  });
  await env.DB.prepare(
    `INSERT INTO segments (k, first_id, last_id, ids, summary, superseded, entries)
     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, ' tally::25:0:0:25:0 ', '', x'00' FROM json_each(?1)`,
  )
    .bind(JSON.stringify(rows))
    .run();
}

/** The numbers in the tiles. */
const figuresOf = (html: string): string[] =>
  [...html.matchAll(/<div class="value">([^<]*)/g)].map(([, text]) => text ?? "");
