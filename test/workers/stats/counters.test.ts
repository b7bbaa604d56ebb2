// What a batch adds to the counters: each change once.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { EventMessage } from "../../../src/model/message.ts";
import { countsByType } from "../../../src/stats/counts.ts";
import { addCounts, type Counts } from "../../../src/stats/index.ts";
import { countStatements } from "../../../src/store/counters.ts";
import { cancelDelivery } from "../../../src/store/lists.ts";
import { countRowsWritten } from "../counting.ts";
import { auditEntry, createRoute, createWorld, TestMessage } from "../harness.ts";
import { NOTHING_TO_WRITE } from "../../../src/delivery/ports.ts";

async function counts(source: string, destination?: string): Promise<Counts> {
  const { results } = await env.DB.prepare(
    "SELECT counts FROM counters WHERE step = 60000 AND source_id = ?1 AND (?2 IS NULL OR destination_id = ?2)",
  )
    .bind(source, destination ?? null)
    .all<{ counts: string }>();
  return addCounts(results.map((row) => JSON.parse(row.counts) as Counts));
}

beforeEach(async () => {
  await env.DB.batch(
    ["counters", "marks", "events", "deliveries"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  );
});

describe("the counters", () => {
  it("count events by source and deliveries by destination", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([{}, {}]);
    const [first = "", second = ""] = destinationIds;
    world.onRequest((request) => ({ status: request.url.includes("-1.") ? 500 : 200, durationMs: 40 }));
    await world.postMany(slug, 3);
    await world.turn();
    expect(await counts(sourceId, "")).toEqual({ accepted: 3, bytes_in: 15 });
    expect(await counts(sourceId, first)).toMatchObject({ made: 3, attempts: 3, delivered: 3, a22: 3, a_sum: 120 });
    expect(await counts(sourceId, first)).not.toHaveProperty("failed_attempts");
    expect(await counts(sourceId, second)).toMatchObject({ made: 3, attempts: 3, failed_attempts: 3 });
    expect(await counts(sourceId, second)).not.toHaveProperty("l_sum");
  });

  it("count events by type, of each source the first 50 types by name, the others together", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{}], { event_type: { json: "type" } });
    const odd = [`it's "odd" \\ {}[]`, "ünï ☃", "$.accepted", "(other)", "x".repeat(65), "a"];
    const postAll = async (types: readonly (string | null)[]): Promise<void> => {
      for (const type of types) await world.post(slug, { body: JSON.stringify({ type }) });
      await world.turn();
      world.advance(60_000);
    };
    await postAll([...odd, "a", null]);
    const byType = async () => Object.fromEntries(countsByType(await counts(sourceId, "")));
    const first = { [odd[0] ?? ""]: 1, "ünï ☃": 1, "$.accepted": 1, a: 2, "(other)": 2 };
    expect(await byType()).toEqual(first);
    // 46 more have room.
    const more = Array.from({ length: 60 }, (_, n) => `type.${n}`);
    await postAll([...more, "a"]);
    await postAll([...more.toReversed(), ...odd]);
    const found = await byType();
    expect(Object.keys(found)).toHaveLength(51);
    expect(found).toMatchObject({ a: 4, "$.accepted": 2, "type.0": 2, "type.45": 2, "(other)": 2 + 2 * 14 + 2 });
    expect(found).not.toHaveProperty(["type.46"]);
    expect((await counts(sourceId, ""))["accepted"]).toBe(8 + 61 + 66);
  });

  it("learn types in one row of each source, which is written only when a type is new", async () => {
    const world = createWorld();
    const written: number[] = [];
    const batch = env.DB.batch.bind(env.DB);
    const { slug, sourceId } = await createRoute([{}], { event_type: { json: "type" } });
    const rows = async () =>
      (await env.DB.prepare("SELECT COUNT(*) AS n FROM counters WHERE step = -1").first<{ n: number }>())?.n;
    for (const type of ["a", "a", "b"]) {
      const id = await world.post(slug, { body: JSON.stringify({ type }) });
      const message = world.queued.splice(0)[0]?.message;
      const { event } = message as EventMessage;
      const statements = countStatements(env.DB, { firsts: [{ event, deliveries: [] }], settlements: [] }, world.now());
      const [learnt] = await batch(statements);
      written.push(learnt?.meta.rows_written ?? -1);
      expect(id).toBe(event.id);
    }
    expect(written).toEqual([1, 0, 1]);
    expect(await rows()).toBe(1);
    expect((await counts(sourceId))["t:a"]).toBe(2);
  });

  it("count ignored events and duplicates separately", async () => {
    const world = createWorld();
    const none = await createRoute([]);
    await world.postMany(none.slug, 2);
    const twice = await createRoute([{}], { dedupe: { key: "body_hash", window_seconds: 60 } });
    await world.postMany(twice.slug, 2);
    await world.drain();
    expect(await counts(none.sourceId)).toEqual({ accepted: 2, bytes_in: 10, ignored: 2 });
    expect(await counts(twice.sourceId)).toMatchObject({ accepted: 2, duplicate: 1, made: 1, delivered: 1 });
  });

  it("count a message once that comes twice, or in two batches at a time", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute();
    await world.post(slug);
    const message = world.queued.splice(0)[0]?.message;
    await Promise.all([
      world.consume("events", [new TestMessage(message)]),
      world.consume("events", [new TestMessage(message)]),
    ]);
    await world.consume("events", [new TestMessage(message)]);
    expect(await counts(sourceId)).toMatchObject({ accepted: 1, made: 1, delivered: 1, attempts: 1 });
  });

  it("count a write once that is repeated after a transient fault", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute();
    world.replace("write", (write) => async (writes) => {
      await write(writes);
      await write(writes);
    });
    await world.post(slug);
    await world.turn();
    expect(await counts(sourceId)).toMatchObject({ accepted: 1, made: 1, delivered: 1, attempts: 1 });
  });

  it("do not count a settlement whose claim was lost", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ retry: { schedule_seconds: [1] } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.post(slug);
    await world.turn();
    world.advance(5_000);
    const before = await counts(sourceId);
    world.replace(
      "write",
      (write) =>
        ({ settlements }) =>
          write({ ...NOTHING_TO_WRITE, settlements: settlements.map((one) => ({ ...one, claim: one.claim + 1 })) }),
    );
    await world.turn();
    expect(world.requests).toHaveLength(2);
    expect(await counts(sourceId)).toEqual(before);
  });

  it("count deferrals, retries and the end of a delivery", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([
      { retry: { schedule_seconds: [1, 1] }, rate_limit: { limit: 1, period_seconds: 10, burst: 1 } },
    ]);
    world.onRequest(() => ({ status: 500 }));
    await world.postMany(slug, 2);
    await world.drain();
    expect(await counts(sourceId, destinationIds[0])).toMatchObject({
      made: 2,
      attempts: 6,
      failed_attempts: 6,
      dead: 2,
      deferred: expect.any(Number) as number,
    });
  });

  it("measure latency from the end of a planned wait, not from its beginning", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ connection: { delay_seconds: 600 } }]);
    await world.post(slug);
    await world.drain();
    const sum = (await counts(sourceId))["l_sum"] ?? NaN;
    expect(sum).toBeGreaterThanOrEqual(0);
    expect(sum).toBeLessThan(5_000);
  });

  it("count what is recorded late because D1 was down [G7]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute();
    await world.post(slug);
    await world.turn();
    const mend = world.break("readContext", "write");
    await world.postMany(slug, 2);
    await world.turn();
    expect(await counts(sourceId)).toMatchObject({ accepted: 1 });
    mend();
    world.advance(60_000);
    await world.sweep();
    await world.drain();
    expect(await counts(sourceId)).toMatchObject({ accepted: 3, made: 3, delivered: 3, attempts: 3 });
  });

  it("count a delivery once that is cancelled twice", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ connection: { delay_seconds: 600 } }]);
    await world.postMany(slug, 1);
    await world.turn();
    const [one] = (await world.deliveries()).flatMap((row) => (row.source_id === sourceId ? [row.id] : []));
    if (one === undefined) throw new Error("one was expected");
    for (let round = 0; round < 2; round++) await cancelDelivery(env.DB, one, world.now(), auditEntry(world.now()));
    expect(await counts(sourceId)).toMatchObject({ made: 1, cancelled: 1 });
  });

  it("cost rows per batch, source and destination, not per event", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{}, {}, {}]);
    // Quick answers: all of them fit into the time of one batch.
    world.onRequest(() => ({ durationMs: 1 }));
    await world.postMany(slug, 50);
    const rows = countRowsWritten(world);
    await world.turn();
    // The segment, a counter of the source, and one of each destination.
    expect(rows()).toBe(1 + 4);
  });
});
