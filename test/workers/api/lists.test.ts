// Rows that the lists read at 40,000 deliveries, counted by D1; `npm run bench:lists` does the same at 1,000,000.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { DELIVERY_STATUSES, EVENT_STATUSES } from "../../../src/model/lifecycle.ts";
import { BOUND_ROWS, EVENT_QUERIES, DELIVERY_QUERIES, seedStatements, SEEDED } from "../../../bench/lists/seed.ts";
import { createClient } from "./harness.ts";
import type { JsonOf } from "./answers.ts";

const EVENTS = 20_000;

/** D1 for the API, and the rows that its lists have read. Only lists query in batches. */
function metered(): { readonly db: D1Database; readonly read: () => number } {
  let rows = 0;
  const db = {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: async (statements: D1PreparedStatement[]) => {
      const results = await env.DB.batch(statements);
      for (const { meta } of results) rows += meta.rows_read;
      return results;
    },
  } as unknown as D1Database;
  return { db, read: () => rows };
}

beforeAll(async () => {
  for (const sql of seedStatements(EVENTS, 5_000)) await env.DB.prepare(sql).run();
});

const { db, read } = metered();
const { call } = createClient({ db });

/** Reads all pages. @returns ids in order, and the most rows that one page read */
async function walk(path: string): Promise<{ ids: string[]; worst: number; pages: number }> {
  const ids: string[] = [];
  let [cursor, worst, pages]: [string | null, number, number] = ["", 0, 0];
  while (cursor !== null) {
    const before = read();
    const { json, status } = await call("GET", `${path}&limit=200${cursor === "" ? "" : `&cursor=${cursor}`}`);
    expect(status).toBe(200);
    worst = Math.max(worst, read() - before);
    ids.push(...(json.data ?? []).map((row) => String(row.id)));
    cursor = json.next_cursor as string | null;
    pages += 1;
  }
  return { ids, worst, pages };
}

const count = async (sql: string): Promise<number> => (await env.DB.prepare(sql).first<{ n: number }>())?.n ?? -1;

describe("a page reads a bounded number of rows, whatever its filters", () => {
  it.each(DELIVERY_QUERIES)("/deliveries?$query", async ({ query, where }) => {
    const { ids, worst } = await walk(`/deliveries?${query}`);
    expect(worst).toBeLessThanOrEqual(BOUND_ROWS);
    expect(ids).toEqual(ids.toSorted().toReversed());
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(await count(`SELECT COUNT(*) AS n FROM deliveries WHERE ${where}`));
  });

  it.each(EVENT_QUERIES)("/events?$query", async ({ query, where }) => {
    const { ids, worst } = await walk(`/events?${query}`);
    expect(worst).toBeLessThanOrEqual(BOUND_ROWS);
    expect(new Set(ids).size).toBe(ids.length);
    if (where !== null) expect(ids).toHaveLength(await count(`SELECT COUNT(*) AS n FROM events WHERE ${where}`));
  });

  it("is tested with every status", () => {
    const asked = (queries: readonly { query: string }[]) =>
      new Set(queries.map(({ query }) => new URLSearchParams(query).get("status")).filter((status) => status !== null));
    expect([...asked(DELIVERY_QUERIES)].toSorted()).toEqual([...DELIVERY_STATUSES].toSorted());
    expect([...asked(EVENT_QUERIES)].toSorted()).toEqual([...EVENT_STATUSES].toSorted());
  });
});

describe("counts over time", () => {
  const RANGE = "from=2026-11-24T00:00:00Z&to=2026-11-25T00:00:00Z&interval=1h";
  const total = (points: unknown): number =>
    (points as readonly { counts: Readonly<Record<string, number>> }[])
      .flatMap(({ counts }) => Object.values(counts))
      .reduce((sum, one) => sum + one, 0);

  it.each(["deliveries?status=retrying", "deliveries?type=order.paid", "events?status=dead", "events?type=order.paid"])(
    "/stats/%s reads a bounded number of rows, and says from when on it has counted all",
    async (path) => {
      const before = read();
      const { json, status } = await call("GET", `/stats/${path}&${RANGE}`);
      expect(status).toBe(200);
      expect(read() - before).toBeLessThanOrEqual(BOUND_ROWS / 2);
      expect(json.points).toHaveLength(24);
      expect(json.complete).toBe(false);
      const all = await call("GET", `/${path}&limit=200&from=${String(json.counted_from)}`);
      if (all.json.next_cursor === null) expect(total(json.points)).toBe(all.json.data?.length);
    },
  );

  it("are complete where few are on record by that filter", async () => {
    const { json } = await call("GET", `/stats/deliveries?status=dead&destination=${SEEDED.rareDestination}&${RANGE}`);
    const where = `status = 'dead' AND destination_id = '${SEEDED.rareDestination}'`;
    expect([json.complete, total(json.points)]).toEqual([
      true,
      await count(`SELECT COUNT(*) AS n FROM deliveries WHERE ${where}`),
    ]);
  });
});

describe("events by status", () => {
  it("are listed under the status that they show, each event once", async () => {
    const seen = new Map<string, string>();
    for (const status of EVENT_STATUSES) {
      let cursor: string | null = "";
      while (cursor !== null) {
        const page: { json: JsonOf<"GET", "/events"> } = await call(
          "GET",
          `/events?status=${status}&limit=200${cursor === "" ? "" : `&cursor=${cursor}`}`,
        );
        for (const event of page.json.data ?? []) {
          expect(event.status).toBe(status);
          seen.set(event.id, status);
        }
        cursor = page.json.next_cursor;
      }
    }
    expect(seen.size).toBe(await count("SELECT COUNT(*) AS n FROM events"));
    expect(new Set(seen.values()).size).toBe(EVENT_STATUSES.length - 1);
  });

  it("and dead letters of a destination are found quickly among many others", async () => {
    const { json } = await call("GET", `/deliveries?status=dead&destination=${SEEDED.rareDestination}&limit=1`);
    expect(json.data).toHaveLength(1);
  });
});
