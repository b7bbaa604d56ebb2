// Bulk replays: planned, started, read and cancelled over the API. They run on real D1; the test controls the queue.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { replayMessage } from "../../../src/delivery/index.ts";
import type { DeliveryId, ReplayId } from "../../../src/model/ids.ts";
import { createRoute, TestMessage } from "../harness.ts";
import { clear } from "../record/harness.ts";
import { unique } from "./harness.ts";
import { deadLetters, figures, multiply, once, read, sentIds, setUp, start } from "./replaying.ts";

// A page of a list looks at 400 rows.
beforeEach(clear);

describe("a redrive of dead letters", () => {
  it("takes each once, reports its progress, and is done when all have ended", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([once]);
    await deadLetters(world, slug, 30);
    const plan = await client.call("POST", "/replays", {
      status: "dead",
      destination: destinationIds[0],
      dry_run: true,
    });
    expect([plan.status, plan.json.matched, plan.json.matched_exact]).toEqual([200, 30, true]);
    expect(plan.json.sample).toHaveLength(5);
    expect((await client.call("GET", "/replays")).json.data).toHaveLength(0);

    const id = await start(client, { status: "dead", destination: destinationIds[0] });
    expect(figures(await read(client, id))).toEqual({ matched: 30, queued: 0, done: 0, failed: 0, status: "running" });
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 30, queued: 30, done: 30, failed: 0, status: "done" });
    expect((await read(client, id))["finished_at"]).toMatch(/Z$/);
    expect(new Set(sentIds(world)).size).toBe(30);
    expect(world.requests).toHaveLength(30);
    expect((await client.call("GET", "/replays")).json.data).toMatchObject([{ id, status: "done" }]);
  });

  it("keeps its pace, in a lane of its own", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 60);
    await start(client, { status: "dead", source: slug, rate_per_second: 4 });
    const lanes = new Set<string>();
    for (let i = 0; i < 100 && world.queued.length > 0; i++) {
      for (const { lane } of world.queued) lanes.add(lane);
      if ((await world.turn()).length === 0) world.advance(250);
    }
    expect([...lanes]).toEqual(["replays"]);
    expect(world.requests).toHaveLength(60);
    const at = world.requests.map((request) => request.at);
    // A queue rounds up to whole seconds: one second's worth may come at once.
    at.forEach((from, first) => {
      for (let last = first; last < at.length; last++)
        expect(last - first + 1).toBeLessThanOrEqual(4 + (4 * ((at[last] ?? 0) - from)) / 1_000 + 1);
    });
    expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeGreaterThan(13_000);
  });

  it("uses at most half of a destination's pace", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([{ ...once, rate_limit: { limit: 4, period_seconds: 1 } }]);
    await deadLetters(world, slug, 30);
    await env.DB.prepare("UPDATE deliveries SET deferrals = 0 WHERE destination_id = ?1").bind(destinationIds[0]).run();
    const plan = { status: "dead", destination: destinationIds[0], rate_per_second: 100, dry_run: true };
    expect((await client.call("POST", "/replays", plan)).json.estimated_seconds).toBe(15);
    expect((await client.call("POST", "/replays", { ...plan, rate_per_second: 1 })).json.estimated_seconds).toBe(30);
    await start(client, { status: "dead", source: slug, rate_per_second: 100 });
    await world.drain(2_000);
    const at = world.requests.map((request) => request.at);
    expect(at).toHaveLength(30);
    expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(13_000);
    // Hardly anything is deferred, so live traffic would not wait.
    const { results } = await env.DB.prepare("SELECT SUM(deferrals) AS n FROM deliveries WHERE destination_id = ?1")
      .bind(destinationIds[0])
      .all<{ n: number }>();
    expect(results[0]?.n).toBe(0);
  });

  it.each([
    ["dryrun=true", "/query/dryrun"],
    ["dry_run=1", "/query/dry_run"],
    ["dry_run=True", "/query/dry_run"],
    ["dry_run=", "/query/dry_run"],
    ["dry_run=false&dry_run=true", "/query/dry_run"],
  ])("does not run for ?%s, which is not how a plan is asked for", async (query, pointer) => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 1);
    const before = await client.call("GET", "/replays");
    const answer = await client.call("POST", `/replays?${query}`, { status: "dead", source: slug });
    expect([answer.status, answer.json]).toMatchObject([422, { code: "invalid", errors: [{ pointer }] }]);
    await world.drain();
    expect(world.requests).toEqual([]);
    expect((await client.call("GET", "/replays")).text).toBe(before.text);
  });

  it("gives each of them all attempts again, counted from now", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1, 1], max_age_seconds: 60 } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.accept(`/in/${slug}`, { body: "x" });
    await world.drain();
    world.advance(3_600_000);
    world.requests.length = 0;
    world.onRequest(() => (world.requests.length < 3 ? { status: 500 } : { status: 200 }));
    const id = await start(client, { status: "dead", source: slug });
    await world.drain();
    expect(world.requests).toHaveLength(3);
    expect(figures(await read(client, id))).toMatchObject({ done: 1, failed: 0, status: "done" });
    const [delivery] = (await client.call("GET", `/deliveries?source=${slug}`)).json.data;
    expect(delivery).toMatchObject({ status: "delivered", attempts_made: 6, replay_id: id });
  });

  it("counts those that fail again, also after a manual retry", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 4);
    world.onRequest(({ body }) => ({
      status: body?.kind === "inline" && new TextDecoder().decode(body.bytes) === "2" ? 500 : 200,
    }));
    const id = await start(client, { status: "dead", source: slug });
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 4, queued: 4, done: 3, failed: 1, status: "done" });
    world.onRequest(() => ({ status: 200 }));
    const [dead] = (await client.call("GET", `/deliveries?source=${slug}&status=dead`)).json.data;
    await client.call("POST", `/deliveries/${String(dead?.["id"])}/retry`);
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 4, queued: 4, done: 3, failed: 1, status: "done" });
    expect((await client.call("GET", `/deliveries?source=${slug}&status=dead`)).json.data).toHaveLength(0);
  });

  it("ignores deliveries that died after it was created, and those without a destination", async () => {
    const { world, client } = setUp();
    const { slug, connectionIds } = await createRoute([once, once]);
    await deadLetters(world, slug, 3);
    await client.call("DELETE", `/connections/${connectionIds[1]}`);
    const id = await start(client, { status: "dead", source: slug });
    world.onRequest(() => ({ status: 500 }));
    await world.accept(`/in/${slug}`, { body: "late" });
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 3, queued: 3, done: 0, failed: 3, status: "done" });
  });

  it("pauses while most of its latest deliveries wait, so that an open circuit gets no backlog", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([
      { ...once, circuit: { failure_threshold: 3, open_seconds: 600, max_open_seconds: 600 } },
    ]);
    await deadLetters(world, slug, 3);
    const { results } = await env.DB.prepare("SELECT * FROM deliveries WHERE destination_id = ?1")
      .bind(destinationIds[0])
      .all();
    expect(results.length).toBe(3);
    await multiply(String(results[0]?.["id"]), 400);
    const id = await start(client, { status: "dead", source: slug, rate_per_second: 10 });
    for (let i = 0; i < 120; i++) {
      await world.turn();
      world.advance(500);
    }
    const waiting = await read(client, id);
    expect(Number(waiting.queued)).toBeLessThanOrEqual(110);
    expect(waiting.status).toBe("running");
    expect(world.requests.length).toBeLessThan(60);
  });
});

