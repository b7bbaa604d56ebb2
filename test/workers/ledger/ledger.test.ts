// The ledger: how each kind of traffic counts, which faults it finds, and how the sweep repairs them.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { timeToBase32 } from "../../../src/kernel/base32.ts";
import { eventIdOf, makeDeliveryId, type ConnectionId } from "../../../src/model/ids.ts";
import { reviveStatements } from "../../../src/store/record-batch.ts";
import { createClient, type Json } from "../api/harness.ts";
import { createRoute, createWorld } from "../harness.ts";

const HOUR = 3_600_000;
const instant = (ms: number): string => new Date(ms).toISOString();

interface Row extends Json {
  matched: number;
  events: number;
  difference: number;
  balanced: boolean;
}
type Ledger = Omit<Json, "data"> & { balanced: boolean; data: Row[]; differences: Json[] };

let world = createWorld();
const api = () => createClient({ now: world.now, provesEventId: world.runtime.ids.proves });
const ledger = async (query = ""): Promise<Ledger> => (await api().call("GET", `/ledger${query}`)).json as Ledger;
const run = (sql: string, ...values: unknown[]): Promise<unknown> =>
  env.DB.prepare(sql)
    .bind(...values)
    .run();
const ids = async (): Promise<string[]> => (await world.deliveries()).map((row) => row.id);
/** Gives each event rows of its own, as a replay does: what follows is lost from these. */
const giveRows = async (): Promise<void> => {
  for (const id of new Set((await world.deliveries()).map((row) => eventIdOf(row.id)))) {
    const found = await world.runtime.record.reader.event(id);
    if (!found.ok || found.value === null) throw new Error("not on record");
    const statements = reviveStatements(env.DB, [found.value]);
    if (statements.length > 0) await env.DB.batch(statements);
  }
};
const settleAll = async (): Promise<void> => {
  world.advance(120_000);
  await world.sweep();
  await world.drain();
};

beforeEach(async () => {
  await env.DB.batch(
    ["counters", "marks", "events", "deliveries", "segments", "destination_states"].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  );
  world = createWorld();
});

