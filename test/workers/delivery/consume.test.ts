import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import type { EventMessage } from "../../../src/model/message.ts";
import { createRoute, createWorld, TestMessage, type World } from "../harness.ts";
import { countRowsWritten } from "../counting.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const only = async (world: World, slug: string) => {
  const source = await env.DB.prepare("SELECT id FROM sources WHERE slug = ?").bind(slug).first<{ id: string }>();
  return (await world.deliveries()).filter((row) => row.source_id === source?.id);
};
const messageOf = (world: World): EventMessage => world.queued[0]?.message as EventMessage;

describe("first attempts", () => {
  it("deliver to every enabled connection and record it before the ack [G2]", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{}, {}, { connection: { enabled: false } }]);
    await world.post(slug);
    const [message] = await world.turn();
    expect(message?.settled).toBe("ack");
    expect(world.requests).toHaveLength(2);
    expect((await only(world, slug)).map((row) => row.status)).toEqual(["delivered", "delivered"]);
  });

  it("write three rows for a hundred events delivered at the first try over one connection", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    await world.postMany(slug, 100);
    const messages = world.queued.splice(0).map((item) => new TestMessage(item.message));
    const rows = countRowsWritten(world);
    await world.consume("events", messages);
    // The segment, a counter of the source, and one of the source and destination.
    expect(rows()).toBe(3);
  });

  it("are not repeated when the queue redelivers a recorded event [G3]", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    await world.post(slug);
    const message = messageOf(world);
    await world.turn();
    const again = new TestMessage(message);
    await world.consume("events", [again, new TestMessage(message)]);
    expect(again.settled).toBe("ack");
    expect(world.requests).toHaveLength(1);
    expect(await only(world, slug)).toHaveLength(1);
  });

  it("go on while D1 is down, and the record catches up [G7]", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    await world.post(slug);
    await world.turn();
    const mend = world.break("readContext", "write");
    await world.post(slug);
    const handled = await world.turn();
    expect(world.requests).toHaveLength(2);
    expect(handled.map((message) => message.settled)).toContain("ack");
    mend();
    await world.sweep();
    await world.drain();
    expect(world.requests).toHaveLength(2);
    expect((await only(world, slug)).map((row) => row.status)).toEqual(["delivered", "delivered"]);
  });

  it("return the message when neither D1 nor R2 takes the record [G7]", async () => {
    const world = createWorld();
    world.break("putPending", "write");
    const { slug } = await createRoute();
    await world.post(slug);
    expect((await world.turn())[0]?.settled).toBe("retry");
  });

  it("wait for their delay", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ connection: { delay_seconds: 100_000 } }]);
    await world.post(slug);
    const start = world.now();
    await world.turn();
    expect((await only(world, slug))[0]?.["status"]).toBe("scheduled");
    expect(world.requests).toHaveLength(0);
    world.advance(86_400_000);
    await world.drain();
    expect((world.requests[0]?.at ?? 0) - start).toBeGreaterThanOrEqual(100_000_000);
  });

  it("hold deliveries of a paused connection, and the sweep releases them after the pause", async () => {
    const world = createWorld();
    const { slug, destinationIds, sourceId } = await createRoute();
    const pause = (paused: number) =>
      env.DB.batch([
        env.DB.prepare("UPDATE destinations SET paused = ? WHERE id = ?").bind(paused, destinationIds[0] ?? ""),
        env.DB.prepare("UPDATE sources SET version = version + 1 WHERE id = ?").bind(sourceId),
      ]);
    await pause(1);
    await world.post(slug);
    await world.turn();
    expect((await only(world, slug))[0]).toMatchObject({ status: "held", next_attempt_at: null, attempts_made: 0 });
    await world.sweep();
    expect(world.requests).toHaveLength(0);
    await pause(0);
    await world.sweep();
    await world.drain();
    expect((await only(world, slug))[0]).toMatchObject({ status: "delivered", attempts_made: 1 });
  });
});

