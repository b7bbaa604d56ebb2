// Bulk replays of events in segments: what they send, at what cost, and beside other replays and redeliveries.
import { deflateRawSync } from "node:zlib";
import { env } from "cloudflare:workers";
import fc from "../../property.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { replayMessage } from "../../../src/delivery/index.ts";
import type { EventId, ReplayId } from "../../../src/model/ids.ts";
import { candidates, takePiece } from "../../../src/store/index.ts";
import { figures, read, setUp, start } from "../api/replaying.ts";
import { createRoute, TestMessage, type World } from "../harness.ts";
import { clear, timesOnRecord } from "./harness.ts";

beforeEach(clear);

/** Events that were delivered at once, in segments of five. */
async function delivered(world: World, slug: string, count: number): Promise<EventId[]> {
  const ids: EventId[] = [];
  for (let left = count; left > 0; left -= 5) {
    ids.push(...(await world.postMany(slug, Math.min(5, left), { body: String(left) })));
    await world.turn();
    world.advance(7);
  }
  world.requests.length = 0;
  world.advance(1_000);
  return ids;
}

const sentTo = (world: World): string[] =>
  world.requests.map(({ headers }) => headers.find(([name]) => name === "webhook-id")?.[1] ?? "").sort();
const twice = (ids: readonly string[]): string[] => [...ids, ...ids].sort();
const segmentsOf = async () =>
  (await env.DB.prepare("SELECT ids, superseded FROM segments ORDER BY k").all<{ ids: string; superseded: string }>())
    .results;

