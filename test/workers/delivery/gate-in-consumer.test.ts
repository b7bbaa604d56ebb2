// Adaptive pace and circuit as consumers live with them, on real D1 and the test's clock.
import { beforeEach, describe, expect, it } from "vitest";
import { limitsOf, type Gate } from "../../../src/gate/index.ts";
import { destinationSpecSchema } from "../../../src/model/destination.ts";
import { HOUR_MS, MINUTE_MS } from "../../../src/kernel/durations.ts";
import { createRoute, createWorld, type World } from "../harness.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const limits = limitsOf(destinationSpecSchema.parse({ name: "x", slug: "x", url: "https://x.test/" }));
const only = async (world: World, sourceId: string) =>
  (await world.deliveries()).filter((row) => row.source_id === sourceId);
const stateOf = async (world: World, id: string) =>
  world.env.DB.prepare("SELECT * FROM destination_states WHERE destination_id = ?").bind(id).first();

/** The world's gate, its calls counted. */
function counting(world: World): Record<keyof Gate, number> {
  const calls = { acquire: 0, report: 0, inspect: 0, reschedule: 0 };
  const count =
    <A extends unknown[], R>(name: keyof Gate) =>
    (call: (...args: A) => R) =>
    (...args: A): R => {
      calls[name] += 1;
      return call(...args);
    };
  world.replace("acquire", count("acquire"));
  world.replace("report", count("report"));
  world.replace("inspect", count("inspect"));
  world.replace("reschedule", count("reschedule"));
  return calls;
}

describe("a destination without limits", () => {
  it("calls no gate while it is healthy, is held back after a 429, and recovers by itself [G11]", async () => {
    const world = createWorld();
    const calls = counting(world);
    const { slug, sourceId, destinationIds } = await createRoute([{ retry: { schedule_seconds: [1, 1, 1, 1, 1, 1] } }]);
    const [id = ""] = destinationIds;
    await world.postMany(slug, 100);
    await world.drain();
    expect(calls).toEqual({ acquire: 0, report: 0, inspect: 0, reschedule: 0 });

    let refusals = 5;
    world.onRequest(() => ({ status: refusals-- > 0 ? 429 : 200 }));
    await world.postMany(slug, 50);
    await world.turn();
    expect(calls).toMatchObject({ acquire: 0, report: 1 });
    expect(await world.consumer.gate.inspect(id, limits)).toMatchObject({ throttled: true });
    expect(await stateOf(world, id)).toMatchObject({ throttled: 1 });

    await world.postMany(slug, 60);
    const from = world.requests.length;
    const pace = (await world.consumer.gate.inspect(id, limits)).rate_in_use ?? 0;
    const startedAt = world.now();
    await world.turn();
    const heldBack = world.requests.slice(from).map(({ at }) => (at - startedAt) / 1_000);
    expect(heldBack.length).toBeLessThanOrEqual(1 + pace * Math.max(...heldBack));
    await world.drain(2_000);
    for (let i = 0; i < 20; i++, world.advance(6_000)) {
      await world.postMany(slug, 1);
      await world.drain();
    }
    expect(await world.consumer.gate.inspect(id, limits)).toMatchObject({ throttled: false, rate_in_use: null });
    expect(await stateOf(world, id)).toBeNull();
    const before = calls.acquire;
    await world.postMany(slug, 10);
    await world.drain();
    expect(calls.acquire).toBe(before);
    const rows = await only(world, sourceId);
    expect(rows.every((row) => row.status === "delivered")).toBe(true);
    // Only the five that were refused have been tried twice.
    expect(rows.filter((row) => row.attempts_made === 2)).toHaveLength(5);
  });
});

describe("a pace of one a day", () => {
  it("sends each delivery at its slot, beyond the 24 hours that a queue can delay, deferred once [G4] [G11]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ rate_limit: { limit: 1, period_seconds: 86_400, burst: 1 } }]);
    await world.postMany(slug, 4);
    await world.drain();
    const days = world.requests.map(({ at }) => (at - (world.requests[0]?.at ?? 0)) / (24 * HOUR_MS));
    expect(days).toHaveLength(4);
    days.forEach((day, index) => expect(day).toBeCloseTo(index, 3));
    const rows = await only(world, sourceId);
    expect(rows.map((row) => row.deferrals).sort((a, b) => a - b)).toEqual([0, 1, 1, 1]);
  });
});

describe("an open circuit", () => {
  const policy = { failure_threshold: 1, open_seconds: 3_600, open_factor: 1, max_open_seconds: 3_600 };

  it("of three hours does not end a delivery with a max age of one hour, and uses no attempt [G2] [G11]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([
      { circuit: policy, retry: { schedule_seconds: [60, 60, 1_200, 1_200, 1_200], max_age_seconds: 3_600 } },
    ]);
    let answers: number[] = [500];
    world.onRequest(() => ({ status: answers.shift() ?? 200 }));
    // One failure opens it; every probe fails until three hours are over; then each delivery fails once more before it succeeds.
    await world.accept(`/in/${slug}`, { body: "first" });
    await world.turn();
    await world.accept(`/in/${slug}`, { body: "second" });
    answers = [500, 500, 200, 500];
    const start = world.now();
    await world.drain(500);
    const rows = await only(world, sourceId);
    expect(rows.map((row) => row.status)).toEqual(["delivered", "delivered"]);
    expect(Math.max(...world.requests.map(({ at }) => at)) - start).toBeGreaterThan(3 * HOUR_MS);
    expect(rows.reduce((sum, row) => sum + row.attempts_made, 0)).toBe(world.requests.length);
    expect(Math.max(...rows.map((row) => row.attempts_made))).toBeLessThanOrEqual(5);
  });

  it("extends the age limit by exactly the time it was open", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([
      { circuit: policy, retry: { schedule_seconds: [60, 1_200, 1_200, 1_200, 1_200], max_age_seconds: 3_600 } },
    ]);
    // Opens at once, closes by the first probe an hour later; all else fails.
    const answers = [500, 200];
    world.onRequest(() => ({ status: answers.shift() ?? 400 }));
    await world.accept(`/in/${slug}`, { body: "opens it" });
    await world.turn();
    await world.accept(`/in/${slug}`, { body: "waits" });
    const createdAt = world.now();
    await world.drain(500);
    const row = (await only(world, sourceId)).find(({ status }) => status === "dead");
    expect(row).toMatchObject({ last_error: "age_exceeded: http_status" });
    const age = Number(row?.finished_at) - createdAt;
    // The next attempt would have come within 22 minutes, beyond the hour of its own and the hour of the circuit.
    expect(age).toBeLessThanOrEqual(2 * HOUR_MS);
    expect(age).toBeGreaterThan(2 * HOUR_MS - 23 * MINUTE_MS);
  });
});
