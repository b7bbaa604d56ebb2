// Deliveries that are parked behind an open circuit cost nothing until it has closed, and come back whatever is lost on the way.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { MINUTE_MS } from "../../../src/kernel/durations.ts";
import type { DestinationId } from "../../../src/model/ids.ts";
import { parkedUntil } from "../../../src/model/parked.ts";
import { parkedDestinations, parkedPage } from "../../../src/store/index.ts";
import { databases, everywhere } from "../databases.ts";
import { createRoute, createWorld, type World } from "../harness.ts";
import { changeDestination } from "./configuring.ts";

const circuit = { failure_threshold: 1, open_seconds: 120, open_factor: 1, max_open_seconds: 120 };
const COUNT = 300;

const only = async (world: World, sourceId: string) =>
  (await world.deliveries()).filter((row) => row.source_id === sourceId);

const isParkedSql = "status = 'deferred' AND deferred_by = 'circuit' AND slot_at IS NULL";
const parked = async (destination: string): Promise<number> =>
  (
    await everywhere<{ id: string }>(
      `SELECT id FROM deliveries WHERE ${isParkedSql} AND destination_id = ?`,
      destination,
    )
  ).length;

/** A destination that is down, with so many webhooks behind its circuit. `isDown` says what it answers from now on. */
async function setUp(world: World, destination: Record<string, unknown> = {}, count = COUNT) {
  const down = { is: true };
  const route = await createRoute([{ circuit, ...destination }]);
  const [id = ""] = route.destinationIds;
  world.onRequest(() => ({ status: down.is ? 500 : 200 }));
  await world.postMany(route.slug, 1);
  await world.turn();
  await world.postMany(route.slug, count);
  while (world.queued.some(({ lane }) => lane === "events")) await world.turn();
  return { ...route, id, down };
}

/** Sweeps each minute, and what the queues hold meanwhile. */
async function pass(world: World, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    for (let second = 0; second < 60; second += 2, world.advance(2_000)) await world.turn();
    await world.sweep();
  }
}

const allDelivered = async (world: World, sourceId: string): Promise<void> => {
  const rows = await only(world, sourceId);
  expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(["delivered"]));
};

beforeEach(async () => {
  for (const db of databases)
    await db.batch(
      ["deliveries", "events", "marks", "destination_states"].map((table) => db.prepare(`DELETE FROM ${table}`)),
    );
});

