import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { eventIdOf, type DeliveryId } from "../../../src/model/ids.ts";
import { createRoute, createWorld, TestMessage, type World } from "../harness.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const POISON = "poison";
const NEIGHBOURS = 20;
const MINUTE_MS = 60_000;

const bodyOf = (request: { readonly body: unknown }): string => {
  const body = request.body as { kind: string; bytes: Uint8Array };
  return new TextDecoder().decode(body.bytes);
};

/** Ends whatever the consumer is doing: the call never returns, and nothing that follows it in the consumer happens. */
const crashing = (world: World): Promise<never> => {
  crashed.get(world)?.();
  return new Promise(() => undefined);
};
const crashed = new WeakMap<World, () => void>();

/**
 * Consumes and sweeps until nothing is left to do, with queues that count how often a message has come. A crash brings all messages of its
 * batch back, settled or not.
 * @param keepsQueues whether queues outlive a crash, as the platform's do
 */
async function run(world: World, { minutes = 60, keepsQueues = true } = {}) {
  const attempts = new Map<unknown, number>();
  let crashes = 0;
  const end = world.now() + minutes * MINUTE_MS;
  let sweepAt = world.now();
  while (world.now() < end && (world.queued.length > 0 || (await isOpen()))) {
    for (const lane of ["events", "deliveries"] as const) {
      const due = world.queued.filter((item) => item.lane === lane && item.at <= world.now()).slice(0, 100);
      for (const item of due) world.queued.splice(world.queued.indexOf(item), 1);
      const messages = due.map(({ message }) => {
        const count = (attempts.get(message) ?? 0) + 1;
        attempts.set(message, count);
        return new TestMessage(message, crypto.randomUUID(), count);
      });
      const crash = new Promise<"crash">((resolve) => crashed.set(world, () => resolve("crash")));
      const ended = await Promise.race([crash, world.consume(lane, messages)]);
      const back = (seconds: number) => world.now() + seconds * 1_000;
      if (ended === "crash") {
        crashes += 1;
        if (keepsQueues) world.queued.push(...due.map((item) => ({ ...item, at: back(10) })));
        else world.queued.splice(0);
        continue;
      }
      for (const [index, { settled, delaySeconds = 10 }] of messages.entries()) {
        const item = due[index];
        if (settled === "retry" && item) world.queued.push({ ...item, at: back(delaySeconds) });
      }
    }
    if (world.now() >= sweepAt) {
      await world.sweep();
      sweepAt = world.now() + MINUTE_MS;
    }
    const next = Math.min(sweepAt, ...world.queued.map(({ at }) => at));
    world.advance(Math.max(0, next - world.now()));
  }
  return crashes;
}

/** Whether a delivery waits, or an event is in the journal. */
async function isOpen(): Promise<boolean> {
  const open = "SELECT id FROM deliveries WHERE next_attempt_at IS NOT NULL UNION ALL SELECT id FROM outbox";
  return (await env.DB.prepare(open).first()) !== null;
}

const rowsOf = async (world: World, sourceId: string) =>
  (await world.deliveries()).filter((row) => row.source_id === sourceId);

const interruptionCount = async () =>
  (await env.DB.prepare("SELECT COUNT(*) AS n FROM interruptions").first<{ n: number }>())?.n;

/** A world in which sending the poison crashes the consumer. */
async function poisoned(journal: "fallback" | "always" = "fallback", connection: object = {}) {
  const world = createWorld({ journal });
  const { slug, sourceId } = await createRoute([{ max_concurrency: 1, connection }]);
  world.replace("send", (send) => (request) => (bodyOf(request) === POISON ? crashing(world) : send(request)));
  for (let i = 0; i < NEIGHBOURS; i++) {
    if (i === NEIGHBOURS / 2) await world.accept(`/in/${slug}`, { body: POISON });
    await world.accept(`/in/${slug}`, { body: `neighbour ${i}` });
  }
  return { world, sourceId };
}

