// Two clients at once, and a queue that refuses messages.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { readSettings } from "../../../src/config/env.ts";
import { cancelMessage, cancelWaiting } from "../../../src/delivery/index.ts";
import { ok } from "../../../src/kernel/result.ts";
import { createRoute, createWorld } from "../harness.ts";
import { createClient, unique, type Json } from "./harness.ts";

const { call } = createClient();
const url = "https://api.example.com/";

describe("changes at the same time", () => {
  it("of different fields are all kept, however many", async () => {
    const slug = unique("busy");
    await call("POST", "/destinations", { slug, url });
    const changes = [
      { timeout_ms: 1_111 },
      { max_concurrency: 7 },
      { rate_limit: { limit: 3 } },
      { headers: { "x-a": "1" } },
      { path_forwarding: false },
    ];
    const answers = await Promise.all(changes.map((change) => call("PATCH", `/destinations/${slug}`, change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await call("GET", `/destinations/${slug}`)).json).toMatchObject({
      timeout_ms: 1_111,
      max_concurrency: 7,
      rate_limit: { limit: 3 },
      headers: { "x-a": "1" },
      path_forwarding: false,
    });
  });

  it("take a slug once", async () => {
    const [a, b, wanted] = [unique("one"), unique("other"), unique("wanted")];
    for (const slug of [a, b]) await call("POST", "/sources", { slug });
    const answers = await Promise.all([a, b].map((slug) => call("PATCH", `/sources/${slug}`, { slug: wanted })));
    expect(answers.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([200, 409]);
  });

  it.each(["sources", "destinations"])("leave no connection of a deleted record behind: %s", async (kind) => {
    for (let round = 0; round < 5; round++) {
      const [source, destination] = [unique("s"), unique("d")];
      await call("POST", "/sources", { slug: source });
      await call("POST", "/destinations", { slug: destination, url });
      const [made] = await Promise.all([
        call("POST", "/connections", { source, destination }),
        call("DELETE", `/${kind}/${kind === "sources" ? source : destination}`),
      ]);
      if (made.status !== 201)
        expect([made.status, made.json.errors?.[0]?.pointer]).toEqual([422, `/${kind.slice(0, -1)}`]);
    }
    const orphans = await env.DB.prepare(
      `SELECT COUNT(*) AS n FROM connections c WHERE NOT EXISTS (SELECT 1 FROM sources s WHERE s.id = c.source_id)
         OR NOT EXISTS (SELECT 1 FROM destinations d WHERE d.id = c.destination_id)`,
    ).first<{ n: number }>();
    expect(orphans?.n).toBe(0);
  });

  it("make no connection to a record that is deleted between reading and writing", async () => {
    const [source, destination] = [unique("s"), unique("d")];
    const { json } = await call("POST", "/sources", { slug: source });
    await call("POST", "/destinations", { slug: destination, url });
    // The callback's URL is looked up after the source has been found and before the connection is written.
    const late = createClient({
      settings: { ...readSettings(env), allowPrivate: false },
      resolve: async () => {
        await env.DB.prepare("DELETE FROM sources WHERE id = ?1").bind(json.id).run();
        return ok(["93.184.216.34"]);
      },
    });
    const refused = await late.call("POST", "/connections", { source, destination, callback_url: "https://x.test/" });
    expect(refused.json).toMatchObject({ status: 422, errors: [{ pointer: "/source" }] });
  });
});

describe("a queue that refuses", () => {
  const world = createWorld();
  const refusing = createClient({
    now: world.now,
    provesEventId: world.runtime.ids.proves,
    enqueue: () => Promise.reject(new Error("the queue refuses this")),
  });
  const eventOf = async (slug: string): Promise<string> => {
    const result = await world.accept(`/in/${slug}`, { body: "{}" });
    return result.ok && result.value.kind === "event" ? result.value.id : "";
  };

  it("is no error for a retry or replay: the sweep sends the recorded deliveries [G2]", async () => {
    const { slug } = await createRoute([{ retry: { schedule_seconds: [] } }]);
    world.onRequest(() => ({ status: 500 }));
    const id = await eventOf(slug);
    await world.drain();
    world.onRequest(() => ({ status: 200 }));
    const dead = (await refusing.call("GET", `/deliveries?event=${id}`)).json.data[0];
    expect((await refusing.call("POST", `/deliveries/${dead?.id}/retry`)).status).toBe(202);
    expect((await refusing.call("POST", `/events/${id}/replay`)).status).toBe(202);
    expect(world.queued).toHaveLength(0);
    world.advance(70_000);
    await world.sweep();
    await world.drain();
    const { data } = (await refusing.call("GET", `/deliveries?event=${id}`)).json;
    expect(data.map((delivery) => delivery.status)).toEqual(["delivered", "delivered"]);
  });

  it("and a lost answer make no second set of deliveries under the same idempotency key", async () => {
    const { slug } = await createRoute([{}, {}]);
    const id = await eventOf(slug);
    await world.drain();
    const header = { "idempotency-key": unique("replay") };
    const first = await refusing.call("POST", `/events/${id}/replay`, {}, header);
    // As if the first request had died before its answer was stored.
    await env.DB.prepare("UPDATE idempotency_keys SET status = NULL, claimed_at = 0 WHERE key = ?1")
      .bind(header["idempotency-key"])
      .run();
    const second = await refusing.call("POST", `/events/${id}/replay`, {}, header);
    const idsOf = ({ json }: { json: Json }) => json.data?.map((delivery) => delivery.id).sort();
    expect(idsOf(second)).toEqual(idsOf(first));
    expect((await refusing.call("GET", `/deliveries?event=${id}`)).json.data).toHaveLength(4);
  });
});

describe("deleting", () => {
  const flood = async (slug: string, count: number, world: ReturnType<typeof createWorld>): Promise<void> => {
    await world.postMany(slug, count, { body: "{}" });
    for (let i = 0; i < Math.ceil(count / 100); i++) await world.turn();
  };
  const statuses = async (column: string, id: string | undefined): Promise<Record<string, number>> => {
    const { results } = await env.DB.prepare(
      `SELECT status, COUNT(*) AS n FROM deliveries WHERE ${column} = ?1 GROUP BY status`,
    )
      .bind(id ?? "")
      .all<{ status: string; n: number }>();
    return Object.fromEntries(results.map(({ status, n }) => [status, n]));
  };

  it.each([
    ["destination", "destination_deleted"],
    ["connection", "connection_deleted"],
    ["source", "connection_deleted"],
  ] as const)("a %s cancels all that waits for it, held or not, and nothing else", async (of, word) => {
    const world = createWorld();
    const client = createClient({
      now: world.now,
      cancelWaiting: async (kind, id) => {
        const { cancelPiece } = world.consumer.records;
        await cancelWaiting(cancelMessage(kind, id), { cancelPiece, sendOn: world.consumer.sendOn });
      },
    });
    const held = { connection: { delay_seconds: 3_600 } };
    const other = await createRoute([held]);
    const route = await createRoute([held]);
    await flood(other.slug, 5, world);
    await flood(route.slug, 30, world);
    const id = { destination: route.destinationIds, connection: route.connectionIds, source: [route.sourceId] }[of][0];
    await env.DB.prepare(
      "UPDATE deliveries SET status = 'held', next_attempt_at = NULL WHERE id IN (SELECT id FROM deliveries WHERE source_id = ?1 LIMIT 10)",
    )
      .bind(route.sourceId)
      .run();
    expect((await client.call("DELETE", `/${of}s/${id}`)).status).toBe(204);
    expect(await statuses(`${of}_id`, id)).toEqual({ cancelled: 30 });
    expect(await statuses("source_id", other.sourceId)).toEqual({ scheduled: 5 });
    const rows = await env.DB.prepare("SELECT DISTINCT last_error AS word FROM deliveries WHERE source_id = ?1")
      .bind(route.sourceId)
      .all();
    expect(rows.results).toEqual([{ word }]);
  });

  it("continues in parts through the queue, and leaves deliveries that are being attempted to their next time", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([{ connection: { delay_seconds: 3_600 } }]);
    await flood(slug, 3, world);
    // Many copies, written directly in the table.
    await env.DB.prepare(
      `INSERT INTO deliveries (id, source_id, connection_id, destination_id, status, attempts_made, next_attempt_at, deferrals, attempts, created_at, age_credit_ms)
       WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 9000)
       SELECT substr(d.id, 1, 30) || printf('%016d', n.value), source_id, connection_id, destination_id, 'scheduled', 0, next_attempt_at, 0, '[]', created_at, 0
       FROM (SELECT * FROM deliveries WHERE source_id = ?1 LIMIT 1) d, n`,
    )
      .bind(sourceId)
      .run();
    await env.DB.prepare(
      "UPDATE deliveries SET claimed_until = ?2 WHERE id = (SELECT MAX(id) FROM deliveries WHERE source_id = ?1)",
    )
      .bind(sourceId, world.now() + 60_000)
      .run();
    world.queued.length = 0;
    await world.consumer.sendOn(cancelMessage("destination", destinationIds[0] ?? ""), 0);
    const messages = await world.turn();
    expect((await statuses("source_id", sourceId))["scheduled"]).toBeGreaterThan(4_000);
    await world.drain();
    expect(messages).toHaveLength(1);
    expect(await statuses("source_id", sourceId)).toEqual({ cancelled: 9_002, scheduled: 1 });
  });
});