describe("a replay of what was delivered", () => {
  it("makes one new delivery for each event and connection, however many there were before", async () => {
    const { world, client } = setUp();
    const { slug, connectionIds } = await createRoute([{}, {}]);
    for (let i = 0; i < 5; i++) await world.accept(`/in/${slug}`, { body: String(i) });
    await world.drain();
    world.advance(1_000);
    const first = await start(client, { filter: { status: "delivered", connection: connectionIds[0] } });
    await world.drain();
    expect(figures(await read(client, first))).toEqual({ matched: 5, queued: 5, done: 5, failed: 0, status: "done" });
    world.advance(1_000);
    // Ten deliveries of five events over this connection by now.
    const second = await start(client, { filter: { status: "delivered", connection: connectionIds[0] } });
    await world.drain();
    expect(figures(await read(client, second))).toEqual({ matched: 10, queued: 5, done: 5, failed: 0, status: "done" });
    expect(world.requests).toHaveLength(10 + 5 + 5);
  });

  it("takes only events of the type that it names", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([{}], { event_type: { json: "kind" } });
    const paid = await world.post(slug, { body: '{"kind":"order.paid"}' });
    await world.post(slug, { body: '{"kind":"order"}' });
    await world.post(slug, { body: "{}" });
    await world.drain();
    world.requests.length = 0;
    world.advance(1_000);
    const filter = { source: slug, type: "order.paid" };
    const { json } = await client.call("POST", "/replays", { filter, dry_run: true });
    expect(json).toMatchObject({ filter: { type: "order.paid" }, matched: 1, sample: [{ event_type: "order.paid" }] });
    const run = await start(client, filter);
    await world.drain();
    expect((await read(client, run))["done"]).toBe(1);
    expect(sentIds(world)).toEqual([paid]);
    const again = await client.call("GET", `/deliveries?event=${paid}`);
    expect(again.json.data?.map(({ event_type }) => event_type)).toEqual(["order.paid", "order.paid"]);
  });

  it("takes only the event or the time range that it names", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute();
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const result = await world.accept(`/in/${slug}`, { body: String(i) });
      if (result.ok && result.value.kind === "event") ids.push(result.value.id);
      world.advance(60_000);
    }
    const middle = world.now() - 120_000;
    await world.drain();
    world.requests.length = 0;
    world.advance(1_000);
    const [from, to] = [middle - 1_000, middle + 1_000].map((ms) => new Date(ms).toISOString());
    const one = await start(client, { event: ids[0] });
    const stretch = await start(client, { source: slug, from, to });
    await world.drain();
    expect([(await read(client, one))["done"], (await read(client, stretch))["done"]]).toEqual([1, 1]);
    expect(sentIds(world).toSorted()).toEqual(ids.slice(0, 2).toSorted());
  });
});

