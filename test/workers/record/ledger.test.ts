// The ledger over events in rows and in segments.
import { deflateRawSync } from "node:zlib";
import { env } from "cloudflare:workers";
import fc from "../../property.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { eventTime, firstKeyAt, type DeliveryId } from "../../../src/model/ids.ts";
import { isFinal } from "../../../src/model/lifecycle.ts";
import { addLedgerRows, ledgerBalance, type LedgerRow } from "../../../src/stats/index.ts";
import { ledgerPiece, recordTables, type LedgerPiece } from "../../../src/store/index.ts";
import { setUp } from "../api/replaying.ts";
import { createRoute } from "../harness.ts";
import { AT, clear, createRecord, first, newEventId, writes } from "./harness.ts";
import { history, makeHistory, type Known } from "./history.ts";

beforeEach(clear);

const HOUR = 3_600_000;

/** All pieces, one after the other. */
async function readLedger(limit: number, db = env.DB): Promise<{ rows: LedgerRow[]; pieces: LedgerPiece[] }> {
  const pieces: LedgerPiece[] = [];
  let to: string | null = firstKeyAt("evt", AT + HOUR);
  while (to !== null) {
    const piece: LedgerPiece = await ledgerPiece(db, AT - HOUR, to, limit);
    expect(piece.stoppedAt === null || piece.stoppedAt < to).toBe(true);
    pieces.push(piece);
    to = piece.stoppedAt;
  }
  const sums = pieces.flatMap((piece) =>
    piece.sums.map(({ differing, ...sum }) => ({ ...sum, differences: differing })),
  );
  return { rows: addLedgerRows(sums), pieces };
}

/** What the ledger says of a history, counted one by one. */
const expected = (all: readonly Known[]): LedgerRow[] =>
  addLedgerRows(
    all.map(({ first: { event, deliveries: own }, deliveries }) => {
      const ended = (status: string): number => own.filter((one) => one.status === status).length;
      return {
        hour: Math.floor(eventTime(event.id) / HOUR) * HOUR,
        source_id: event.source_id ?? "",
        events: 1,
        ignored: Number(own.length === 0),
        matched: own.length,
        delivered: ended("delivered"),
        dead: ended("dead"),
        cancelled: ended("cancelled"),
        in_flight: own.filter(({ status }) => !isFinal(status)).length,
        replays: deliveries.length - own.length,
      };
    }),
  );