describe("a delivery whose attempt crashes the consumer", () => {
  it("is taken alone after three times and is dead the fifth time; its neighbours are delivered [G2] [G10]", async () => {
    const { world, sourceId } = await poisoned();
    const crashes = await run(world);
    expect(crashes).toBe(5);
    // Three times together with it, and once without it.
    const sent = new Map<string, number>();
    for (const request of world.requests) sent.set(bodyOf(request), (sent.get(bodyOf(request)) ?? 0) + 1);
    expect(Math.max(...sent.values())).toBeLessThanOrEqual(4);
    const rows = await rowsOf(world, sourceId);
    const dead = rows.filter(({ status }) => status === "dead");
    expect(rows.filter(({ status }) => status === "delivered")).toHaveLength(NEIGHBOURS);
    expect(dead).toMatchObject([{ last_error: "consumer_crashed", attempts_made: 0 }]);
    expect(await world.content(eventIdOf((dead[0]?.id ?? "") as DeliveryId))).toMatchObject({
      body: { bytes: utf8(POISON) },
    });
    expect(await interruptionCount()).toBe(0);
  });

  it("is dead too when each crash takes the queues with it, as it does locally [G2]", async () => {
    const { world, sourceId } = await poisoned("always");
    const crashes = await run(world, { keepsQueues: false });
    expect(crashes).toBe(5);
    const rows = await rowsOf(world, sourceId);
    expect(rows.filter(({ status }) => status === "delivered")).toHaveLength(NEIGHBOURS);
    expect(rows.filter(({ status }) => status === "dead")).toMatchObject([{ last_error: "consumer_crashed" }]);
  });

  it("is dead the fifth time when its time comes later", async () => {
    const { world, sourceId } = await poisoned("fallback", { delay_seconds: 30 });
    const crashes = await run(world);
    expect(crashes).toBe(5);
    const rows = await rowsOf(world, sourceId);
    expect(rows.filter(({ status }) => status === "delivered")).toHaveLength(NEIGHBOURS);
    expect(rows.filter(({ status }) => status === "dead")).toMatchObject([{ last_error: "consumer_crashed" }]);
  });
});

describe("an event whose routing crashes the consumer", () => {
  it("is routed alone and is dead the fifth time, with its payload; its neighbours are delivered [G2] [G10]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute();
    const isPoison = ({ body }: { readonly body: unknown }): boolean => bodyOf({ body }) === POISON;
    world.replace(
      "firstEvents",
      (firstEvents) => (events) => (events.some(isPoison) ? crashing(world) : firstEvents(events)),
    );
    for (let i = 0; i < NEIGHBOURS; i++)
      await world.accept(`/in/${slug}`, { body: i === 10 ? POISON : `neighbour ${i}` });
    const crashes = await run(world);
    expect(crashes).toBe(4);
    const rows = await rowsOf(world, sourceId);
    expect(rows.filter(({ status }) => status === "delivered")).toHaveLength(NEIGHBOURS - 1);
    expect(rows.filter(({ status }) => status === "dead")).toMatchObject([
      { last_error: "consumer_crashed", connection_id: null },
    ]);
    expect(await interruptionCount()).toBe(0);
  });
});

describe("a message that comes back for another reason", () => {
  it("is no crash: an event waits for its body in R2 as long as it takes [G7]", async () => {
    const world = createWorld();
    const mend = world.break("readBody");
    const { slug, sourceId } = await createRoute([{ connection: { filter: { body: { type: "order" } } } }]);
    const body = JSON.stringify({ type: "order", pad: "x".repeat(150_000) });
    await world.accept(`/in/${slug}`, { body, headers: { "content-type": "application/json" } });
    await run(world, { minutes: 15 });
    expect(await rowsOf(world, sourceId)).toHaveLength(0);
    mend();
    await run(world);
    expect(await rowsOf(world, sourceId)).toMatchObject([{ status: "delivered", attempts_made: 1 }]);
  });

  it("is not a crash: a D1 that accepts no record interrupts nothing permanently [G7]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ retry: { schedule_seconds: [1, 1] } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.accept(`/in/${slug}`, { body: "x" });
    await world.turn();
    const mend = world.break("write");
    await run(world, { minutes: 25 });
    mend();
    await run(world);
    expect(await rowsOf(world, sourceId)).toMatchObject([
      { status: "dead", attempts_made: 3, last_error: "attempts_exhausted: http_status" },
    ]);
    expect(world.requests).toHaveLength(3);
  });
});