describe("a run", () => {
  const piecewise = { status: "dead", rate_per_second: 2 };

  it("queues nothing after it is cancelled, and cannot be cancelled again", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 40);
    const id = await start(client, { ...piecewise, source: slug });
    await world.turn();
    const cancelled = await client.call("POST", `/replays/${id}/cancel`);
    expect(cancelled.json).toMatchObject({ status: "cancelled", queued: 10 });
    await world.drain();
    expect(world.requests).toHaveLength(10);
    expect(figures(await read(client, id))).toMatchObject({ queued: 10, done: 10, failed: 0, status: "cancelled" });
    expect((await client.call("POST", `/replays/${id}/cancel`)).json.code).toBe("replay_final");
    expect((await client.call("GET", `/deliveries?source=${slug}&status=dead&limit=200`)).json.data).toHaveLength(30);
  });

  it("survives the loss of every message: the sweep continues it", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 40);
    const id = await start(client, { ...piecewise, source: slug });
    const restarting = {
      restartReplays: async () => {
        const { stalledReplays } = await import("../../../src/store/index.ts");
        const stalled = await stalledReplays(env.DB, world.now() - 60_000, world.now());
        for (const { id, step } of stalled) await world.consumer.sendOn(replayMessage(id, step), 0);
        return stalled.length;
      },
    };
    for (let i = 0; i < 60 && (await read(client, id))["status"] === "running"; i++) {
      await world.turn();
      // Every queued message is lost.
      world.queued.length = 0;
      world.advance(70_000);
      await world.sweep(restarting);
    }
    expect(figures(await read(client, id))).toEqual({ matched: 40, queued: 40, done: 40, failed: 0, status: "done" });
    expect(new Set(sentIds(world)).size).toBe(40);
    expect(world.requests).toHaveLength(40);
  });

  it("takes nothing twice when a step's message arrives twice at once", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 25);
    const id = (await start(client, { ...piecewise, source: slug })) as ReplayId;
    for (let step = 0; step < 8; step++) {
      const doubles = Array.from({ length: 4 }, () => new TestMessage(replayMessage(id, step)));
      await Promise.all(doubles.map((message) => world.consume("replays", [message])));
      expect(doubles.map(({ settled }) => settled)).toEqual(["ack", "ack", "ack", "ack"]);
      for (let i = 0; i < 8; i++, world.advance(1_000)) await world.turn();
    }
    expect(figures(await read(client, id))).toEqual({ matched: 25, queued: 25, done: 25, failed: 0, status: "done" });
    expect(world.requests).toHaveLength(25);
  });

  it.each(["takePiece", "candidates", "readRun"] as const)(
    "continues after D1 failed in %s, and sends nothing twice [G7]",
    async (name) => {
      const { world, client } = setUp();
      const { slug } = await createRoute([once]);
      await deadLetters(world, slug, 12);
      const id = (await start(client, { ...piecewise, source: slug })) as ReplayId;
      world.queued.length = 0;
      const broken = {
        ...world.consumer,
        replays: {
          ...world.consumer.replays,
          [name]: async (...args: never[]) => {
            // The write takes effect, and its answer is lost.
            if (name === "takePiece")
              await (world.consumer.replays[name] as (...given: never[]) => Promise<unknown>)(...args);
            throw new Error("D1 is down");
          },
        },
      };
      const { consume } = await import("../../../src/delivery/index.ts");
      const message = new TestMessage(replayMessage(id, 0));
      await consume([message], "replays", broken);
      expect(message.settled).toBe("retry");
      await world.consumer.sendOn(replayMessage(id, 0), 0);
      for (let i = 0; i < 40; i++) {
        await world.turn();
        world.advance(10_000);
        await world.sweep({
          restartReplays: async () => {
            const { stalledReplays } = await import("../../../src/store/index.ts");
            const stalled = await stalledReplays(env.DB, world.now() - 60_000, world.now());
            for (const run of stalled) await world.consumer.sendOn(replayMessage(run.id, run.step), 0);
            return stalled.length;
          },
        });
      }
      expect(figures(await read(client, id))).toEqual({ matched: 12, queued: 12, done: 12, failed: 0, status: "done" });
      expect(world.requests).toHaveLength(12);
    },
  );

  it("is made once under the same idempotency key, even when the first answer was lost", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 3);
    const header = { "idempotency-key": unique("redrive") };
    const first = await client.call("POST", "/replays", { status: "dead", source: slug }, header);
    await env.DB.prepare("UPDATE idempotency_keys SET status = NULL, claimed_at = 0 WHERE key = ?1")
      .bind(header["idempotency-key"])
      .run();
    const second = await client.call("POST", "/replays", { status: "dead", source: slug }, header);
    expect(second.json.id).toBe(first.json.id);
    await world.drain();
    expect(world.requests).toHaveLength(3);
  });

  it("counts every end once, whatever caused it", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([once]);
    await deadLetters(world, slug, 5);
    const id = await start(client, { status: "dead", source: slug, rate_per_second: 500 });
    world.queued.splice(0);
    await world.consume("replays", [new TestMessage(replayMessage(id as ReplayId, 0))]);
    world.queued.length = 0;
    const waiting = (await client.call("GET", `/deliveries?source=${slug}&status=pending`)).json.data;
    expect(waiting).toHaveLength(5);
    const ids = waiting.map((delivery) => delivery.id as DeliveryId);
    await client.call("POST", `/deliveries/${ids[0]}/cancel`);
    await client.call("POST", `/deliveries/${ids[1]}/cancel`);
    await world.consumer.sendLater([{ id: ids[2] as DeliveryId, lane: "replays", delayMs: 0 }]);
    world.advance(5_000);
    await world.turn();
    expect(figures(await read(client, id))).toMatchObject({ queued: 5, done: 1, failed: 2, status: "running" });
    const { cancelMessage } = await import("../../../src/delivery/index.ts");
    await world.consumer.sendOn(cancelMessage("destination", destinationIds[0] ?? ""), 0);
    await world.drain();
    expect(figures(await read(client, id))).toMatchObject({ queued: 5, done: 1, failed: 4, status: "done" });
    // An ended delivery is not counted again.
    await world.consumer.sendOn(cancelMessage("destination", destinationIds[0] ?? ""), 0);
    await world.drain();
    expect(figures(await read(client, id))).toMatchObject({ done: 1, failed: 4 });
  });
});