describe("deliveries behind an open circuit", () => {
  it("have no message and are not touched while it is open; each is deferred once, and sent when it has closed [G2] [G11]", async () => {
    const world = createWorld();
    const retry = { schedule_seconds: Array.from({ length: 40 }, () => 120) };
    const { id, sourceId, down } = await setUp(world, { retry });
    expect(await parked(id)).toBe(COUNT - 3);
    // Three probes, and the one that failed.
    expect(world.queued).toHaveLength(4);
    const before = world.requests.length;
    await pass(world, 30);
    expect(await parked(id)).toBeGreaterThan(COUNT - 10);
    // One every two minutes, and one that the sweep sends where another was late.
    expect(world.requests.length - before).toBeGreaterThanOrEqual(13);
    expect(world.requests.length - before).toBeLessThanOrEqual(16);
    down.is = false;
    await pass(world, 5);
    await allDelivered(world, sourceId);
    const rows = await only(world, sourceId);
    expect(rows.filter(({ deferrals }) => deferrals === 1).length).toBeGreaterThan(COUNT - 30);
    expect(world.queued).toEqual([]);
  });

  it("are sent at the pace once it has closed [G4]", async () => {
    const world = createWorld();
    const { down, sourceId } = await setUp(world, { rate_limit: { limit: 10, period_seconds: 1, burst: 1 } });
    await pass(world, 1);
    down.is = false;
    const before = world.requests.length;
    await pass(world, 4);
    await allDelivered(world, sourceId);
    const times = world.requests.slice(before).map(({ at }) => at);
    const [first = 0] = times;
    times.forEach((at, index) => expect(at - first).toBeGreaterThanOrEqual(index * 100 - 1));
    expect((times.at(-1) ?? 0) - first).toBeLessThan(COUNT * 100 + 15_000);
  });

  it("share requests again where their destination takes many in one", async () => {
    const world = createWorld();
    const { down, sourceId } = await setUp(world, { batch: { max_events: 50, max_wait_seconds: 1 } });
    await pass(world, 3);
    down.is = false;
    const before = world.requests.length;
    await pass(world, 5);
    await allDelivered(world, sourceId);
    expect(world.requests.length - before).toBeLessThan(COUNT / 50 + 8);
  });

  it("come back when the message that releases them is lost [G2]", async () => {
    const world = createWorld();
    const { down, sourceId, id } = await setUp(world);
    const mend = world.break("sendReschedule");
    down.is = false;
    await pass(world, 3);
    expect(await parked(id)).toBeGreaterThan(COUNT - 5);
    mend();
    await pass(world, 4);
    await allDelivered(world, sourceId);
  });

  it("come back when all that were to be probes are cancelled [G2]", async () => {
    const world = createWorld();
    const { down, sourceId, id } = await setUp(world);
    for (const db of databases)
      await db
        .prepare(
          `UPDATE deliveries SET status = 'cancelled', next_attempt_at = NULL WHERE destination_id = ? AND NOT (${isParkedSql})`,
        )
        .bind(id)
        .run();
    down.is = false;
    await pass(world, 2);
    expect(world.requests).toHaveLength(1);
    await pass(world, 4);
    const rows = await only(world, sourceId);
    expect(rows.filter(({ status }) => status === "delivered")).toHaveLength(COUNT - 3);
  });

  it("come back when their gate has forgotten everything [G2] [G7]", async () => {
    const { gate: empty } = createWorld().consumer;
    const world = createWorld();
    const { sourceId, down } = await setUp(world);
    Object.assign(world.consumer.gate, empty);
    down.is = false;
    await pass(world, 5);
    await allDelivered(world, sourceId);
  });

  it("come back a day later when nothing knows of them any more [G2]", async () => {
    const world = createWorld();
    const { sourceId, down } = await setUp(world, {}, 20);
    world.queued.splice(0);
    down.is = false;
    world.advance(25 * 60 * MINUTE_MS);
    await pass(world, 3);
    await allDelivered(world, sourceId);
  });

  it.each(["parkedPage", "noteRelease", "moveWaiting", "sendLater", "reschedule"] as const)(
    "are all sent when the consumer that releases them crashes at %s [G2]",
    async (step) => {
      for (const when of ["before", "after"] as const) {
        const world = createWorld();
        const { sourceId, down } = await setUp(world, {}, 50);
        await pass(world, 1);
        down.is = false;
        const calls = world.crashAt(step, when, 1);
        await pass(world, 8);
        expect(calls()).toBeGreaterThan(0);
        await allDelivered(world, sourceId);
      }
    },
  );

  it("are released when the circuit is switched off", async () => {
    const world = createWorld();
    const { sourceId, down, id } = await setUp(world);
    down.is = false;
    await changeDestination(id, { circuit: null });
    await pass(world, 5);
    await allDelivered(world, sourceId);
  });
});

describe("finding what is parked", () => {
  it("reads one entry for each time and destination, and a page of its own size, however many wait", async () => {
    const world = createWorld();
    const route = await createRoute([{}, {}, {}]);
    const [db = env.DB] = databases;
    for (const [index, id] of route.destinationIds.entries())
      await db
        .prepare(
          `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1999)
           INSERT INTO deliveries (id, destination_id, status, attempts_made, next_attempt_at, deferred_by, deferrals, attempts, created_at, age_credit_ms)
           SELECT 'dlv_' || ?1 || printf('%05d', i), ?2, 'deferred', 0, ?3, 'circuit', 1, '[]', ?4, 0 FROM n`,
        )
        .bind(index, id, parkedUntil(world.now()) - (index % 2) * 3_600_000, world.now())
        .run();
    let rows = 0;
    const counting = {
      prepare: (sql: string) => ({
        bind: (...values: unknown[]) => ({
          all: async () => {
            const result = await db
              .prepare(sql)
              .bind(...values)
              .all();
            rows += result.meta.rows_read;
            return result;
          },
        }),
      }),
    } as unknown as D1Database;
    expect(new Set(await parkedDestinations(counting, world.now()))).toEqual(new Set(route.destinationIds));
    expect(rows).toBeLessThan(150);
    const page = await parkedPage(db, route.destinationIds[1] as DestinationId, world.now(), 500);
    expect(page.waiting).toHaveLength(500);
  });
});
