// The life of webhooks over all databases of the record: with one in the project `workers`, with three in `workers-three`.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { RECORD_SLOT_MS } from "../../../src/config/record-limits.ts";
import { eventIdOf, type DeliveryId, type DestinationId, type EventId } from "../../../src/model/ids.ts";
import { databaseOf } from "../../../src/worker/databases.ts";
import { shardsOf } from "../../../src/worker/shards.ts";
import { setUp } from "../api/replaying.ts";
import { databases, everywhere } from "../databases.ts";
import { createRoute, TestMessage, type World } from "../harness.ts";
import { clear, counted, keysAside, timesOnRecord } from "../record/harness.ts";

beforeEach(async () => {
  await clear();
  await everywhere("DELETE FROM audit");
  await everywhere("DELETE FROM replays");
});

/** One event in each of so many slots of time: the databases take turns. */
async function postEach(world: World, slug: string, count: number): Promise<EventId[]> {
  const ids: EventId[] = [];
  for (let i = 0; i < count; i++) {
    ids.push(await world.post(slug, { body: `{"n":${i}}` }));
    world.advance(RECORD_SLOT_MS);
  }
  return ids;
}

const usedBy = (ids: readonly string[]): number => new Set(ids.map((id) => databaseOf(env, id))).size;
const deliveryOf = async (world: World, event: EventId) =>
  (await world.deliveries()).filter(({ id }) => eventIdOf(id) === event);

async function listAll(client: ReturnType<typeof setUp>["client"], path: string): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ""; ;) {
    const { json } = await client.call("GET", `${path}${cursor}`);
    ids.push(...(json["data"] as readonly { id: string }[]).map(({ id }) => id));
    if (json["next_cursor"] === null) return ids;
    cursor = `&cursor=${json["next_cursor"] as string}`;
  }
}

