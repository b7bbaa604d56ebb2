import { describe, expect, it } from "vitest";
import { createRoute, createWorld, TestMessage } from "../harness.ts";

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

  it("a delivery that succeeds is not sent again: its outcome is carried to the record [G3] [G7]", async () => {
    const { world, row } = await failing([5, 3_600]);
    world.onRequest(() => ({ status: 200 }));
    world.advance(6_000);
    const mend = world.break("write");
    await world.turn();
    expect(world.queued.map(({ message }) => message.kind)).toEqual(["outcome"]);
    mend();
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
    const carried = world.queued.splice(0);
    mend();
    await hours(world, 1);
    const before = await row();
    expect(before).toMatchObject({ attempts_made: 2 });
    await world.consume(
      "deliveries",
      carried.map(({ message }) => new TestMessage(message)),
    );
    expect(await row()).toEqual(before);
  });
});

describe("records that were carried", () => {
  it("are written in one transaction, a whole batch of them", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    const mend = world.break("write");
    await world.postMany(slug, 100);
    await world.turn();
    mend();
    let calls = 0;
    world.replace("write", (write) => (writes) => {
      calls += 1;
      return write(writes);
    });
    const messages = world.queued.splice(0).map(({ message }) => new TestMessage(message));
    expect(messages).toHaveLength(100);
    await world.consume("deliveries", messages);
    expect(calls).toBe(1);
    expect(messages.every(({ settled }) => settled === "ack")).toBe(true);
  });

  it("that can never be written hold up none of the others", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute();
    const mend = world.break("write");
    await world.postMany(slug, 5);
    await world.turn();
    const messages = world.queued.splice(0).map(({ message }) => new TestMessage(message));
    const bad = messages[1]?.body as { event: { id: string } };
    mend();
    world.replace(
      "write",
      (write) => (writes) => (writes.firsts.some(({ event }) => event.id === bad.event.id) ? down() : write(writes)),
    );
    await world.consume("deliveries", messages);
    expect(messages.map(({ settled }) => settled)).toEqual(["ack", "retry", "ack", "ack", "ack"]);
    expect((await world.deliveries()).filter((row) => row.source_id === sourceId)).toHaveLength(4);
  });
});