describe("later attempts", () => {
  it("follow the schedule and are dead when it is used up [G2]", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [5, 30] } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.post(slug);
    await world.drain();
    const [first = 0, second = 0, third = 0] = world.requests.map((request) => request.at);
    expect(world.requests).toHaveLength(3);
    expect(second - first).toBeGreaterThanOrEqual(5_000);
    expect(third - second).toBeGreaterThanOrEqual(30_000);
    expect((await only(world, slug))[0]).toMatchObject({
      status: "dead",
      attempts_made: 3,
      last_error: "attempts_exhausted: http_status",
    });
  });

  it("carry the same webhook-id every time [G3]", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1, 1] } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.post(slug);
    await world.drain();
    const ids = world.requests.map((request) => request.headers.find(([name]) => name === "webhook-id")?.[1]);
    expect(new Set(ids).size).toBe(1);
    expect(world.requests.map((request) => request.headers.find(([name]) => name === "sluice-attempt")?.[1])).toEqual([
      "1",
      "2",
      "3",
    ]);
  });

  it("cost at most three rows each", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1, 1, 1] } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.postMany(slug, 20);
    await world.turn();
    const rows = countRowsWritten(world);
    world.advance(3_000);
    await world.turn();
    // Twenty deliveries, and the one record of the destination's state.
    expect(rows()).toBeLessThanOrEqual(20 * 3 + 1);
  });

  it("are made once when two messages name the same delivery [G3]", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1] } }]);
    let status = 500;
    world.onRequest(() => ({ status }));
    await world.post(slug);
    await world.turn();
    status = 200;
    const message = world.queued.splice(0)[0]?.message;
    world.advance(5_000);
    await Promise.all([
      world.consume("deliveries", [new TestMessage(message)]),
      world.consume("slow", [new TestMessage(message)]),
    ]);
    await world.consume("deliveries", [new TestMessage(message)]);
    expect(world.requests).toHaveLength(2);
  });

  it("are requeued by the sweep when their message is lost [G2]", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [5] } }]);
    let status = 500;
    world.onRequest(() => ({ status }));
    await world.post(slug);
    await world.turn();
    status = 200;
    world.queued.splice(0);
    await world.sweep();
    expect(world.queued).toHaveLength(0);
    world.advance(70_000);
    await world.sweep();
    await world.sweep();
    expect(world.queued).toHaveLength(1);
    await world.drain();
    expect((await only(world, slug))[0]?.["status"]).toBe("delivered");
  });

  it("are requeued by the sweep when the consumer dies while it processes them [G2]", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1] } }]);
    let status = 500;
    world.onRequest(() => ({ status }));
    await world.post(slug);
    await world.turn();
    status = 200;
    const mend = world.break("putPending", "write");
    world.advance(2_000);
    await world.turn();
    mend();
    expect(world.queued).toHaveLength(0);
    world.advance(120_000);
    await world.sweep();
    await world.drain();
    expect((await only(world, slug))[0]?.["status"]).toBe("delivered");
  });

  it("wait in the queue while D1 cannot be read [G7]", async () => {
    const world = createWorld();
    world.break("takeDue");
    const message = new TestMessage({ v: 1, kind: "due", id: `dlv_${"0".repeat(42)}` });
    await world.consume("deliveries", [message]);
    expect(message.settled).toBe("retry");
  });

  it.each(["destination", "connection"] as const)("are cancelled when their %s was deleted", async (kind) => {
    const world = createWorld();
    const { slug, destinationIds, connectionIds } = await createRoute([{ retry: { schedule_seconds: [1] } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.post(slug);
    await world.turn();
    const [id = ""] = kind === "destination" ? destinationIds : connectionIds;
    await env.DB.prepare(`DELETE FROM ${kind}s WHERE id = ?`).bind(id).run();
    await world.drain();
    expect((await only(world, slug))[0]).toMatchObject({ status: "cancelled", last_error: `${kind}_deleted` });
    expect(world.requests).toHaveLength(1);
  });

  it("stop with 410, and the connection is disabled", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    world.onRequest(() => ({ status: 410 }));
    await world.post(slug);
    await world.turn();
    expect((await only(world, slug))[0]).toMatchObject({ status: "dead", last_error: "gone: http_status" });
    await world.post(slug);
    await world.turn();
    expect(world.requests).toHaveLength(1);
  });
});

describe("every message", () => {
  it("is settled exactly once, and a message of unknown form is recorded as dead [G2]", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    await world.post(slug);
    const good = new TestMessage(world.queued.splice(0)[0]?.message);
    const bad = [
      null,
      42,
      "text",
      { v: 1, kind: "event" },
      { v: 1, kind: "due", id: "nonsense" },
      new Uint8Array([0, 255]),
    ].map((body) => new TestMessage(body));
    await world.consume("events", [...bad, good]);
    await world.consume("deliveries", [new TestMessage(bad[0]?.body, bad[0]?.id)]);
    expect([...bad, good].map((message) => message.calls)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    const dead = (await world.deliveries()).filter((row) => row.last_error === "unprocessable");
    expect(dead).toHaveLength(bad.length);
    expect(world.requests).toHaveLength(1);
  });

  it.each(["events", "deliveries", "slow"] as const)(
    "of a newer release waits for it in the queue %s and is not recorded as dead",
    async (lane) => {
      const world = createWorld();
      const before = (await world.deliveries()).length;
      const newer = [
        { v: 2, kind: "event" },
        { v: 1, kind: "merge" },
      ].map((body) => new TestMessage(body));
      await world.consume(lane, newer);
      await world.deadLetter([new TestMessage(newer[0]?.body)]);
      expect(newer.map(({ settled, calls }) => [settled, calls])).toEqual([
        ["retry", 1],
        ["retry", 1],
      ]);
      expect(await world.deliveries()).toHaveLength(before);
    },
  );

  it("that the queue gave up on is put on record and its deliveries are attempted [G2]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{}, {}]);
    await world.post(slug);
    const message = new TestMessage(world.queued.splice(0)[0]?.message);
    await world.deadLetter([message]);
    expect(message.settled).toBe("ack");
    expect(world.requests).toHaveLength(0);
    await world.drain();
    expect(await only(world, slug)).toMatchObject([{ status: "delivered" }, { status: "delivered" }]);
    const [event] = (await world.events()).filter(({ source_id }) => source_id === sourceId);
    expect(await world.content(event?.id ?? "")).toMatchObject({ body: { bytes: utf8("12345") } });
  });

  it("that cannot be dead-lettered now comes back later [G7]", async () => {
    const world = createWorld();
    world.break("write");
    const message = new TestMessage("nonsense");
    await world.deadLetter([message]);
    expect(message.settled).toBe("retry");
  });
});