describe("retries at the same time", () => {
  it("by hand, by schedule and by a replay send a delivery once", async () => {
    const { world, client } = setUp({ realTime: true });
    const { slug } = await createRoute([{ retry: { schedule_seconds: [60] } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.accept(`/in/${slug}`, { body: "x" });
    await world.turn();
    const [row] = (await client.call("GET", `/deliveries?source=${slug}`)).json.data;
    const id = String(row?.["id"]) as DeliveryId;
    expect(row).toMatchObject({ status: "retrying", attempts_made: 1 });
    await env.DB.prepare("UPDATE deliveries SET next_attempt_at = ?1 WHERE id = ?2").bind(Date.now(), id).run();
    world.queued.length = 0;
    world.requests.length = 0;
    world.onRequest(() => ({ status: 200, durationMs: 100 }));
    const due = () => new TestMessage({ v: 1, kind: "due", id });
    const [, , , retried] = await Promise.all([
      world.consume("deliveries", [due()]),
      world.consume("slow", [due()]),
      world.consume("replays", [due()]),
      client.call("POST", `/deliveries/${id}/retry`),
      client.call("POST", `/deliveries/${id}/retry`),
    ]);
    await world.turn();
    await world.turn();
    expect([202, 409]).toContain(retried.status);
    expect(world.requests).toHaveLength(1);
    expect(await client.call("GET", `/deliveries/${id}`)).toMatchObject({
      json: { status: "delivered", attempts_made: 2 },
    });
  });

  it("of the same dead letter, by hand and by two replays, take it once", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 1);
    const [row] = (await client.call("GET", `/deliveries?source=${slug}`)).json.data;
    const runs = await Promise.all([1, 2].map(() => start(client, { status: "dead", source: slug })));
    await Promise.all([
      client.call("POST", `/deliveries/${String(row?.["id"])}/retry`),
      ...runs.map((id) => world.consume("replays", [new TestMessage(replayMessage(id as ReplayId, 0))])),
    ]);
    await world.drain();
    expect(world.requests).toHaveLength(1);
    const queued = await Promise.all(runs.map(async (id) => Number((await read(client, id))["queued"])));
    expect(queued[0] ?? 0).toBeLessThanOrEqual(1 - (queued[1] ?? 0));
    for (const id of runs) expect((await read(client, id))["status"]).toBe("done");
  });
});

describe("a dead letter", () => {
  it("can be discarded", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 1);
    const [row] = (await client.call("GET", `/deliveries?source=${slug}`)).json.data;
    const discarded = await client.call("POST", `/deliveries/${String(row?.["id"])}/cancel`);
    expect([discarded.status, discarded.json.status]).toEqual([200, "cancelled"]);
    expect((await client.call("GET", `/deliveries?source=${slug}&status=dead`)).json.data).toHaveLength(0);
    expect((await client.call("POST", `/deliveries/${String(row?.["id"])}/cancel`)).json.code).toBe("delivery_final");
  });
});