describe("the ledger over rows and segments", () => {
  it("counts each event and each delivery once, in its hour, whatever the size of its pieces [G2]", async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.constantFrom(1, 2, 5, 5_000), async (batches, limit) => {
        await clear();
        const all = await makeHistory(
          batches.map((batch) =>
            batch.map((one) => ({ ...one, later: one.later === "older" ? ("nothing" as const) : one.later })),
          ),
        );
        const { rows, pieces } = await readLedger(limit);
        expect(rows).toEqual(expected(all));
        expect(rows.map(ledgerBalance)).toEqual(rows.map(() => 0));
        expect(pieces.flatMap(({ differing, lone }) => [...differing, ...lone])).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it("counts a segment without reading its entries, and one that cannot be decoded too", async () => {
    const { write } = createRecord();
    await write(writes([first(), first(), first()]));
    await env.DB.prepare("UPDATE segments SET entries = ?1")
      .bind(new Uint8Array(deflateRawSync('{"v":9}')))
      .run();
    const [row] = (await readLedger(5_000)).rows;
    expect(row).toMatchObject({ events: 3, matched: 3, delivered: 3, differences: 0 });
    // Part of it is beyond the range: it counts where its last event is.
    await clear();
    await write(writes([first({ id: newEventId(AT - 1) }), first({ id: newEventId(AT + 1) })]));
    await env.DB.prepare("UPDATE segments SET entries = ?1")
      .bind(new Uint8Array(deflateRawSync('{"v":9}')))
      .run();
    expect((await readLedger(5_000)).rows).toMatchObject([{ hour: AT, events: 2, delivered: 2 }]);
  });

  it("reads six rows for a segment, however many events it has", async () => {
    const { write } = createRecord();
    for (let i = 0; i < 50; i++)
      await write(writes(Array.from({ length: 100 }, () => first({ id: newEventId(AT + i * 1_000) }))));
    let read = 0;
    const counting = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        const results = await env.DB.batch(statements);
        read += results.reduce((sum, { meta }) => sum + meta.rows_read, 0);
        return results;
      },
    } as unknown as D1Database;
    const { rows } = await readLedger(5_000, counting);
    expect(rows).toMatchObject([{ events: 5_000, delivered: 5_000 }]);
    console.log(`the ledger of 5,000 events in 50 segments reads ${read} rows`);
    expect(read).toBeLessThanOrEqual(6 * 50);
  });

  it("counts an hour of 5,000 segments with twenty sources each, and no value that D1 returns is near its limit of 2 MB", async () => {
    const { write } = createRecord();
    await write(writes([first({ id: newEventId(AT + 1) })]));
    const tallies = Array.from({ length: 20 }, (_, i) => `tally:src_${String(i).padStart(26, "0")}:1:0:0:1:0`).join(
      " ",
    );
    const { k, last_id } = (await env.DB.prepare("SELECT k, last_id FROM segments").first<{
      k: number;
      last_id: string;
    }>()) ?? {
      k: 0,
      last_id: "",
    };
    await env.DB.prepare(
      `WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 4999)
       INSERT INTO segments (k, first_id, last_id, ids, summary, superseded, entries)
       SELECT ?1 + 4097 * v, ?2, ?2, ?3, ' ' || ?4 || ' event:delivered ', '', x'00' FROM n`,
    )
      .bind(k, last_id, last_id.repeat(20), tallies)
      .run();
    let longest = 0;
    const measuring = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        const results = await env.DB.batch<object>(statements);
        for (const value of results.flatMap((one) => one.results.flatMap((row) => Object.values(row) as unknown[])))
          if (typeof value === "string") longest = Math.max(longest, value.length);
        return results;
      },
    } as unknown as D1Database;
    const { rows } = await readLedger(100_000, measuring);
    expect(longest).toBeGreaterThan(900);
    expect(longest).toBeLessThan(1_000_000);
    expect(rows).toHaveLength(21);
    expect(rows).toContainEqual(expect.objectContaining({ hour: AT, events: 4_999, delivered: 4_999 }));
  });
});

describe("the sweep", () => {
  it("restores the rows of an event from its segment, so that its replay is delivered", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute();
    const id = await world.post(slug, { body: "the same bytes" });
    await world.turn();
    expect((await client.call("POST", `/events/${id}/replay`)).status).toBe(202);
    await env.DB.prepare("DELETE FROM events WHERE id = ?1").bind(id).run();
    const ledger = () => client.call("GET", "/ledger");
    expect((await ledger()).json).toMatchObject({
      balanced: false,
      differences: [{ kind: "event_missing", event: id }],
    });
    await world.sweep();
    expect((await ledger()).json).toMatchObject({ balanced: true, data: [{ events: 1, delivered: 1, replays: 1 }] });
    await world.drain();
    const sent = world.requests.map(({ body }) => body);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);
  });

  it("rebuilds a lost delivery of an event whose content is in a piece", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([{ connection: { filter: { body: { type: "paid" } } } }]);
    world.onRequest(() => ({ status: 500 }));
    const id = await world.post(slug, { body: '{"type":"paid"}' });
    await world.turn();
    const [lost] = (await world.deliveries()).map((row): DeliveryId => row.id);
    await env.DB.prepare("DELETE FROM deliveries").run();
    await world.sweep();
    const found = await recordTables(env.DB, world.now).find({ id, from: 0, to: 0 });
    expect(found.ok && found.value?.deliveries.map((one) => [one.id, one.status])).toEqual([[lost, "pending"]]);
    expect((await client.call("GET", "/ledger")).json).toMatchObject({ balanced: true });
  });
});