describe("the ledger", () => {
  it("balances over every outcome of an event [G2]", async () => {
    const plain = await createRoute([{}, { retry: { schedule_seconds: [] } }, { connection: { delay_seconds: 600 } }]);
    const ignored = await createRoute([]);
    const twice = await createRoute([{}], { dedupe: { key: "body_hash", window_seconds: 600 } });
    const held = await createRoute();
    await run("UPDATE destinations SET paused = 1 WHERE id = ?1", held.destinationIds[0]);
    await run("UPDATE sources SET version = 2 WHERE id = ?1", held.sourceId);
    world.onRequest((request) => ({ status: request.url.includes("-1.") ? 500 : 200 }));
    await world.postMany(plain.slug, 3);
    await world.postMany(ignored.slug, 2);
    await world.post(twice.slug);
    await world.post(twice.slug);
    await world.post(held.slug);
    for (let i = 0; i < 3; i++) await world.turn();
    // Events of the same millisecond have no order: this one must belong to the plain source.
    const delivered = (await world.deliveries()).find(
      (row) => row.status === "delivered" && row.source_id === plain.sourceId,
    );
    const event = String(delivered?.["id"]).replace("dlv_", "evt_").slice(0, 36);
    const { json: again } = await api().call("POST", `/events/${event}/replay`);
    expect(again.data).not.toHaveLength(0);
    const waiting = (await world.deliveries()).find((row) => row.status === "scheduled");
    expect((await api().call("POST", `/deliveries/${String(waiting?.["id"])}/cancel`)).status).toBe(200);

    const answer = await ledger();
    expect(answer).toMatchObject({ balanced: true, differences: [], differences_left_out: 0, next_cursor: null });
    const of = (sourceId: string): Row | undefined => answer.data.find((row) => row.source === sourceId);
    expect(of(plain.sourceId)).toMatchObject({
      hour: "2026-11-24T00:00:00.000Z",
      source_slug: plain.slug,
      events: 3,
      matched: 9,
      delivered: 3,
      dead: 3,
      cancelled: 1,
      in_flight: 2,
      replays: again.data?.length,
      difference: 0,
      balanced: true,
      complete: true,
    });
    expect(of(ignored.sourceId)).toMatchObject({ events: 2, ignored: 2, matched: 0 });
    expect(of(twice.sourceId)).toMatchObject({ events: 2, duplicates: 1, ignored: 0, matched: 1, delivered: 1 });
    expect(of(held.sourceId)).toMatchObject({ events: 1, matched: 1, in_flight: 1 });
  });

  it("includes published events and callbacks", async () => {
    const { slug, destinationIds } = await createRoute([{ connection: { callback_url: "https://caller.test/word" } }]);
    await world.post(slug);
    await world.drain();
    const published = await createClientEvent(destinationIds[0] ?? "");
    expect(published).not.toBe("");
    await world.drain();
    const answer = await ledger();
    expect(answer.balanced).toBe(true);
    // The callback, and the event that was published straight to a destination, have no source.
    expect(answer.data.find((row) => row.source === null)).toMatchObject({ events: 2, matched: 2, delivered: 2 });
  });

  it("names a delivery whose record is lost; the sweep restores it, and it is delivered", async () => {
    const { slug, sourceId } = await createRoute([{}, {}]);
    await world.postMany(slug, 2);
    await world.turn();
    await giveRows();
    expect(world.requests).toHaveLength(4);
    const [lost = ""] = await ids();
    await run("DELETE FROM deliveries WHERE id = ?1", lost);
    const broken = await ledger();
    expect(broken.balanced).toBe(false);
    expect(broken.data[0]).toMatchObject({
      source: sourceId,
      matched: 4,
      delivered: 3,
      difference: 1,
      balanced: false,
    });
    expect(broken.differences).toEqual([
      {
        kind: "missing_delivery",
        event: lost.replace("dlv_", "evt_").slice(0, 36),
        delivery: null,
        matched: 2,
        found: 1,
        hour: "2026-11-24T00:00:00.000Z",
        source: sourceId,
        source_slug: slug,
      },
    ]);
    await world.sweep();
    expect(await ledger()).toMatchObject({ balanced: true, differences: [] });
    expect(await ids()).toContain(lost);
    await settleAll();
    expect(world.requests).toHaveLength(5);
    expect(world.requests.at(-1)?.headers.find(([name]) => name === "sluice-delivery-id")?.[1]).toBe(lost);
    expect((await ledger()).data[0]).toMatchObject({ matched: 4, delivered: 4 });
  });

  it("has a dead letter for a delivery that cannot be restored", async () => {
    const { slug, connectionIds } = await createRoute([{}, {}]);
    await world.post(slug);
    await world.turn();
    await giveRows();
    const lost = (await ids()).find((id) => id.endsWith(connectionIds[0]?.slice(-10) ?? "-"));
    await run("DELETE FROM deliveries WHERE id = ?1", lost);
    await run("DELETE FROM connections WHERE id = ?1", connectionIds[0]);
    await world.sweep();
    const answer = await ledger();
    expect(answer).toMatchObject({ balanced: true });
    expect(answer.data[0]).toMatchObject({ matched: 2, delivered: 1, dead: 1 });
    const dead = (await world.deliveries()).find((row) => row.status === "dead");
    expect(dead).toMatchObject({ last_error: "unprocessable: delivery_lost", connection_id: null });
    await world.sweep();
    expect(await ids()).toHaveLength(2);
  });

  it("restores no delivery for a connection that is newer than the event", async () => {
    const { slug, sourceId, connectionIds } = await createRoute();
    await world.post(slug);
    await world.turn();
    await giveRows();
    await run("DELETE FROM deliveries");
    // The same connection, but created after the event.
    const late = `con_${timeToBase32(world.now() + HOUR)}0000000000000000`;
    await run("UPDATE connections SET id = ?1 WHERE id = ?2", late, connectionIds[0]);
    await run("UPDATE sources SET version = version + 1 WHERE id = ?1", sourceId);
    await world.sweep();
    await settleAll();
    expect(world.requests).toHaveLength(1);
    expect((await ledger()).data[0]).toMatchObject({ matched: 1, dead: 1, balanced: true });
  });

  it("names a waiting delivery without a time; the sweep makes it due", async () => {
    const { slug } = await createRoute([{ connection: { delay_seconds: 600 } }]);
    await world.post(slug);
    await world.turn();
    const [stranded = ""] = await ids();
    await run("UPDATE deliveries SET next_attempt_at = NULL WHERE id = ?1", stranded);
    world.queued.splice(0);
    const broken = await ledger();
    expect(broken.data[0]).toMatchObject({ matched: 1, in_flight: 0, difference: 1, balanced: false });
    expect(broken.differences).toMatchObject([{ kind: "no_next_step", delivery: stranded }]);
    await world.sweep();
    expect(await ledger()).toMatchObject({ balanced: true });
    await settleAll();
    expect(world.requests).toHaveLength(1);
    expect((await ledger()).data[0]).toMatchObject({ delivered: 1, difference: 0 });
  });

  it("names a waiting delivery whose event is missing; the sweep records it as dead", async () => {
    const { slug, sourceId } = await createRoute([{ connection: { delay_seconds: 600 } }]);
    await world.post(slug);
    await world.turn();
    await run("DELETE FROM events");
    const [lone = ""] = await ids();
    expect(await ledger()).toMatchObject({
      balanced: false,
      data: [{ source: sourceId, events: 0, without_event: 1, balanced: false }],
      differences: [{ kind: "event_missing", delivery: lone }],
    });
    await world.sweep();
    expect(await ledger()).toMatchObject({ balanced: true, data: [{ without_event: 1, balanced: true }] });
    expect((await world.deliveries())[0]).toMatchObject({ status: "dead", last_error: "unprocessable: body_missing" });
  });

  it("includes a delivery that the event did not make when it was recorded", async () => {
    const { slug } = await createRoute();
    const id = await world.post(slug);
    await world.turn();
    await giveRows();
    const more = `con_${timeToBase32(Date.UTC(2026, 9, 1))}1111111111111111` as ConnectionId;
    await run(
      `INSERT INTO deliveries (id, source_id, connection_id, destination_id, status, attempts_made, deferrals, attempts, created_at, finished_at, age_credit_ms)
       SELECT ?1, source_id, ?2, destination_id, status, attempts_made, deferrals, attempts, created_at, finished_at, age_credit_ms FROM deliveries`,
      makeDeliveryId(id, more),
      more,
    );
    const broken = await ledger();
    expect(broken.differences).toMatchObject([{ kind: "surplus_delivery", matched: 1, found: 2 }]);
    await world.sweep();
    expect(await ledger()).toMatchObject({ balanced: true, data: [{ matched: 2, delivered: 2 }] });
  });

  it("repairs once when several sweeps run at a time", async () => {
    const { slug } = await createRoute();
    await world.postMany(slug, 5);
    await world.turn();
    await giveRows();
    await run("DELETE FROM deliveries");
    await Promise.all([world.sweep(), world.sweep(), world.sweep()]);
    expect(await ids()).toHaveLength(5);
    expect(await ledger()).toMatchObject({ balanced: true, data: [{ matched: 5, in_flight: 5 }] });
    await settleAll();
    expect(world.requests).toHaveLength(10);
  });

  it("leaves what it cannot repair now for the next sweep", async () => {
    const { slug } = await createRoute();
    await world.post(slug);
    await world.turn();
    await giveRows();
    await run("DELETE FROM deliveries");
    const { ledger: ports } = world.sweepPorts();
    const fail = async (): Promise<never> => {
      throw new Error("D1 is down");
    };
    await world.sweep({ ledger: { ...ports, readEvent: fail } });
    expect(await ledger()).toMatchObject({ balanced: false });
    await world.sweep();
    expect(await ledger()).toMatchObject({ balanced: true });
  });

  it("is checked piece by piece, one at each sweep, and then again from the beginning", async () => {
    const { slug } = await createRoute();
    const { ledgerPiece } = await import("../../../src/store/index.ts");
    const seen: number[] = [];
    for (let i = 0; i < 10; i++) {
      await world.post(slug);
      world.advance(1_000);
    }
    await world.turn();
    await giveRows();
    const { ledger: ports } = world.sweepPorts();
    const small = {
      ...ports,
      piece: async (from: number, to: string) => {
        const piece = await ledgerPiece(env.DB, from, to, 4);
        seen.push(piece.sums.reduce((sum, row) => sum + row.events, 0));
        return piece;
      },
    };
    await run("DELETE FROM deliveries WHERE id = (SELECT MIN(id) FROM deliveries)");
    for (let i = 0; i < 4; i++) await world.sweep({ ledger: small });
    // Each piece checks the last millisecond of the one before again.
    expect(seen).toEqual([4, 4, 4, 1]);
    expect(await ledger()).toMatchObject({ balanced: true, data: [{ matched: 10 }] });
    await world.sweep({ ledger: small });
    expect(seen.at(-1)).toBe(4);
  });

  it("reads a bounded number of events and continues with a cursor: whole hours, and an hour that is too large in parts", async () => {
    const begin = Date.UTC(2026, 10, 23, 20);
    const seed = (count: number, at: number): Promise<unknown> =>
      run(
        `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)
         INSERT INTO events (id, source_id, received_at, method, path, query, headers, body_encoding, body_bytes, matched)
         SELECT 'evt_' || ?2 || printf('%022d', i), NULL, ?3, 'POST', '', '', '[]', 'utf8', 0, 0 FROM n`,
        count,
        timeToBase32(at),
        at,
      );
    await seed(110_000, begin + 1_000);
    await seed(40_000, begin + HOUR);
    const read: [string, number, boolean][][] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query = `?from=${instant(begin)}&to=${instant(begin + 2 * HOUR)}`;
      const page = await ledger(`${query}${cursor === "" ? "" : `&cursor=${cursor}`}`);
      expect(page.balanced).toBe(true);
      read.push(page.data.map((row) => [String(row.hour), row.events, row.complete === true]));
      cursor = page.next_cursor as string | null;
    }
    expect(read).toEqual([
      [[instant(begin + HOUR), 40_000, true]],
      [[instant(begin), 100_000, false]],
      [[instant(begin), 10_000, false]],
    ]);
  });

  it("leaves out hours whose records retention has begun to remove", async () => {
    const { slug } = await createRoute();
    await world.post(slug);
    await world.drain();
    const from = instant(world.now());
    world.advance(14 * 24 * HOUR + 1);
    expect(await ledger(`?from=${from}`)).toMatchObject({ balanced: true, data: [] });
  });

  it.each([
    ["from=2026-11-24T02:00:00Z&to=2026-11-24T01:00:00Z", "/query/from"],
    ["from=2026-11-24T01:50:00Z&to=2026-11-24T01:10:00Z", "/query/from"],
    ["from=soon", "/query/from"],
    ["cursor=nonsense", "/query/cursor"],
  ])("refuses %s and names the field [G12]", async (query, pointer) => {
    const { status, json } = await api().call("GET", `/ledger?${query}`);
    expect(status).toBe(422);
    expect(json.errors?.[0]?.pointer).toBe(pointer);
  });
});

async function createClientEvent(destination: string): Promise<string> {
  const client = createClient({
    now: world.now,
    mintEventId: world.runtime.ids.mint,
    persistEvent: (event, slug) => world.keep(event, slug),
  });
  const { json } = await client.call("POST", "/events", { destinations: [destination], body: { n: 1 } });
  return typeof json.id === "string" ? json.id : "";
}
