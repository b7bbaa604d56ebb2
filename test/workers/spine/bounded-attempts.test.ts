import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { DeliveryId } from "../../../src/model/ids.ts";
import type { RecordMessage } from "../../../src/model/message.ts";
import { createRoute, createWorld, TestMessage } from "../harness.ts";
import { clear, counted, first, newEventId, pendingKeys } from "../record/harness.ts";

beforeEach(clear);

const down = () => Promise.reject(new Error("D1_ERROR: Network connection lost"));

async function failing(schedule: readonly number[]) {
  const world = createWorld();
  const { slug, sourceId } = await createRoute([{ retry: { schedule_seconds: schedule } }]);
  world.onRequest(() => ({ status: 500, body: "no", headers: { "x-answer": "1" } }));
  await world.accept(`/in/${slug}`, { body: "x" });
  await world.turn();
  const row = async () => (await world.deliveries()).find((one) => one.source_id === sourceId);
  const attempts = async () =>
    JSON.parse(String((await row())?.["attempts"])) as { number: number; response_body: string }[];
  return { world, row, attempts };
}

/** What the sweep does every ten minutes for hours, while a consumer takes whatever is due. */
async function hours(world: ReturnType<typeof createWorld>, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    world.advance(11 * 60_000);
    await world.sweep();
    await world.turn();
  }
}

describe("while the record of later attempts cannot be written", () => {
  it("each delivery is attempted once at most, and its outcome is recorded in the end [G7]", async () => {
    const { world, row, attempts } = await failing([1, 1]);
    const mend = world.break("write");
    await hours(world, 12);
    expect(world.requests).toHaveLength(2);
    expect(await row()).toMatchObject({ status: "retrying", attempts_made: 1 });
    mend();
    await hours(world, 3);
    await world.drain();
    expect(world.requests).toHaveLength(3);
    expect(await row()).toMatchObject({
      status: "dead",
      attempts_made: 3,
      last_error: "attempts_exhausted: http_status",
    });
    expect((await attempts()).map(({ number, response_body }) => [number, response_body])).toEqual([
      [1, "no"],
      [2, "no"],
      [3, "no"],
    ]);
  });

  it("a delivery that succeeds is not sent again: its outcome is kept in R2 and recorded from there [G3] [G7]", async () => {
    const { world, row } = await failing([5, 3_600]);
    world.onRequest(() => ({ status: 200 }));
    world.advance(6_000);
    const mend = world.break("write");
    await world.turn();
    expect(world.queued).toEqual([]);
    mend();
    await world.sweep();
    expect(world.queued.map(({ message }) => message.kind)).toEqual(["pending"]);
    await world.turn();
    expect(await row()).toMatchObject({ status: "delivered", attempts_made: 2 });
    await hours(world, 2);
    expect(world.requests).toHaveLength(2);
  });

  it("an outcome that comes after a further attempt is on record changes nothing", async () => {
    const { world, row } = await failing([5, 3_600, 3_600]);
    world.advance(6_000);
    const mend = world.break("write");
    await world.turn();
    const [key = ""] = await pendingKeys();
    const kept = await (await env.BODIES.get(key))?.arrayBuffer();
    await env.BODIES.delete(key);
    mend();
    await hours(world, 1);
    const before = await row();
    expect(before).toMatchObject({ attempts_made: 2 });
    await env.BODIES.put(key, kept ?? "");
    const message = new TestMessage({ v: 1, kind: "pending", key });
    await world.consume("deliveries", [message]);
    expect(message.settled).toBe("ack");
    expect(await row()).toEqual(before);
    expect(await pendingKeys()).toEqual([]);
  });
});

describe("records that an earlier release sent through the queue", () => {
  const carried = (count: number): TestMessage[] =>
    Array.from({ length: count }, () => {
      const { event, deliveries, ignored = [] } = first({ id: newEventId() });
      return new TestMessage({ v: 1, kind: "record", event, deliveries, ignored, journal: null, callbacks: [] });
    });

  it("are written in one transaction, a whole batch of them", async () => {
    const world = createWorld();
    let calls = 0;
    world.replace("write", (write) => (writes) => {
      calls += 1;
      return write(writes);
    });
    const messages = carried(100);
    const before = await world.deliveries();
    await world.consume("deliveries", messages);
    expect(calls).toBe(1);
    expect(messages.every(({ settled }) => settled === "ack")).toBe(true);
    expect(await world.deliveries()).toHaveLength(before.length + 100);
  });

  it("that can never be written hold up none of the others, one beside the other", async () => {
    const world = createWorld();
    const messages = carried(6);
    const bad = messages.slice(1, 4).map(({ body }) => (body as RecordMessage).event.id);
    world.replace(
      "write",
      (write) => (writes) => (writes.firsts.some(({ event }) => bad.includes(event.id)) ? down() : write(writes)),
    );
    const before = await world.deliveries();
    await world.consume("deliveries", messages);
    expect(messages.map(({ settled }) => settled)).toEqual(["ack", "retry", "retry", "retry", "ack", "ack"]);
    expect(await world.deliveries()).toHaveLength(before.length + 3);
  });

  it("settle a later attempt under its claim, once", async () => {
    const { world, row } = await failing([5, 3_600]);
    world.advance(6_000);
    const taken = await world.consumer.records.takeDue([(await row())?.id as DeliveryId], 60_000);
    const { delivery, claim } = taken.deliveries[0] ?? {};
    const attempts = [
      ...(delivery?.attempts ?? []),
      { number: 2, started_at: 1, duration_ms: 1, response_status: 200 },
    ];
    const outcome = {
      ...delivery,
      attempts,
      status: "delivered",
      attempts_made: 2,
      next_attempt_at: null,
      finished_at: 1,
    };
    const message = { v: 1, kind: "outcome", delivery: outcome, claim, counts: { delivered: 1 }, callbacks: [] };
    const before = await counted("delivered");
    for (let i = 0; i < 2; i++) await world.consume("deliveries", [new TestMessage(message)]);
    expect(await row()).toMatchObject({ status: "delivered", attempts_made: 2 });
    expect(await counted("delivered")).toBe(before + 1);
  });
});
