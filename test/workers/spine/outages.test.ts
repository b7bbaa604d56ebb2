import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { createRoute, createWorld, TestMessage, type World } from "../harness.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const MAX_RETRIES = 100;
const RETRY = { schedule_seconds: [5, 3_600, 3_600, 3_600, 3_600] };

const rowsOf = async (world: World, sourceId: string) =>
  (await world.deliveries()).filter((row) => row.source_id === sourceId);

/** A delivery whose first attempt has failed, and the message for its second one. */
async function retrying() {
  const world = createWorld();
  const { slug, sourceId } = await createRoute([{ retry: RETRY }]);
  world.onRequest(() => ({ status: 500 }));
  await world.accept(`/in/${slug}`, { body: "x" });
  await world.turn();
  world.advance(6_000);
  const due = world.queued.splice(0)[0]?.message;
  return { world, due, row: async () => (await rowsOf(world, sourceId))[0] };
}

describe("D1 away for hours", () => {
  it("ends no delivery: what is due is attempted when D1 is back, with all its attempts [G7]", async () => {
    const { world, due, row } = await retrying();
    const mend = world.break("takeDue");
    const waits: number[] = [];
    for (let attempts = 1; attempts <= MAX_RETRIES + 1; attempts++) {
      const message = new TestMessage(due, "m", attempts);
      await world.consume("deliveries", [message]);
      expect(message.settled).toBe("retry");
      waits.push(message.delaySeconds ?? 0);
      world.advance((message.delaySeconds ?? 0) * 1_000);
    }
    expect(waits.reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(12 * 3_600);
    mend();
    const givenUp = new TestMessage(due, "m");
    await world.deadLetter([givenUp]);
    expect(givenUp.settled).toBe("ack");
    expect(await row()).toMatchObject({ status: "retrying", attempts_made: 1 });
    world.onRequest(() => ({ status: 200 }));
    await world.sweep();
    await world.drain();
    expect(await row()).toMatchObject({ status: "delivered", attempts_made: 2 });
    expect(world.requests).toHaveLength(2);
  });
});

describe("a message of the dead letters", () => {
  it("leaves a delivery alone that has moved on [G2]", async () => {
    const { world, due, row } = await retrying();
    await world.consume("deliveries", [new TestMessage(due, "another")]);
    const before = await row();
    expect(before).toMatchObject({ status: "retrying", attempts_made: 2 });
    world.advance(60_000);
    await world.deadLetter([new TestMessage(due, "m")]);
    expect(await row()).toEqual(before);
  });
});

describe("R2 away", () => {
  it("makes an event wait whose filters need its body, and delivers it only where they match [G7]", async () => {
    const world = createWorld();
    const mend = world.break("readBody");
    const { slug, sourceId, connectionIds } = await createRoute([
      { connection: { filter: { body: { type: "invoice" } } } },
      { connection: { filter: { body: { type: "order" } } } },
    ]);
    const body = JSON.stringify({ type: "order", pad: "x".repeat(150_000) });
    await world.accept(`/in/${slug}`, { body, headers: { "content-type": "application/json" } });
    const message = world.queued.splice(0)[0]?.message;
    for (const deadLetter of [false, true]) {
      const incoming = new TestMessage(message, "m", deadLetter ? 1 : MAX_RETRIES);
      await (deadLetter ? world.deadLetter([incoming]) : world.consume("events", [incoming]));
      expect([incoming.settled, incoming.calls]).toEqual(["retry", 1]);
    }
    expect(await rowsOf(world, sourceId)).toHaveLength(0);
    mend();
    await world.deadLetter([new TestMessage(message, "m")]);
    await world.drain();
    expect(await rowsOf(world, sourceId)).toMatchObject([{ connection_id: connectionIds[1], status: "delivered" }]);
  });
});

describe("R2 away when a request is sent", () => {
  it("puts the delivery off: no attempt is used, and no circuit opens [G7] [G11]", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute();
    const unsent = { status: null, headers: null, error: "network", excerpt: null, durationMs: 1 } as const;
    const mend = world.replace("send", () => async () => ({ ...unsent, isBodyUnavailable: true }));
    for (let i = 0; i < 6; i++) await world.accept(`/in/${slug}`, { body: "x".repeat(150_000) });
    await world.turn();
    const rows = await rowsOf(world, sourceId);
    expect(rows).toHaveLength(6);
    for (const row of rows)
      expect(row).toMatchObject({ status: "deferred", deferred_by: "body_unavailable", attempts_made: 0 });
    const state = await env.DB.prepare("SELECT * FROM destination_states WHERE destination_id = ?")
      .bind(destinationIds[0])
      .first();
    expect(state).toBeNull();
    mend();
    await world.drain();
    expect((await rowsOf(world, sourceId)).map((row) => row.attempts_made)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe("the journal", () => {
  it("keeps an event until it is on record, also when two messages of one batch bring it [G1]", async () => {
    const world = createWorld({ journal: "always" });
    const { slug, sourceId } = await createRoute();
    await world.accept(`/in/${slug}`, { body: "x" });
    const message = world.queued.splice(0)[0]?.message;
    const journaled = async () =>
      (await env.DB.prepare("SELECT COUNT(*) AS n FROM outbox").first<{ n: number }>())?.n ?? 0;
    const seen: number[] = [];
    world.replace("send", (send) => async (request) => {
      seen.push(await journaled());
      return send(request);
    });
    const copies = [new TestMessage(message), new TestMessage(message)];
    await world.consume("events", copies);
    expect(seen).toEqual([1]);
    expect(await journaled()).toBe(0);
    expect(copies.map(({ settled, calls }) => [settled, calls])).toEqual([
      ["ack", 1],
      ["ack", 1],
    ]);
    expect(await rowsOf(world, sourceId)).toHaveLength(1);
  });
});
