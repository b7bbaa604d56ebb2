// Bulk replays of events that no connection took, over the connections of now, wherever the record has the events.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { replayMessage } from "../../../src/delivery/index.ts";
import type { ReplayId } from "../../../src/model/ids.ts";
import { databases } from "../databases.ts";
import { clear, timesOnRecord } from "../record/harness.ts";
import { createRoute, TestMessage, type World } from "../harness.ts";
import { byRows, figures, read, setUp, sentIds, start } from "./replaying.ts";

beforeEach(async () => {
  await clear();
  for (const db of databases) await db.prepare("DELETE FROM replays").run();
});

const json = { "content-type": "application/json" };
const body = (type: string, more: object = {}): RequestInit => ({
  body: JSON.stringify({ type, ...more }),
  headers: json,
});
const PAID = { connection: { filter: { body: { type: "paid" } } } };

/** Posts events and records them. */
async function post(world: World, slug: string, types: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const type of types) {
    ids.push(await world.post(slug, body(type)));
    world.advance(1);
  }
  await world.drain();
  world.requests.length = 0;
  world.advance(1_000);
  return ids;
}
const ofTypes = (count: number, ...types: readonly string[]): string[] =>
  Array.from({ length: count }, (_, i) => types[i % types.length] ?? "");

describe.each([
  ["in rows", byRows],
  ["in segments", setUp],
])("a bulk replay of ignored events %s", (_where, begin) => {
  it("delivers those that a connection takes now, once, and counts them before and after", async () => {
    const { world, client } = begin();
    const { slug, connectionIds } = await createRoute([PAID]);
    const types = ofTypes(30, "open", "refund");
    const ids = await post(world, slug, types);
    const wanted = { status: "ignored", source: slug };
    const plan = (more: object = {}) => client.call("POST", "/replays", { ...wanted, ...more, dry_run: true });
    expect((await plan()).json).toMatchObject({ matched: 0, matched_exact: true, estimated_seconds: 0, sample: [] });
    await client.call("PATCH", `/connections/${connectionIds[0]}`, {
      filter: { body: { type: { $in: ["open", "paid"] } } },
    });
    const planned = (await plan({ rate_per_second: 5 })).json;
    expect(planned).toMatchObject({ matched: 15, matched_exact: true, estimated_seconds: 3, dry_run: true });
    expect(planned["sample"]).toMatchObject(
      ids
        .filter((_, i) => types[i] === "open")
        .slice(0, 5)
        .map((event_id) => ({ event_id, status: "pending", connection_id: connectionIds[0] })),
    );
    expect((await client.call("GET", "/replays")).json.data).toEqual([]);
    const id = await start(client, { ...wanted, rate_per_second: 2 });
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 15, queued: 15, done: 15, failed: 0, status: "done" });
    expect(sentIds(world).toSorted()).toEqual(ids.filter((_, i) => types[i] === "open").toSorted());
    for (const [index, event] of ids.entries())
      expect((await client.call("GET", `/events/${event}`)).json["status"]).toBe(
        types[index] === "open" ? "delivered" : "ignored",
      );
    expect((await plan()).json).toMatchObject({ matched: 0, matched_exact: true });
    expect((await client.call("GET", "/ledger")).json).toMatchObject({
      balanced: true,
      data: [{ ignored: 30, replays: 15 }],
    });
    expect([...(await timesOnRecord()).values()]).toEqual(Array(30).fill(1));
  });

  it("makes all deliveries of an event at once, also where a destination is slow, however often its steps come", async () => {
    const { world, client } = begin();
    const { slug } = await createRoute([]);
    const ids = await post(world, slug, ofTypes(7, "open"));
    for (const name of ["a", "b", "c"]) {
      const pace = name === "a" ? { rate_limit: { limit: 1, period_seconds: 30 } } : {};
      await client.call("POST", "/destinations", {
        slug: `${name}-${slug}`,
        url: `https://${name}.test/hook`,
        ...pace,
      });
      await client.call("POST", "/connections", { source: slug, destination: `${name}-${slug}` });
    }
    const id = await start(client, { status: "ignored", source: slug });
    for (let step = 0; step < 12; step++) {
      const doubles = Array.from({ length: 2 }, () => new TestMessage(replayMessage(id as ReplayId, step)));
      await Promise.all(doubles.map((message) => world.consume("replays", [message])));
      const made = await Promise.all(
        ids.map(async (event) => (await client.call("GET", `/deliveries?event=${event}`)).json.data?.length ?? 0),
      );
      expect(made.every((count) => count === 0 || count === 3)).toBe(true);
      for (let i = 0; i < 8; i++, world.advance(10_000)) await world.turn();
    }
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 21, queued: 21, done: 21, failed: 0, status: "done" });
    expect(sentIds(world).toSorted()).toEqual([...ids, ...ids, ...ids].toSorted());
  });

  it("takes those of the filter: source, connection, destination, event, type and time", async () => {
    const { world, client } = begin();
    const both = [{ connection: { enabled: false } }, { connection: { enabled: false } }];
    const { slug, connectionIds, destinationIds } = await createRoute(both, { event_type: { json: "type" } });
    const other = await createRoute(both);
    const early = await post(world, slug, ["open", "paid"]);
    const at = new Date(world.now()).toISOString();
    const late = await post(world, slug, ["open"]);
    await post(world, other.slug, ["open"]);
    for (const connection of [...connectionIds, ...other.connectionIds])
      await client.call("PATCH", `/connections/${connection}`, { enabled: true });
    const matched = async (filter: object): Promise<unknown> =>
      (await client.call("POST", "/replays", { status: "ignored", ...filter, dry_run: true })).json["matched"];
    expect(await matched({})).toBe(8);
    expect(await matched({ source: slug })).toBe(6);
    expect(await matched({ connection: connectionIds[0] })).toBe(3);
    expect(await matched({ destination: destinationIds[1] })).toBe(3);
    expect(await matched({ destination: destinationIds[1], connection: connectionIds[0] })).toBe(0);
    expect(await matched({ event: early[1] })).toBe(2);
    expect(await matched({ event: early[1], source: other.slug })).toBe(0);
    expect(await matched({ type: "open", source: slug })).toBe(4);
    expect(await matched({ source: slug, from: at })).toBe(2);
    expect(await matched({ source: slug, to: at })).toBe(4);
    const id = await start(client, { status: "ignored", connection: connectionIds[0], from: at });
    await world.drain();
    expect(figures(await read(client, id))).toMatchObject({ matched: 1, done: 1, status: "done" });
    expect(sentIds(world)).toEqual(late);
  });

  it("leaves out duplicates, and events that another replay has delivered meanwhile", async () => {
    const { world, client } = begin();
    const { slug, connectionIds } = await createRoute([PAID], { dedupe: { key: "body_hash", window_seconds: 60 } });
    const [first, second] = await post(world, slug, ["open", "open", "refund"]);
    expect((await client.call("GET", `/events/${second}`)).json["duplicate_of"]).toBe(first);
    await client.call("PATCH", `/connections/${connectionIds[0]}`, { filter: null });
    const runs = [await start(client, { status: "ignored" }), await start(client, { status: "ignored", source: slug })];
    await world.drain();
    const [one, two] = await Promise.all(runs.map(async (run) => figures(await read(client, run))));
    expect([one?.["status"], two?.["status"], Number(one?.["queued"]) + Number(two?.["queued"])]).toEqual([
      "done",
      "done",
      2,
    ]);
    expect(new Set(sentIds(world)).size).toBe(2);
    expect(world.requests).toHaveLength(2);
  });

  it("waits while bodies in R2 cannot be read, and goes on once they can", async () => {
    const { world, client } = begin();
    const { slug, connectionIds } = await createRoute([PAID]);
    const large = await world.post(slug, body("open", { text: "x".repeat(200_000) }));
    await world.drain();
    await client.call("PATCH", `/connections/${connectionIds[0]}`, { filter: { body: { type: "open" } } });
    world.advance(1_000);
    const id = await start(client, { status: "ignored", source: slug });
    const mend = world.break("readBody");
    await world.turn();
    expect(await read(client, id)).toMatchObject({ status: "running", queued: 0 });
    mend();
    await world.drain();
    expect(figures(await read(client, id))).toMatchObject({ done: 1, status: "done" });
    expect(sentIds(world)).toEqual([large]);
  });

  it.each(["before", "after"] as const)(
    "continues after D1 failed %s a step, and sends nothing twice [G7]",
    async (when) => {
      const { world, client } = begin();
      const { slug, connectionIds } = await createRoute([PAID]);
      const ids = await post(world, slug, ofTypes(25, "open"));
      await client.call("PATCH", `/connections/${connectionIds[0]}`, { filter: null });
      const id = await start(client, { status: "ignored", source: slug, rate_per_second: 2 });
      world.crashAt("takeIgnored", when, 2);
      await world.drain();
      world.advance(120_000);
      await world.sweep();
      await world.drain();
      expect(figures(await read(client, id))).toEqual({ matched: 25, queued: 25, done: 25, failed: 0, status: "done" });
      expect(sentIds(world).toSorted()).toEqual(ids.toSorted());
    },
  );
});

