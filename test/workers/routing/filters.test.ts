// Filters on the way of an event: which deliveries it makes, and what is kept of those it does not make.
import { MAX_DEAD_LETTER_ATTEMPTS } from "../../../src/config/limits.ts";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { EventMessage } from "../../../src/model/message.ts";
import { createClient } from "../api/harness.ts";
import { countRowsWritten } from "../counting.ts";
import { createRoute, createWorld, TestMessage, type World } from "../harness.ts";

const json = { "content-type": "application/json" };

async function send(world: World, slug: string, body: string, path = "", headers: Record<string, string> = json) {
  return world.post(slug + path, { body, headers });
}
const read = async (id: string) => (await createClient().call("GET", `/events/${id}`)).json;
const with_ = (filter: unknown, more: object = {}) => ({ connection: { filter, ...more } });

describe("an event", () => {
  it("goes only to the connections whose filter it meets", async () => {
    const world = createWorld();
    const { slug, connectionIds } = await createRoute([
      with_({ body: { type: "paid" } }),
      with_({ body: { type: "open" } }),
      with_({ headers: { "X-Kind": "a" }, path: { $startsWith: "/orders" }, query: { v: 2 } }),
      {},
    ]);
    const id = await send(world, slug, '{"type":"paid"}', "/orders/1?v=2", { ...json, "x-kind": "a" });
    await world.turn();
    expect(world.requests).toHaveLength(3);
    expect(await read(id)).toMatchObject({
      status: "delivered",
      ignored_by: [
        { connection: connectionIds[1], reason: "filter", failed_clause: 'body.type: expected "open", got "paid"' },
      ],
    });
  });

  it("without a field meets its $not, unless the connection says missing_matches_not: false", async () => {
    const world = createWorld();
    const filter = { body: { type: { $not: "test" } } };
    const { slug, connectionIds } = await createRoute([with_(filter), with_(filter)]);
    const { call } = createClient();
    const changed = await call("PATCH", `/connections/${connectionIds[1]}`, { missing_matches_not: false });
    expect([changed.status, changed.json.missing_matches_not]).toEqual([200, false]);
    expect((await call("GET", `/connections/${connectionIds[0]}`)).json.missing_matches_not).toBe(true);
    const id = await send(world, slug, '{"id":7}');
    await world.turn();
    expect(world.requests).toHaveLength(1);
    const failed_clause = 'body.type: expected $not "test", got nothing';
    const ignored = { connection: connectionIds[1], reason: "filter", failed_clause };
    expect((await read(id)).ignored_by).toEqual([ignored]);
    const trial = (more: object) => call("POST", "/filters/test", { filter, sample: { body: { id: 7 } }, ...more });
    expect((await trial({})).json).toEqual({ matched: true, failed_clause: null });
    expect((await trial({ missing_matches_not: false })).json).toEqual({ matched: false, failed_clause });
    const wrong = await call("PATCH", `/connections/${connectionIds[1]}`, { missing_matches_not: "no" });
    expect([wrong.status, wrong.json.errors?.[0]?.pointer]).toEqual([422, "/missing_matches_not"]);
  });

  it("that nothing matched is ignored, with the reason of each connection", async () => {
    const world = createWorld();
    const { slug, connectionIds } = await createRoute([
      with_({ body: { amount: { $gt: 100 } } }),
      with_(null, { enabled: false }),
    ]);
    const id = await send(world, slug, '{"amount":5}');
    const [message] = await world.turn();
    expect(message?.settled).toBe("ack");
    expect(world.requests).toHaveLength(0);
    const seen = await read(id);
    expect(seen).toMatchObject({ status: "ignored", deliveries: [] });
    // Routes are read in the order of their ids, which is no order here.
    expect(seen.ignored_by).toHaveLength(2);
    expect(seen.ignored_by).toEqual(
      expect.arrayContaining([
        { connection: connectionIds[0], reason: "filter", failed_clause: "body.amount: expected $gt 100, got 5" },
        { connection: connectionIds[1], reason: "disabled", failed_clause: null },
      ]),
    );
  });

  it("of a source without connections is ignored for that", async () => {
    const world = createWorld();
    const { slug } = await createRoute([]);
    const id = await send(world, slug, "{}");
    await world.turn();
    expect(await read(id)).toMatchObject({
      status: "ignored",
      ignored_by: [{ connection: null, reason: "no_connection", failed_clause: null }],
    });
  });

  it("keeps its reasons when D1 is down at the time [G7]", async () => {
    const world = createWorld();
    const { slug, connectionIds } = await createRoute([with_({ body: { a: 1 } })]);
    await send(world, slug, "{}");
    await world.turn();
    const id = await send(world, slug, '{"a":2}');
    const mend = world.break("readContext", "write");
    await world.turn(1);
    mend();
    await world.sweep();
    await world.drain();
    expect((await read(id))["ignored_by"]).toMatchObject([{ connection: connectionIds[0], reason: "filter" }]);
  });

  it("costs no row of its own, delivered past a filter or ignored", async () => {
    const world = createWorld();
    const { slug } = await createRoute([with_({ body: { n: { $lt: 50 } } })]);
    for (let n = 0; n < 100; n++) await send(world, slug, JSON.stringify({ n }));
    const messages = world.queued.splice(0).map((item) => new TestMessage(item.message));
    const rows = countRowsWritten(world);
    await world.consume("events", messages);
    expect(world.requests).toHaveLength(50);
    // The segment and two counters.
    expect(rows()).toBe(3);
  });
});