describe("the input of a replay", () => {
  const runs = async () => (await env.DB.prepare("SELECT COUNT(*) AS n FROM replays").first<{ n: number }>())?.n;

  it.each<[Record<string, unknown>, string]>([
    [{}, "/"],
    [{ rate_per_second: 5 }, "/"],
    [{ filter: {} }, "/filter"],
    [{ status: "pending" }, "/status"],
    [{ filter: { status: "held" } }, "/filter/status"],
    [{ status: "dead", destination: "nobody" }, "/destination"],
    [{ status: "dead", source: "nobody" }, "/source"],
    [{ filter: { connection: "nobody" } }, "/filter/connection"],
    [{ event: "evt_1" }, "/event"],
    [{ type: "" }, "/type"],
    [{ filter: { type: "x".repeat(129) } }, "/filter/type"],
    [{ status: "dead", from: "yesterday" }, "/from"],
    [{ status: "dead", from: "2026-11-02T00:00:00Z", to: "2026-11-01T00:00:00Z" }, "/to"],
    [{ status: "dead", rate_per_second: 0 }, "/rate_per_second"],
    [{ status: "dead", rate_per_second: 501 }, "/rate_per_second"],
    [{ status: "dead", filter: { status: "dead" } }, "/filter"],
    [{ status: "dead", pace: 3 }, "/pace"],
  ])("%j is refused with %s named [G12]", async (body, pointer) => {
    const { client } = setUp();
    const before = await runs();
    const { json, status } = await client.call("POST", "/replays", body);
    expect([status, json.errors?.[0]?.pointer]).toEqual([422, pointer]);
    expect(await runs()).toBe(before);
  });

  it("must name a replay that exists", async () => {
    const { client } = setUp();
    for (const [method, path] of [
      ["GET", "/replays/rpl_1"],
      ["POST", "/replays/rpl_1/cancel"],
    ] as const)
      expect((await client.call(method, path)).json.code).toBe("not_found");
  });
});
