import { beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_TIMEOUT_MS } from "../../../src/config/limits.ts";
import type { LaterMessage } from "../../../src/delivery/index.ts";
import { createRoute, createWorld } from "../harness.ts";
import { clear } from "../record/harness.ts";

/** Long beside what a batch takes otherwise. */
const TIMEOUT_MS = 3_000;

beforeEach(clear);

describe("lanes", () => {
  it("move a destination that times out, with everything that waits for it, to the slow lane [G5]", async () => {
    const sent: LaterMessage["lane"][] = [];
    const world = createWorld({
      realTime: true,
      consumer: {
        sendLater: async (messages) => void sent.push(...messages.map(({ lane }) => lane)),
        sendOnEvents: async (messages, lane) => void sent.push(...messages.map(() => lane)),
      },
    });
    const dead = await createRoute([{ url: "https://dead.test/" }]);
    const healthy = await createRoute([{ url: "https://healthy.test/" }]);
    world.onRequest((request) =>
      request.url.startsWith("https://dead")
        ? { error: "timeout", durationMs: TIMEOUT_MS }
        : { status: 200, durationMs: 1 },
    );
    for (let i = 0; i < 40; i++) {
      await world.accept(`/in/${dead.slug}`, { body: "x" });
      await world.accept(`/in/${healthy.slug}`, { body: "x" });
    }
    const first = Date.now();
    await world.turn();
    // One timeout, once.
    expect(Date.now() - first).toBeLessThan(2 * TIMEOUT_MS);
    const tried = world.requests.filter((request) => request.url.startsWith("https://dead")).length;
    // The first sends of one batch, and nothing after the first timeout.
    expect(tried).toBeLessThanOrEqual(3);
    expect(world.requests.filter((request) => request.url.startsWith("https://healthy"))).toHaveLength(40);
    expect(sent).toEqual(Array.from({ length: 40 }, () => "slow"));

    await world.accept(`/in/${dead.slug}`, { body: "x" });
    await world.accept(`/in/${healthy.slug}`, { body: "x" });
    const second = Date.now();
    await world.turn();
    expect(Date.now() - second).toBeLessThan(TIMEOUT_MS);
    expect(world.requests.filter((request) => request.url.startsWith("https://healthy"))).toHaveLength(41);
    expect(world.requests.filter((request) => request.url.startsWith("https://dead"))).toHaveLength(tried);
  });

  it("bring a destination back once it answers quickly again [G5]", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1, 1, 1] } }]);
    let slow = true;
    world.onRequest(() => (slow ? { error: "timeout", durationMs: DEFAULT_TIMEOUT_MS } : { status: 200 }));
    await world.accept(`/in/${slug}`, { body: "x" });
    await world.turn();
    expect(world.queued.map((item) => item.lane)).toEqual(["slow"]);
    slow = false;
    await world.drain();
    await world.accept(`/in/${slug}`, { body: "x" });
    const count = world.requests.length;
    await world.turn();
    expect(world.requests).toHaveLength(count + 1);
  });

  it("move first attempts that did not start within a second on to small batches, as they came [G5] [G11]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute();
    world.onRequest(() => ({ status: 200, durationMs: 1_500 }));
    await world.postMany(slug, 60);
    const [batch] = await world.turn();
    expect(batch?.settled).toBe("ack");
    const moved = world.queued.filter(({ lane, message }) => lane === "small" && message.kind === "event");
    expect(moved.length).toBeGreaterThan(0);
    const rows = async () => (await world.deliveries()).filter((row) => row.source_id === sourceId);
    expect(await rows()).toHaveLength(60 - moved.length);
    await world.drain();
    expect(world.requests).toHaveLength(60);
    expect((await rows()).map((row) => [row.attempts_made, row.deferrals])).toEqual(
      Array.from({ length: 60 }, () => [1, 0]),
    );
  });

  it("record events that the queue of small batches does not take, without using an attempt [G5] [G11]", async () => {
    const world = createWorld();
    world.break("sendOnEvents");
    const { slug, sourceId } = await createRoute();
    world.onRequest(() => ({ status: 200, durationMs: 1_500 }));
    await world.postMany(slug, 60);
    await world.turn();
    const rows = (await world.deliveries()).filter((row) => row.source_id === sourceId);
    const put = rows.filter((row) => row.deferred_by === "time_budget");
    expect(put.length).toBeGreaterThan(0);
    expect(put.every((row) => row.attempts_made === 0 && row.status === "deferred")).toBe(true);
    await world.drain();
    expect(world.requests).toHaveLength(60);
  });
});

describe("the gate in the consumer", () => {
  it("defers by pace without using an attempt [G11]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ rate_limit: { limit: 10, period_seconds: 1 } }]);
    await world.postMany(slug, 60);
    await world.drain();
    const rows = (await world.deliveries()).filter((row) => row.source_id === sourceId);
    expect(rows).toHaveLength(60);
    expect(rows.every((row) => row.attempts_made === 1 && row.status === "delivered")).toBe(true);
    expect(Math.max(...rows.map((row) => row.deferrals))).toBeGreaterThan(0);
    const times = world.requests.map((request) => request.at);
    for (const from of times)
      expect(times.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(20);
  });

  it("keeps the delivery when it is unreachable, and no limit is exceeded [G7]", async () => {
    const world = createWorld();
    world.break("acquire", "report", "inspect", "reschedule");
    const { slug, sourceId } = await createRoute([{ max_concurrency: 1 }]);
    await world.accept(`/in/${slug}`, { body: "x" });
    await world.turn();
    expect(world.requests).toHaveLength(0);
    const row = (await world.deliveries()).find((delivery) => delivery.source_id === sourceId);
    expect(row).toMatchObject({ status: "deferred", deferred_by: "gate_unreachable", attempts_made: 0 });
    expect(world.queued).toHaveLength(1);
  });

  it("is not asked for a destination without limits", async () => {
    const world = createWorld();
    world.break("acquire", "report", "inspect", "reschedule");
    const { slug } = await createRoute();
    await world.accept(`/in/${slug}`, { body: "x" });
    await world.turn();
    expect(world.requests).toHaveLength(1);
  });

  it("holds the whole destination for the Retry-After of one answer [G11]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute();
    world.onRequest(() => ({ status: 429, headers: { "retry-after": "300" } }));
    await world.accept(`/in/${slug}`, { body: "1" });
    await world.turn();
    world.onRequest(() => ({ status: 200 }));
    await world.accept(`/in/${slug}`, { body: "2" });
    const before = world.now();
    await world.turn();
    expect(world.requests).toHaveLength(1);
    await world.drain();
    expect(Math.min(...world.requests.slice(1).map((request) => request.at)) - before).toBeGreaterThanOrEqual(299_000);
    const rows = (await world.deliveries()).filter((row) => row.source_id === sourceId);
    expect(rows.map((row) => row.attempts_made)).toEqual([2, 1]);
  });
});
