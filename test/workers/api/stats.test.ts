import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { rollUp, pruneCounters } from "../../../src/store/index.ts";
import { addRejections } from "../../../src/store/rejections.ts";
import { createRoute, createWorld } from "../harness.ts";
import { createClient, type Json } from "./harness.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const instant = (ms: number): string => new Date(ms).toISOString();

interface Figures extends Json {
  accepted: number;
  delivered: number;
  latency_ms: Record<string, number | null>;
  attempt_ms: Record<string, number | null>;
}
interface Series extends Json {
  totals: Figures;
  points: (Figures & { at: string })[];
}
type Stats = Json & { series: Series[] };

let world = createWorld();
const api = () => createClient({ now: world.now });
const stats = async (query = ""): Promise<Stats> => (await api().call("GET", `/stats${query}`)).json as Stats;
const only = ({ series }: Stats): Series => {
  expect(series).toHaveLength(1);
  return series[0] as Series;
};

beforeEach(async () => {
  await env.DB.batch(["counters", "marks"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
  world = createWorld();
});

describe("GET /stats", () => {
  it("counts what happened in each minute", async () => {
    const { slug, sourceId } = await createRoute([{ retry: { schedule_seconds: [60] } }]);
    let status = 200;
    world.onRequest(() => ({ status, durationMs: 100 }));
    await world.postMany(slug, 4);
    await world.turn();
    world.advance(MINUTE);
    status = 500;
    await world.postMany(slug, 2);
    await world.drain();
    await addRejections(env.DB, [{ hour: 0, source_id: null, reason: "unknown_source", count: 7 }], [], world.now());
    await addRejections(
      env.DB,
      [{ hour: 0, source_id: sourceId as never, reason: "verification_failed", count: 3 }],
      [],
      world.now(),
    );
    const answer = await stats(`?interval=minute&from=${instant(Date.UTC(2026, 10, 24))}`);
    expect(answer).toMatchObject({ interval_seconds: 60, group_by: "none", groups_left_out: 0 });
    const { totals, points } = only(answer);
    expect(totals).toMatchObject({
      accepted: 6,
      bytes_in: 30,
      rejected: 10,
      duplicates: 0,
      ignored: 0,
      deliveries: 6,
      delivered: 4,
      attempts: 8,
      failed_attempts: 4,
      dead: 2,
      cancelled: 0,
    });
    expect(points.map((point) => point.accepted).slice(0, 2)).toEqual([4, 2]);
    expect(points[0]).toMatchObject({ at: "2026-11-24T00:00:00.000Z", delivered: 4, dead: 0 });
    expect(points.length).toBeGreaterThanOrEqual(3);
    // The worlds' sends take their 100 ms one after another.
    expect(totals.attempt_ms).toEqual({ p50: 99, p95: 99, p99: 99 });
    expect(points[1]?.latency_ms).toEqual({ p50: null, p95: null, p99: null });
  });

  it("returns percentiles within 9.1 % of the exact ones, merged over minutes, hours and destinations", async () => {
    const { slug } = await createRoute([{}, {}]);
    const durations = Array.from({ length: 120 }, (_, i) => 5 + ((i * 7919) % 3_000));
    let at = 0;
    world.onRequest(() => ({ status: 200, durationMs: durations[at++ % durations.length] ?? 0 }));
    for (let minute = 0; minute < 60; minute++) {
      await world.post(slug);
      await world.turn();
      world.advance(2 * MINUTE);
    }
    while ((await rollUp(env.DB, world.now())) > 0);
    const sorted = durations.toSorted((a, b) => a - b);
    const { totals } = only(await stats("?interval=day"));
    for (const [name, share] of [
      ["p50", 0.5],
      ["p95", 0.95],
      ["p99", 0.99],
    ] as const) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
      const factor = (totals.attempt_ms[name] ?? NaN) / exact;
      expect(Math.max(factor, 1 / factor)).toBeLessThanOrEqual(1.0906);
    }
  });

  it("groups and filters by source and by destination", async () => {
    const [a, b] = [await createRoute([{}, {}]), await createRoute()];
    await world.postMany(a.slug, 2);
    await world.postMany(b.slug, 3);
    await world.turn();
    const bySource = await stats("?group_by=source&interval=hour");
    expect(
      bySource.series.map((one) => [one.source, one.source_slug, one.totals.accepted, one.totals.deliveries]),
    ).toEqual([
      // `a` has the most traffic: two events to two destinations.
      [a.sourceId, a.slug, 2, 4],
      [b.sourceId, b.slug, 3, 3],
    ]);
    const byDestination = await stats("?group_by=destination&interval=hour");
    expect(Object.fromEntries(byDestination.series.map((one) => [one.destination, one.totals.accepted]))).toEqual({
      [a.destinationIds[0] ?? ""]: 2,
      [a.destinationIds[1] ?? ""]: 2,
      [b.destinationIds[0] ?? ""]: 3,
    });
    // Figures of whole events are null for a single destination.
    expect(byDestination.series[0]?.totals).toMatchObject({
      rejected: null,
      duplicates: null,
      ignored: null,
      bytes_in: null,
    });
    expect(only(await stats(`?source=${a.slug}`)).totals).toMatchObject({ accepted: 2, delivered: 4 });
    expect(only(await stats(`?destination=${b.slug}-0`)).totals).toMatchObject({ accepted: 3, delivered: 3 });
    expect(only(await stats(`?source=${a.slug}&destination=${b.slug}-0`)).totals).toMatchObject({ delivered: 0 });
  });

  it("leaves the figures of deliveries out on request", async () => {
    const [a, b] = [await createRoute([{}, {}]), await createRoute()];
    await world.postMany(a.slug, 2);
    await world.postMany(b.slug, 3);
    await world.turn();
    expect(only(await stats("?only=events")).totals).toMatchObject({ accepted: 5, bytes_in: 25, delivered: 0 });
    expect(only(await stats(`?only=events&source=${a.slug}`)).totals).toMatchObject({ accepted: 2, deliveries: 0 });
    const bySource = await stats("?only=events&group_by=source");
    expect(bySource.series.map((one) => [one.source_slug, one.totals.accepted])).toEqual([
      [b.slug, 3],
      [a.slug, 2],
    ]);
    for (const query of ["only=deliveries", "only=events&group_by=destination", `only=events&destination=${a.slug}-0`])
      expect((await api().call("GET", `/stats?${query}`)).json).toMatchObject({
        status: 422,
        errors: [{ pointer: "/query/only" }],
      });
  });

  it("returns the same sums from minutes, hours and days", async () => {
    const { slug } = await createRoute();
    const begin = world.now();
    for (let hour = 0; hour < 30; hour++) {
      await world.postMany(slug, 1 + (hour % 3));
      await world.turn();
      world.advance(HOUR);
    }
    const query = `?from=${instant(begin)}&interval=`;
    const sums = async (interval: string): Promise<unknown[]> => {
      const { totals, points } = only(await stats(query + interval));
      expect(points.reduce((sum, point) => sum + point.accepted, 0)).toBe(totals.accepted);
      return [totals.accepted, totals.delivered, totals.latency_ms];
    };
    const before = await sums("15m");
    expect(before[0]).toBe(60);
    expect([await sums("hour"), await sums("day")]).toEqual([before, before]);
    while ((await rollUp(env.DB, world.now())) > 0);
    expect([await sums("15m"), await sums("hour"), await sums("day")]).toEqual([before, before, before]);
    world.advance(3 * DAY);
    while ((await rollUp(env.DB, world.now())) > 0);
    await pruneCounters(env.DB, world.now(), 500);
    expect([await sums("hour"), await sums("day")]).toEqual([before, before]);
  });

  it("chooses an interval for the range, and returns every bucket", async () => {
    const day = await stats();
    expect(day.interval_seconds).toBe(300);
    expect(only(day).points).toHaveLength(day.to === undefined ? 0 : 289);
    const to = Date.UTC(2026, 10, 24, 0, 30);
    const hour = await stats(`?from=${instant(to - HOUR)}&to=${instant(to)}`);
    expect(hour.interval_seconds).toBe(60);
    expect(only(hour).points).toHaveLength(60);
  });

  it("leaves out the smallest groups to bound the number of points, and says so", async () => {
    const begin = world.now() - (world.now() % HOUR);
    await env.DB.batch(
      Array.from({ length: 60 }, (_, i) =>
        env.DB.prepare(
          "INSERT INTO counters (step, at, source_id, destination_id, counts) VALUES (?1, ?2, ?3, '', ?4)",
        ).bind(MINUTE, begin, `src_${String(i).padStart(2, "0")}`, JSON.stringify({ accepted: i + 1 })),
      ),
    );
    const hour = await stats(`?group_by=source&interval=minute&from=${instant(begin)}&to=${instant(begin + HOUR)}`);
    expect([hour.series.length, hour.groups_left_out]).toEqual([50, 10]);
    expect(hour.series[0]?.totals.accepted).toBe(60);
    const long = await stats(
      `?group_by=source&interval=minute&from=${instant(begin - 15 * HOUR)}&to=${instant(begin + HOUR)}`,
    );
    expect([long.series.length, long.groups_left_out]).toEqual([5, 55]);
  });

  it.each([
    ["interval=5s", "/query/interval"],
    ["interval=minute", "/query/interval"],
    ["interval=minute&from=2026-11-20T00:00:00Z&to=2026-11-20T01:00:00Z", "/query/interval"],
    ["from=1970-01-01T00:00:00Z", "/query/from"],
    ["from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z", "/query/from"],
    ["from=yesterday", "/query/from"],
    ["group_by=colour", "/query/group_by"],
    ["source=nothing-like-it", "/query/source"],
  ])("refuses %s and names the field [G12]", async (query, pointer) => {
    const { status, json } = await api().call("GET", `/stats?${query}`);
    expect(status).toBe(422);
    expect(json.errors?.[0]?.pointer).toBe(pointer);
  });

  it("returns the overall figures beside the groups, including groups that are left out", async () => {
    const [a, b] = [await createRoute([{}, {}]), await createRoute()];
    await world.postMany(a.slug, 2);
    await world.postMany(b.slug, 3);
    await world.turn();
    const whole = only(await stats("?interval=hour"));
    expect((await stats("?interval=hour"))["overall"]).toBeNull();
    for (const by of ["source", "destination"])
      expect((await stats(`?group_by=${by}&interval=hour`))["overall"]).toEqual(whole);
    expect(whole.totals).toMatchObject({ accepted: 5, delivered: 7 });
  });

  it("returns the same from memory as from the counters, while minutes are added and rolled up", async () => {
    const routes = [await createRoute([{}, {}]), await createRoute()];
    const from = instant(world.now());
    const queries = ["destination", "source", "none"].map(
      (by) => `/stats?group_by=${by}&interval=hour&from=${from}&to=${instant(world.now() + 8 * HOUR)}`,
    );
    const remembering = api();
    for (let step = 0; step < 24; step++) {
      await world.postMany(routes[step % 2]?.slug ?? "", 1 + (step % 3));
      await world.turn();
      for (const query of queries) {
        const known = await remembering.call("GET", query);
        expect(known.status).toBe(200);
        expect(known.json).toEqual((await api().call("GET", query)).json);
      }
      world.advance([MINUTE, 7 * MINUTE, 31 * MINUTE][step % 3] ?? 0);
      if (step % 4 === 0) await rollUp(env.DB, world.now());
    }
  });

  it("needs a token", async () => {
    expect((await api().call("GET", "/stats", undefined, { authorization: "Bearer wrong" })).status).toBe(401);
  });

  it("reads counters only, each once: 20,000 events cost no more than two", async () => {
    const { slug } = await createRoute();
    await world.postMany(slug, 2);
    await world.turn();
    let read = 0;
    const counting = new Proxy(env.DB, {
      get: (db, name) => {
        if (name !== "prepare") return (Reflect.get(db, name) as (...args: unknown[]) => unknown).bind(db);
        return (sql: string) => {
          const statement = db.prepare(sql);
          return new Proxy(statement, {
            get: (_target, method) =>
              method === "bind"
                ? (...values: unknown[]) => counted(statement.bind(...values))
                : (Reflect.get(counted(statement), method) as unknown),
          });
        };
      },
    });
    const counted = (statement: D1PreparedStatement) => ({
      all: async () => {
        const result = await statement.all();
        read += result.meta.rows_read;
        return result;
      },
    });
    const measure = async (): Promise<number> => {
      read = 0;
      // A new client each time, without memory.
      const client = createClient({ now: world.now, db: counting });
      expect((await client.call("GET", "/stats?interval=hour")).status).toBe(200);
      return read;
    };
    const few = await measure();
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
       INSERT INTO events (id, source_id, received_at, method, path, query, headers, body_encoding, body_bytes, matched)
       SELECT 'evt_' || printf('%032d', i), NULL, 0, 'POST', '', '', '[]', 'utf8', 0, 0 FROM n`,
    ).run();
    expect(few).toBeGreaterThan(0);
    expect(await measure()).toBe(few);
  });
});

describe("GET /queues", () => {
  it("shows the backlog of each queue and the size of the database", async () => {
    const { call } = createClient({
      backlogs: async () => [
        { name: "events", backlog_count: 3, backlog_bytes: 900, oldest_at: Date.UTC(2026, 10, 24) },
        { name: "slow", backlog_count: null, backlog_bytes: null, oldest_at: null },
      ],
    });
    const { status, json } = await call("GET", "/queues");
    expect(status).toBe(200);
    expect(json).toMatchObject({
      queues: [
        { name: "events", backlog_count: 3, backlog_bytes: 900, oldest_message_at: "2026-11-24T00:00:00.000Z" },
        { name: "slow", backlog_count: null, backlog_bytes: null, oldest_message_at: null },
      ],
      database: { max_bytes: 10_000_000_000 },
    });
    expect(json.database["size_bytes"]).toBeGreaterThan(0);
  });
});