describe("a body in R2", () => {
  const large = (type: string): string => JSON.stringify({ pad: "x".repeat(200_000), type });

  it("is read for a filter that looks into it", async () => {
    const world = createWorld();
    const { slug } = await createRoute([with_({ body: { type: "paid" } })]);
    await send(world, slug, large("paid"));
    const other = await send(world, slug, large("open"));
    await world.turn();
    expect(world.requests).toHaveLength(1);
    expect(world.requests[0]?.body?.kind).toBe("r2");
    expect(await read(other)).toMatchObject({
      ignored_by: [{ failed_clause: 'body.type: expected "paid", got "open"' }],
    });
  });

  it("is left alone where no filter looks into bodies", async () => {
    const world = createWorld({ consumer: { readBody: () => Promise.reject(new Error("not to be read")) } });
    const { slug } = await createRoute([with_({ path: "/" }), {}]);
    await send(world, slug, large("paid"));
    await world.turn();
    expect(world.requests).toHaveLength(2);
  });

  it("that cannot be read at the moment sends the message back, and nothing is lost [G7]", async () => {
    const world = createWorld();
    const mend = world.break("readBody");
    const { slug } = await createRoute([with_({ body: { type: "paid" } })]);
    const id = await send(world, slug, large("paid"));
    const [message] = await world.turn();
    expect(message).toMatchObject({ settled: "retry", calls: 1 });
    mend();
    await world.drain();
    expect(await read(id)).toMatchObject({ status: "delivered" });
  });

  it("beyond the limit does not match, and the clause says so", async () => {
    const world = createWorld();
    const { slug } = await createRoute([with_({ body: { type: "paid" } })], { max_body_bytes: 10_000_000 });
    const id = await send(world, slug, JSON.stringify({ pad: "x".repeat(6_000_000), type: "paid" }));
    await world.turn();
    expect(await read(id)).toMatchObject({
      status: "ignored",
      ignored_by: [{ reason: "filter", failed_clause: "body: is larger than the 1048576 bytes that are read" }],
    });
  });
});

describe("a filter that cannot be understood", () => {
  it("makes the event wait, however often its message comes, and is never a loss [G2]", async () => {
    const world = createWorld();
    const { slug } = await createRoute([with_({ body: { $nonsense: 1 } })]);
    const id = await send(world, slug, "{}");
    const event = world.queued[0]?.message as EventMessage;
    const [message] = await world.turn();
    expect(message).toMatchObject({ settled: "retry", calls: 1 });
    const given = new TestMessage(event);
    await world.deadLetter([given]);
    expect(given.settled).toBe("retry");
    // Before the last queue deletes it, the event starts over in its first one.
    world.queued.splice(0);
    const last = new TestMessage(event, "last", MAX_DEAD_LETTER_ATTEMPTS);
    await world.deadLetter([last]);
    expect([last.settled, last.calls]).toEqual(["ack", 1]);
    await env.DB.prepare(
      "UPDATE connections SET spec = json_set(spec, '$.filter', NULL) WHERE spec LIKE '%$nonsense%'",
    ).run();
    await env.DB.prepare("UPDATE sources SET version = version + 1 WHERE slug = ?").bind(slug).run();
    await world.turn();
    expect(await read(id)).toMatchObject({ status: "delivered" });
  });
});