describe("an event of a segment whose rows are gone", () => {
  it("is on record no more, neither by its id nor in lists", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute();
    const [id = "", other = ""] = await delivered(world, slug, 2);
    expect((await client.call("POST", `/events/${id}/replay`)).status).toBe(202);
    await world.drain();
    expect((await segmentsOf()).map(({ superseded }) => superseded)).toEqual([id.slice(4)]);
    await env.DB.batch(["events", "deliveries"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
    expect((await client.call("GET", `/events/${id}`)).json).toMatchObject({ status: "accepted", deliveries: [] });
    expect((await client.call("GET", "/events")).json.data?.map((event) => event["id"])).toEqual([other]);
  });
});

describe("a bulk replay of events in segments", () => {
  it("sends each once, however often its steps come, and marks it in its segment", async () => {
    const { world, client } = setUp();
    const { slug, connectionIds } = await createRoute([{}, {}]);
    const ids = await delivered(world, slug, 23);
    const other = await createRoute();
    await delivered(world, other.slug, 5);
    const id = await start(client, { status: "delivered", source: slug, rate_per_second: 2 });
    for (let step = 0; step < 6; step++) {
      const doubles = Array.from({ length: 3 }, () => new TestMessage(replayMessage(id as ReplayId, step)));
      await Promise.all(doubles.map((message) => world.consume("replays", [message])));
      expect(doubles.map(({ settled }) => settled)).toEqual(["ack", "ack", "ack"]);
      for (let i = 0; i < 8; i++, world.advance(1_000)) await world.turn();
    }
    expect(figures(await read(client, id))).toEqual({ matched: 46, queued: 46, done: 46, failed: 0, status: "done" });
    expect(sentTo(world)).toEqual(twice(ids));
    for (const { ids: held, superseded } of await segmentsOf())
      expect(superseded === "" || superseded.length === held.length).toBe(true);
    expect([...(await timesOnRecord()).values()]).toEqual(Array(28).fill(1));
    // Its deliveries in rows by now, and those of the run: one for each event and connection again.
    world.advance(1_000);
    const again = await start(client, { status: "delivered", connection: connectionIds[0] });
    await world.drain();
    expect(figures(await read(client, again))).toMatchObject({ matched: 46, queued: 23, done: 23, status: "done" });
    expect((await client.call("GET", "/ledger")).json).toMatchObject({ balanced: true, differences: [] });
  });

  it("makes exactly its deliveries beside another run, replays of single events and redeliveries, in any order", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat(4), async (scheduler, single) => {
        await clear();
        await env.DB.prepare("DELETE FROM replays").run();
        world.queued.length = 0;
        const ids = await world.postMany(slug, 5);
        const messages = world.queued.map(({ message }) => message);
        await world.turn();
        world.advance(1_000);
        const runs = [await start(client, { status: "delivered" }), await start(client, { source: slug })];
        world.queued.length = 0;
        world.requests.length = 0;
        const undo = [
          world.replace("candidates", (call) => scheduler.scheduleFunction(call)),
          world.replace("takePiece", (call) => scheduler.scheduleFunction(call)),
          world.replace("readContext", (call) => scheduler.scheduleFunction(call)),
        ];
        const all = Promise.all([
          ...runs.map((id) => world.consume("replays", [new TestMessage(replayMessage(id as ReplayId, 0))])),
          scheduler.schedule(Promise.resolve()).then(() => client.call("POST", `/events/${ids[single]}/replay`)),
          world.consume(
            "events",
            messages.map((message) => new TestMessage(message)),
          ),
        ]);
        await scheduler.waitFor(all);
        undo.forEach((back) => back());
        await world.drain();
        expect(sentTo(world)).toEqual([...twice(ids), ids[single] ?? ""].sort());
        for (const id of runs)
          expect(figures(await read(client, id))).toMatchObject({ queued: 5, done: 5, failed: 0, status: "done" });
        expect(await timesOnRecord()).toEqual(new Map([...ids].sort().map((id) => [id, 1])));
        expect((await segmentsOf()).map(({ superseded }) => superseded.length)).toEqual([5 * 32]);
        expect((await client.call("GET", "/ledger")).json).toMatchObject({
          balanced: true,
          data: [{ events: 5, delivered: 5, replays: 11 }],
        });
      }),
      { numRuns: 25 },
    );
  });

  it("sends what was sent, with the bytes of its piece, and leaves out connections that are gone", async () => {
    const { world, client } = setUp();
    const { slug, connectionIds } = await createRoute([{}, {}]);
    const body = crypto.getRandomValues(new Uint8Array(20_000));
    await world.post(slug, { body });
    await world.turn();
    const [sent] = world.requests.splice(0);
    world.advance(1_000);
    await client.call("DELETE", `/connections/${connectionIds[1]}`);
    const id = await start(client, { status: "delivered" });
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 1, queued: 1, done: 1, failed: 0, status: "done" });
    expect(world.requests.map((request) => request.body)).toEqual([sent?.body]);
  });

  it("names a segment that cannot be decoded, and takes the others", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute();
    const lost = await delivered(world, slug, 5);
    await env.DB.prepare("UPDATE segments SET entries = ?1")
      .bind(new Uint8Array(deflateRawSync('{"v":9}')))
      .run();
    const fine = await delivered(world, slug, 5);
    const named: unknown[] = [];
    world.replace("candidates", (look) => async (...of) => {
      const page = await look(...of);
      named.push(...page.unreadable);
      return page;
    });
    const plan = await client.call("POST", "/replays", { status: "delivered", dry_run: true });
    expect(plan.json).toMatchObject({ matched: 5, matched_exact: false });
    await start(client, { status: "delivered" });
    await world.drain();
    expect(sentTo(world)).toEqual([...fine].sort());
    expect(lost).toHaveLength(5);
    const row = await env.DB.prepare("SELECT MIN(k) AS k FROM segments").first<{ k: number }>();
    expect(named).toEqual([{ key: row?.k, detail: expect.stringContaining("version 9") }]);
  });

  it("reads few rows and writes four for each that it takes, and one for each segment", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute();
    for (let i = 0; i < 5; i++) {
      await world.postMany(slug, 100);
      await world.turn();
    }
    world.advance(1_000);
    const rows = { read: 0, written: 0 };
    const count = <T>(result: D1Result<T>): D1Result<T> => {
      rows.read += result.meta.rows_read;
      rows.written += result.meta.rows_written;
      return result;
    };
    const statement = (of: D1PreparedStatement): object => ({
      of,
      bind: (...values: unknown[]) => statement(of.bind(...values)),
      all: async () => count(await of.all()),
    });
    const db = {
      prepare: (sql: string) => statement(env.DB.prepare(sql)),
      batch: async (all: { readonly of: D1PreparedStatement }[]) =>
        (await env.DB.batch(all.map(({ of }) => of))).map(count),
    } as unknown as D1Database;
    world.replace(
      "candidates",
      () =>
        (...of) =>
          candidates(db, ...of),
    );
    world.replace("takePiece", () => (run, piece) => takePiece(db, run, piece, world.now()));
    const id = await start(client, { status: "delivered", rate_per_second: 60 });
    await world.consume("replays", [new TestMessage(replayMessage(id as ReplayId, 0))]);
    expect(await read(client, id)).toMatchObject({ queued: 300 });
    console.log(`a delivery replayed from a segment: ${rows.read / 300} rows read, ${rows.written / 300} written`);
    expect(rows.written).toBeLessThanOrEqual(4 * 300 + 3 + 3);
    expect(rows.read).toBeLessThanOrEqual(15 * 300);
    await client.call("POST", `/replays/${id}/cancel`);
  });
});