describe("a bulk replay of ignored events", () => {
  it("counts at least the first 500 in its plan, and all when it runs; one with rows among segments once", async () => {
    const { world, client } = setUp();
    const { slug, connectionIds } = await createRoute([PAID]);
    const ids = await post(world, slug, ofTypes(620, "open"));
    await client.call("PATCH", `/connections/${connectionIds[0]}`, { filter: null });
    expect((await client.call("POST", `/events/${ids[3]}/replay`)).status).toBe(202);
    await world.drain();
    world.requests.length = 0;
    const wanted = { status: "ignored", source: slug, rate_per_second: 500 };
    const plan = (await client.call("POST", "/replays", { ...wanted, dry_run: true })).json;
    expect([plan["matched_exact"], plan["matched"] >= 499, plan["matched"] < 619]).toEqual([false, true, true]);
    const id = await start(client, wanted);
    await world.drain();
    expect(figures(await read(client, id))).toEqual({
      matched: 619,
      queued: 619,
      done: 619,
      failed: 0,
      status: "done",
    });
    expect(new Set(sentIds(world)).size).toBe(619);
    expect(world.requests).toHaveLength(619);
  });

  it("reads no contents where no source has an enabled connection", async () => {
    const { world, client } = byRows();
    const { slug } = await createRoute([]);
    await post(world, slug, ofTypes(3, "open"));
    await env.DB.prepare("UPDATE events SET headers = 'damaged'").run();
    const plan = await client.call("POST", "/replays", { status: "ignored", dry_run: true });
    expect([plan.status, plan.json]).toMatchObject([200, { matched: 0, matched_exact: true }]);
  });
});
