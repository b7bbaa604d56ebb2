// Set-up for tests of bulk replays: a Sluice with its API, dead letters, and a replay.
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { replayMessage } from "../../../src/delivery/index.ts";
import { partId } from "../../../src/worker/ports/replays-over-shards.ts";
import { databases } from "../databases.ts";
import { createWorld, type World } from "../harness.ts";
import { recordAsOlderRelease } from "../older-release.ts";
import { createClient, type Json } from "./harness.ts";

type Client = ReturnType<typeof createClient>;

export function setUp(overrides: Parameters<typeof createWorld>[0] = {}): { world: World; client: Client } {
  const world = createWorld(overrides);
  const client = createClient({
    now: world.now,
    provesEventId: world.runtime.ids.proves,
    startReplay: async (id) => {
      for (const index of databases.keys()) await world.consumer.sendOn(replayMessage(partId(id, index), 0), 0);
    },
    enqueue: (ids, lane) => world.consumer.sendLater(ids.map((id) => ({ id, lane, delayMs: 0 }))),
  });
  return { world, client };
}

/** The same with first attempts in rows, as releases before segments recorded them. */
export function byRows(): ReturnType<typeof setUp> {
  const both = setUp();
  recordAsOlderRelease(both.world);
  return both;
}

export const once = { retry: { schedule_seconds: [] }, circuit: null };

/** Events whose deliveries are all dead. */
export async function deadLetters(world: World, slug: string, count: number): Promise<void> {
  world.onRequest(() => ({ status: 500, durationMs: 1 }));
  for (let i = 0; i < count; i++) {
    await world.accept(`/in/${slug}`, { body: String(i) });
    world.advance(1);
  }
  await world.drain();
  world.onRequest(() => ({ status: 200, durationMs: 1 }));
  world.requests.length = 0;
  world.advance(1_000);
}

export const start = async ({ call }: Client, body: Record<string, unknown>): Promise<string> => {
  const { status, json } = await call("POST", "/replays", body);
  expect(status).toBe(202);
  return String(json.id);
};
export const read = async ({ call }: Client, id: string): Promise<Json> => (await call("GET", `/replays/${id}`)).json;
export const figures = ({ matched, queued, done, failed, status }: Json) => ({ matched, queued, done, failed, status });
export const sentIds = (world: World): string[] =>
  world.requests.map(({ headers }) => new Headers(headers as [string, string][]).get("webhook-id") ?? "");

const PIECE = "payload, payload_key, payload_offset, payload_length";

/** Copies a dead letter and its event many times, directly in the tables. */
export async function multiply(id: string, count: number): Promise<void> {
  const numbers = `WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < ${count})`;
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO events (id, source_id, received_at, method, path, query, headers, body, body_encoding, body_bytes, matched, ${PIECE})
       ${numbers} SELECT substr(id, 1, 24) || printf('%012d', v), source_id, received_at, method, path, query, headers, body, body_encoding, body_bytes, matched, ${PIECE}
       FROM n, events WHERE id = 'evt_' || substr(?1, 5, 32)`,
    ).bind(id),
    env.DB.prepare(
      `INSERT INTO deliveries (id, source_id, connection_id, destination_id, status, attempts_made, deferrals, attempts, created_at, finished_at, age_credit_ms)
       ${numbers} SELECT substr(id, 1, 24) || printf('%012d', v) || substr(id, -10), source_id, connection_id, destination_id, 'dead', 1, 0, '[]', created_at, finished_at, 0
       FROM n, deliveries WHERE id = ?1`,
    ).bind(id),
  ]);
}
