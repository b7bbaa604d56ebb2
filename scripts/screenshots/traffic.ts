// The traffic in the pictures: a day of recorded events, and the demo's payloads.
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { getPlatformProxy } from "wrangler";
import { seedTraffic, type Route } from "../../bench/overview/seed.ts";
import { payloads } from "../demo/payloads.ts";
import { SECRET } from "./configuration.ts";

const PAYLOADS = 160;
/** Slightly more than one day. */
const EVENTS_ON_RECORD = 40_000;
/** An SQL condition: more events by day than by night, and more in the first ten minutes of each half hour. */
const RHYTHM = "n * 37 % 100 < 45 + 30 * sin(at * 6.2832 / 86400000 - 1.8) + iif(at % 1800000 < 600000, 18, 0)";

/** Writes a day of traffic over some connections. Sluice must not be running. */
export async function record(root: string, state: string): Promise<void> {
  const { env, dispose } = await getPlatformProxy<{ DB: D1Database }>({
    configPath: join(root, "wrangler.toml"),
    persist: { path: join(state, "v3") },
  });
  try {
    const { results } = await env.DB.prepare(
      "SELECT id, source_id, destination_id FROM connections WHERE slug IN ('github-ci', 'github-search', 'shop-crm', 'shop-search')",
    ).all<{ id: string; source_id: string; destination_id: string }>();
    const routes = [...new Set(results.map((row) => row.source_id))].map((source): Route => ({
      source,
      connections: results
        .filter((row) => row.source_id === source)
        .map(({ id, destination_id: destination }) => ({ id, destination })),
    }));
    await seedTraffic(env.DB, EVENTS_ON_RECORD, routes, Date.now(), RHYTHM);
  } finally {
    await dispose();
  }
}

/** @returns the ids of the events, in the order in which they were sent */
export async function send(origin: string): Promise<string[]> {
  const ids: string[] = [];
  const every = Math.max(1, Math.floor(payloads().length / PAYLOADS));
  for (const { name, body } of payloads().filter((_payload, index) => index % every === 0)) {
    const response = await fetch(`${origin}/in/github`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/2a1c9f0",
        "x-github-event": name,
        "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
      },
      body,
    });
    if (response.status !== 202) throw new Error(`ingest responded with ${response.status}`);
    ids.push((await response.json<{ id: string }>()).id);
  }
  return ids;
}
