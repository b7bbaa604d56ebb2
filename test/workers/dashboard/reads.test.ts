// How many rows the first pages read, by D1's own count, with two days of recorded traffic. `npm run bench:overview` times them with 1,000,000
// deliveries.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { meter, meteredEnv } from "../../../bench/meter.ts";
import { seedTraffic } from "../../../bench/overview/seed.ts";
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
}, 120_000);

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
/** The latest 100 events with their deliveries, and what is read of segments beside them. */
const RECORD = 1_750;

describe("what the overview reads", () => {
  it("is bounded on the first visit, and only the latest minutes on later visits", async () => {
    const read = await open();
    const first = await read("/");
    expect(first.html).toContain("balanced");
    expect(first.html).not.toContain("Your first delivery in three steps");
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

/** The numbers in the tiles. */
const figuresOf = (html: string): string[] =>
  [...html.matchAll(/<div class="value">([^<]*)/g)].map(([, text]) => text ?? "");