describe("events on record", () => {
  it("are each in the database of their time, once, whichever batch brings them again [G3]", async () => {
    const { world } = setUp();
    const { slug } = await createRoute();
    const ids = await postEach(world, slug, 9);
    const messages = world.queued.splice(0).map(({ message }) => message);
    await world.consume(
      "events",
      messages.slice(0, 6).map((message) => new TestMessage(message)),
    );
    await world.consume(
      "events",
      messages.toReversed().map((message) => new TestMessage(message)),
    );
    expect(world.requests).toHaveLength(9);
    expect(await timesOnRecord()).toEqual(new Map(ids.map((id) => [id, 1])));
    expect(usedBy(ids)).toBe(databases.length);
    for (const db of databases) {
      const { results } = await db.prepare("SELECT id FROM events").all<{ id: string }>();
      for (const { id } of results) expect(databaseOf(env, id)).toBe(db);
    }
    expect(await counted("delivered")).toBe(9);
  });

  it("are listed in one order, read by id, counted and balanced as in one database", async () => {
    const { world, client } = setUp();
    const { slug, sourceId, destinationIds } = await createRoute([{ retry: { schedule_seconds: [] }, circuit: null }]);
    world.onRequest(() => ({ status: world.requests.length % 3 === 0 ? 500 : 200 }));
    const ids = await postEach(world, slug, 12);
    await world.drain();
    const newestFirst = ids.toReversed();
    for (const limit of [1, 5, 50]) expect(await listAll(client, `/events?limit=${limit}`)).toEqual(newestFirst);
    const deliveries = await listAll(client, `/deliveries?limit=5&source=${sourceId}`);
    expect(deliveries.map((id) => eventIdOf(id as DeliveryId))).toEqual(newestFirst);
    expect(await listAll(client, "/deliveries?limit=2&status=dead")).toHaveLength(4);
    for (const id of ids) expect((await client.call("GET", `/events/${id}`)).json["id"]).toBe(id);
    const { json: stats } = await client.call("GET", `/stats?source=${sourceId}`);
    expect(stats).toMatchObject({ series: [{ totals: { accepted: 12, delivered: 8, dead: 4 } }] });
    const { json: ledger } = await client.call("GET", "/ledger");
    expect(ledger).toMatchObject({ balanced: true, data: [{ events: 12, matched: 12, delivered: 8, dead: 4 }] });
    const { json: health } = await client.call("GET", `/destinations/${destinationIds[0]}/health`);
    expect(health["backlog"]).toEqual({ dead: 4 });
  });

  it("are released from every database when the circuit that they are parked behind has closed [G2]", async () => {
    const { world } = setUp();
    const circuit = { failure_threshold: 1, open_seconds: 600, max_open_seconds: 600 };
    const { slug, destinationIds } = await createRoute([{ circuit, retry: { schedule_seconds: [1_200] } }]);
    const [id = ""] = destinationIds;
    world.onRequest(() => ({ status: 500 }));
    const ids = await postEach(world, slug, 1);
    await world.turn();
    ids.push(...(await postEach(world, slug, 15)));
    await world.turn();
    expect(
      await everywhere("SELECT id FROM deliveries WHERE deferred_by = 'circuit' AND slot_at IS NULL"),
    ).toHaveLength(12);
    expect((await world.consumer.records.parkedPage(id as DestinationId, 50)).waiting).toHaveLength(12);
    world.onRequest(() => ({ status: 200 }));
    await world.drain();
    expect(await counted("delivered")).toBe(16);
    expect(usedBy(ids)).toBe(databases.length);
  });

  it("are retried, cancelled and replayed by id, and the audit log shows all of it", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [] }, circuit: null }]);
    world.onRequest(() => ({ status: 500 }));
    const ids = await postEach(world, slug, 6);
    await world.drain();
    world.onRequest(() => ({ status: 200 }));
    const [retried, cancelled] = [ids.slice(0, 3), ids.slice(3)];
    for (const id of retried) {
      const [delivery] = await deliveryOf(world, id);
      expect((await client.call("POST", `/deliveries/${delivery?.id}/retry`)).status).toBe(202);
    }
    for (const id of cancelled) {
      const [delivery] = await deliveryOf(world, id);
      expect((await client.call("POST", `/deliveries/${delivery?.id}/cancel`)).json["status"]).toBe("cancelled");
    }
    await world.drain();
    for (const id of ids) expect((await client.call("POST", `/events/${id}/replay`)).status).toBe(202);
    await world.drain();
    for (const [index, id] of ids.entries()) {
      const statuses = (await deliveryOf(world, id)).map(({ status }) => status).sort();
      expect(statuses).toEqual([index < 3 ? "delivered" : "cancelled", "delivered"].sort());
    }
    const actions = (await client.call("GET", "/audit?limit=200")).json["data"] as readonly { action: string }[];
    const count = (action: string): number => actions.filter((entry) => entry.action === action).length;
    expect([count("retry"), count("cancel"), count("replay")]).toEqual([3, 3, 6]);
  });

  it("are attempted again as their destination is configured by then, and wait while it is paused", async () => {
    const { world } = setUp();
    const { slug, destinationIds } = await createRoute([{ retry: { schedule_seconds: [60, 60] }, circuit: null }]);
    world.onRequest(() => ({ status: 500 }));
    await postEach(world, slug, 3);
    await world.turn();
    const [id = ""] = destinationIds;
    world.requests.length = 0;
    world.onRequest(({ url }) => ({ status: url.endsWith("/moved") ? 200 : 500 }));
    await env.DB.prepare("UPDATE destinations SET paused = 1, updated_at = updated_at + 1 WHERE id = ?").bind(id).run();
    await world.drain();
    expect((await world.deliveries()).map(({ status }) => status)).toEqual(["held", "held", "held"]);
    expect(world.requests).toHaveLength(0);
    await env.DB.prepare(
      "UPDATE destinations SET paused = 0, spec = json_set(spec, '$.url', spec ->> '$.url' || '/moved'), updated_at = updated_at + 1 WHERE id = ?",
    )
      .bind(id)
      .run();
    await world.sweep();
    await world.drain();
    expect((await world.deliveries()).map(({ status }) => status)).toEqual(["delivered", "delivered", "delivered"]);
  });

  it("come back by the sweep when their messages are lost, and are cancelled with their destination [G2]", async () => {
    const { world } = setUp();
    const { slug, destinationIds } = await createRoute([{ retry: { schedule_seconds: [600] }, circuit: null }]);
    world.onRequest(() => ({ status: 500 }));
    const ids = await postEach(world, slug, 6);
    await world.turn();
    world.queued.splice(0);
    world.advance(700_000);
    await world.sweep();
    expect(world.queued).toHaveLength(6);
    world.queued.splice(0);
    const [id = ""] = destinationIds;
    let after: Awaited<ReturnType<typeof world.consumer.records.cancelPiece>>["next"] = null;
    let cancelled = 0;
    do {
      const piece = await world.consumer.records.cancelPiece({ v: 1, kind: "cancel", of: "destination", id, after });
      cancelled += piece.cancelled;
      after = piece.next;
    } while (after !== null);
    expect(cancelled).toBe(6);
    expect((await world.deliveries()).map(({ status }) => status)).toEqual(ids.map(() => "cancelled"));
  });

  it("are redriven in bulk, each once, and the run counts all of them", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([{ retry: { schedule_seconds: [] }, circuit: null }]);
    world.onRequest(() => ({ status: 500 }));
    const ids = await postEach(world, slug, 10);
    await world.drain();
    world.onRequest(() => ({ status: 200 }));
    world.requests.length = 0;
    const filter = { status: "dead", destination: destinationIds[0] };
    const plan = await client.call("POST", "/replays", { ...filter, dry_run: true });
    expect(plan.json).toMatchObject({
      matched: 10,
      matched_exact: true,
      rate_per_second: plan.json["rate_per_second"],
    });
    const { status, json: run } = await client.call("POST", "/replays", filter);
    expect([status, run["rate_per_second"]]).toEqual([202, plan.json["rate_per_second"]]);
    await world.drain();
    const { json: done } = await client.call("GET", `/replays/${String(run["id"])}`);
    expect(done).toMatchObject({ status: "done", matched: 10, queued: 10, done: 10, failed: 0 });
    expect((await client.call("GET", "/replays?limit=1")).json["data"]).toEqual([done]);
    expect(world.requests).toHaveLength(10);
    expect((await world.deliveries()).map(({ status: now }) => now)).toEqual(ids.map(() => "delivered"));
    const entries = (await client.call("GET", "/audit?limit=200")).json["data"] as readonly { resource_id: string }[];
    expect(entries.filter((entry) => entry.resource_id === run["id"])).toHaveLength(1);
  });

  it("that no connection took are delivered in bulk over one that was made later, each once", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([]);
    const ids = await postEach(world, slug, 10);
    await world.drain();
    world.advance(1_000);
    const slugs = { slug: `late-${slug}` };
    await client.call("POST", "/destinations", { ...slugs, url: "https://late.test/hook" });
    await client.call("POST", "/connections", { ...slugs, source: slug, destination: slugs.slug });
    const filter = { status: "ignored", source: slug };
    const plan = await client.call("POST", "/replays", { ...filter, dry_run: true });
    expect(plan.json).toMatchObject({ matched: 10, matched_exact: true });
    const { json: run } = await client.call("POST", "/replays", filter);
    await world.drain();
    const { json: done } = await client.call("GET", `/replays/${String(run["id"])}`);
    expect(done).toMatchObject({ status: "done", matched: 10, queued: 10, done: 10, failed: 0 });
    expect(world.requests).toHaveLength(10);
    expect(new Set((await world.deliveries()).map(({ id }) => eventIdOf(id)))).toEqual(new Set(ids));
  });

  it("report their ends by callbacks that are in the database of what they report", async () => {
    const { world } = setUp();
    const { slug } = await createRoute([{ connection: { callback_url: "https://callback.test/ends" } }]);
    const ids = await postEach(world, slug, 4);
    world.advance(RECORD_SLOT_MS);
    await world.drain();
    const callbacks = await everywhere<{ id: string; of: string }>(
      "SELECT id, options ->> '$.callback_of' AS of FROM events WHERE options ->> '$.callback_of' IS NOT NULL",
    );
    for (const { id, of } of callbacks) expect(databaseOf(env, id)).toBe(databaseOf(env, of));
    const sent = world.requests.filter(({ url }) => url === "https://callback.test/ends");
    expect(sent).toHaveLength(ids.length);
  });

  it("leave the outbox in the transaction that records them, and everything with retention", async () => {
    const { world } = setUp({ journal: "always" });
    const { slug } = await createRoute();
    const ids = await postEach(world, slug, 6);
    for (const db of databases) {
      const { results } = await db.prepare("SELECT id FROM outbox ORDER BY id").all<{ id: EventId }>();
      expect(results.map(({ id }) => id)).toEqual(ids.filter((id) => databaseOf(env, id) === db));
    }
    world.queued.splice(0);
    world.advance(120_000);
    await world.sweep();
    await world.drain();
    expect(world.requests).toHaveLength(6);
    expect(await everywhere("SELECT id FROM outbox")).toEqual([]);
    expect((await timesOnRecord()).size).toBe(6);
    world.advance(16 * 86_400_000);
    await world.sweep();
    expect((await timesOnRecord()).size).toBe(0);
    expect(await everywhere("SELECT id FROM deliveries")).toEqual([]);
  });

  it("are recorded later as a whole when one database is away [G7]", async () => {
    const { world } = setUp();
    const { slug } = await createRoute();
    const ids = await postEach(world, slug, 6);
    const { write } = world.consumer.records;
    const stop = world.replace("write", () => async (writes) => {
      const [first] = writes.firsts;
      await write({ ...writes, firsts: first === undefined ? [] : [first] });
      throw new Error("a database is away");
    });
    await world.turn();
    stop();
    expect(world.requests).toHaveLength(6);
    world.advance(60_000);
    for (let round = 0; round < 3; round++) {
      await world.sweep();
      await world.drain();
    }
    expect(await timesOnRecord()).toEqual(new Map(ids.map((id) => [id, 1])));
    expect(world.requests).toHaveLength(6);
    expect(await counted("delivered")).toBe(6);
  });

  it("are attempted again in the other databases while one is away, and in that one when it is back [G2]", async () => {
    const { world } = setUp();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [5, 3_600] } }]);
    world.onRequest(() => ({ status: 500 }));
    const ids = await postEach(world, slug, 6);
    await world.turn();
    world.onRequest(() => ({ status: 200 }));
    world.advance(6_000);
    const away = shardsOf(world.runtime).all.slice(1).at(-1);
    const DB = away?.env.DB;
    Object.assign(away?.env ?? {}, { DB: { prepare: () => expect.unreachable("a database is away") } });
    await world.turn();
    expect(world.requests).toHaveLength(6 + ids.filter((id) => databaseOf(env, id) !== DB).length);
    Object.assign(away?.env ?? {}, { DB });
    world.advance(60_000);
    await world.turn();
    expect(world.requests).toHaveLength(12);
    expect((await world.deliveries()).map(({ status }) => status)).toEqual(Array<string>(6).fill("delivered"));
  });

  it("wait in R2 for a database that is away for an hour, none set aside; those of other databases go on [G7]", async () => {
    const { world } = setUp();
    const { slug } = await createRoute();
    const away = shardsOf(world.runtime).all.at(-1);
    const ids = await postEach(world, slug, 6);
    const { writer } = away?.record ?? {};
    Object.assign(away?.record ?? {}, { writer: { write: () => Promise.reject(new Error("a database is away")) } });
    await world.turn();
    for (let minute = 0; minute < 60; minute += 5) {
      await world.sweep();
      await world.turn();
      world.advance(300_000);
    }
    expect(await keysAside()).toEqual([]);
    expect(usedBy([...(await timesOnRecord()).keys()])).toBe(databases.length - 1);
    Object.assign(away?.record ?? {}, { writer });
    await world.sweep();
    await world.drain();
    expect(await timesOnRecord()).toEqual(new Map(ids.map((id) => [id, 1])));
    expect(world.requests).toHaveLength(6);
  });
});
