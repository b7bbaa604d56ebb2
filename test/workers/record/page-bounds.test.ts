// What one page reads of D1 and R2, where segments are of one event each, 100 of them a second, and as many events have rows.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { BOUND_ROWS, digits } from "../../../bench/lists/seed.ts";
import { deflateRawSync } from "node:zlib";
import { MAX_PAGE_OBJECTS, MAX_SEARCHED_OBJECTS } from "../../../src/config/record-limits.ts";
import { DELIVERY_STATUSES, EVENT_STATUSES } from "../../../src/model/lifecycle.ts";
import type { Page } from "../../../src/record/index.ts";
import { recordTables } from "../../../src/store/index.ts";
import {
  AT,
  clear,
  CONNECTION,
  createRecord,
  DESTINATION,
  first,
  newEventId,
  objects,
  SOURCE,
  writes,
} from "./harness.ts";

beforeEach(clear);

const EVENTS = 3_000;
const LIMIT = 200;

/** Every 10 ms an event in a segment of its own and one in rows. */
async function seed(): Promise<void> {
  await createRecord().write(writes([first({ event_type: "order.paid" })]));
  const { summary, entries, payload } =
    (await env.DB.prepare("SELECT summary, entries, payload FROM segments").first()) ?? {};
  await clear();
  const numbers = `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${EVENTS})`;
  const id = `${digits(`${AT} + n * 10`)} || printf('%022d', n * 2)`;
  const other = `${digits(`${AT} + n * 10`)} || printf('%022d', n * 2 + 1)`;
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO segments (k, first_id, last_id, ids, summary, superseded, entries, payload)
       ${numbers} SELECT (${AT} + n * 10) * 4096, ${id}, ${id}, ${id}, ?1, '', ?2, ?3 FROM numbers`,
    ).bind(summary, new Uint8Array(entries as ArrayBuffer), new Uint8Array(payload as ArrayBuffer)),
    env.DB.prepare(
      `INSERT INTO events (id, source_id, received_at, method, path, query, headers, body, body_encoding, body_bytes, matched)
       ${numbers} SELECT 'evt_' || ${other}, ?1, ${AT} + n * 10, 'POST', '', '', '[]', '{}', 'utf8', 2, 1 FROM numbers`,
    ).bind(SOURCE),
    env.DB.prepare(
      `INSERT INTO deliveries (id, source_id, connection_id, destination_id, status, attempts_made, deferrals, attempts, created_at, finished_at, age_credit_ms)
       ${numbers} SELECT 'dlv_' || ${other} || substr(?2, -10), ?1, ?2, ?3, iif(n % 2 = 0, 'dead', 'delivered'), 1, 0, '[]', ${AT} + n * 10, ${AT} + n * 10, 0 FROM numbers`,
    ).bind(SOURCE, CONNECTION, DESTINATION),
  ]);
}

/** A record whose reads of rows and of payload objects are counted. */
function metered() {
  const counts = { rows: 0, batches: 0, reads: [] as string[] };
  const db = {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: async (statements: D1PreparedStatement[]) => {
      const results = await env.DB.batch(statements);
      counts.batches += 1;
      for (const { meta } of results) counts.rows += meta.rows_read;
      return results;
    },
  } as unknown as D1Database;
  const record = createRecord({
    tables: recordTables(db, () => AT),
    payloads: {
      ...objects,
      read: (key, offset, length) => (counts.reads.push(key), objects.read(key, offset, length)),
    },
  });
  return { record, counts };
}

type Read<T> = (range: { from: string; to: string }) => Promise<Page<T>>;

/** All pages. @returns ids, the most rows that one page read, and that each was one D1 batch */
async function walk<T extends { readonly id: string }>(
  prefix: string,
  counts: { rows: number; batches: number },
  read: Read<T>,
) {
  const ids: string[] = [];
  let [to, worst, pages]: [string | null, number, number] = [`${prefix}_~`, 0, 0];
  const before = counts.batches;
  while (to !== null) {
    counts.rows = 0;
    const page: Page<T> = await read({ from: `${prefix}_0000000000`, to });
    worst = Math.max(worst, counts.rows);
    pages += 1;
    ids.push(...page.rows.map(({ id }) => id));
    to = page.next;
  }
  return { ids, worst, batchesAPage: (counts.batches - before) / pages };
}

describe("a page over rows and segments", () => {
  it("reads a bounded number of rows in one D1 batch, whatever its filter", async () => {
    await seed();
    const { record, counts } = metered();
    const figures: Record<string, number> = {};
    const filters = [
      {},
      { source_id: SOURCE },
      { event_type: "order.paid" },
      { event_type: "none has it" },
      { destination_id: DESTINATION },
      { error: "none" },
      { response_status: 200 },
    ];
    for (const filter of [...filters, ...DELIVERY_STATUSES.map((status) => ({ status }))]) {
      const { ids, worst, batchesAPage } = await walk("dlv", counts, (range) =>
        record.deliveries({ ...range, ...filter }, LIMIT),
      );
      expect(worst).toBeLessThanOrEqual(BOUND_ROWS);
      expect(batchesAPage).toBe(1);
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => (a < b ? 1 : -1)));
      figures[JSON.stringify(filter)] = ids.length;
    }
    for (const filter of [
      {},
      { source_id: SOURCE },
      { event_type: "order.paid" },
      { event_type: "none has it" },
      { search: "/ho" },
      ...EVENT_STATUSES.map((status) => ({ status })),
    ]) {
      const { ids, worst } = await walk("evt", counts, async (range) => {
        const page = await record.events({ ...range, ...filter }, LIMIT);
        if (!page.ok) throw new Error(page.error);
        return page.value;
      });
      expect(worst).toBeLessThanOrEqual(BOUND_ROWS);
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => (a < b ? 1 : -1)));
      figures[`events ${JSON.stringify(filter)}`] = ids.length;
    }
    expect(figures).toMatchObject({
      "{}": 2 * EVENTS,
      '{"status":"delivered"}': 1.5 * EVENTS,
      '{"status":"dead"}': 0.5 * EVENTS,
      '{"error":"none"}': 0,
      '{"response_status":200}': EVENTS,
      '{"event_type":"order.paid"}': EVENTS,
      '{"event_type":"none has it"}': 0,
      "events {}": 2 * EVENTS,
      'events {"event_type":"order.paid"}': EVENTS,
      'events {"event_type":"none has it"}': 0,
      'events {"status":"dead"}': 0.5 * EVENTS,
      'events {"search":"/ho"}': EVENTS,
    });
  });

  it("reads each payload object once, of a bounded number", async () => {
    const { record, counts } = metered();
    for (let n = 0; n < MAX_PAGE_OBJECTS + 10; n++)
      await record.write(writes([0, 1].map((i) => first({ id: newEventId(AT + n * 50 + i), bytes: noise(9_000) }))));
    for (const [search, most] of [
      [undefined, MAX_PAGE_OBJECTS],
      ["content-type", MAX_SEARCHED_OBJECTS],
      ["nowhere", MAX_SEARCHED_OBJECTS],
    ] as const) {
      const found: string[] = [];
      let to: string | null = "evt_~";
      while (to !== null) {
        counts.reads.length = 0;
        const filter = { from: "evt_0000000000", to, ...(search === undefined ? {} : { search }) };
        const page = await record.events(filter, LIMIT);
        if (!page.ok) throw new Error(page.error);
        expect(counts.reads.length).toBeLessThanOrEqual(most);
        expect(new Set(counts.reads).size).toBe(counts.reads.length);
        found.push(...page.value.rows.map(({ id }) => id));
        to = page.value.next;
      }
      expect(new Set(found).size).toBe(found.length);
      expect(found).toHaveLength(search === "nowhere" ? 0 : 2 * (MAX_PAGE_OBJECTS + 10));
    }
  });
});

describe("a page", () => {
  it("shows the neighbours of what cannot be decoded, which it names in the log", async () => {
    const record = createRecord();
    const [lost, fine, waits] = [first(), first({ id: newEventId(AT + 10_000) }), first({ status: "retrying" })];
    await record.write(writes([lost, waits]));
    const entries = new Uint8Array(deflateRawSync('{"v":9}'));
    await env.DB.prepare("UPDATE segments SET entries = ?1").bind(entries).run();
    await record.write(writes([fine]));
    const page = await record.events({ from: "evt_", to: "evt_~" }, LIMIT);
    expect(page).toMatchObject({ value: { rows: [{ id: fine.event.id }, { id: waits.event.id }], next: null } });
    const row = await env.DB.prepare("SELECT MIN(k) AS k FROM segments").first<{ k: number }>();
    expect(record.reports).toEqual([`segment ${row?.k}: ${lost.event.id}`]);
  });

  it("shows events without query and headers while R2 is away, and says so; a search cannot answer then", async () => {
    const write = createRecord();
    await write.write(writes([first({ bytes: noise(20_000) })]));
    const record = createRecord({ payloads: { ...objects, read: () => Promise.reject(new Error("R2 is down")) } });
    const range = { from: "evt_", to: "evt_~" };
    expect(await record.events(range, LIMIT)).toMatchObject({
      value: { rows: [{ incomplete: true, headers: [], path: "/hook", statuses: ["delivered"] }] },
    });
    expect(await record.events({ ...range, search: "hook" }, LIMIT)).toMatchObject({ ok: true });
    expect(await record.events({ ...range, search: "other" }, LIMIT)).toEqual({ ok: false, error: "unavailable" });
  });

  it("reads no payload where queries and headers are not asked for", async () => {
    let reads = 0;
    const payloads = {
      ...objects,
      read: (...given: Parameters<typeof objects.read>) => {
        reads += 1;
        return objects.read(...given);
      },
    };
    const record = createRecord({ payloads });
    await record.write(writes([first({ bytes: noise(20_000) })]));
    const rows = async (withContents: boolean) => {
      const page = await record.events({ from: "evt_", to: "evt_~" }, LIMIT, withContents);
      return page.ok ? page.value.rows.map(({ headers, incomplete }) => [headers.length > 0, incomplete]) : page;
    };
    expect([await rows(false), reads]).toEqual([[[false, true]], 0]);
    expect([await rows(true), reads]).toEqual([[[true, false]], 1]);
  });
});

function noise(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}
