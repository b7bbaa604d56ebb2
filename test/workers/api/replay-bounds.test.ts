// The cost of a replay in rows, counted by D1, and its behaviour during pauses, deletions, other replays and retention.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { replayMessage } from "../../../src/delivery/index.ts";
import type { DeliveryId, ReplayId } from "../../../src/model/ids.ts";
import { candidates, readRun, stillWaits, takeDue, takePiece } from "../../../src/store/index.ts";
import { recordOver } from "../counting.ts";
import { createRoute, TestMessage, type World } from "../harness.ts";
import { deadLetters, figures, multiply, once, read, setUp, start } from "./replaying.ts";

/** D1, and counts of the rows read and written through it. */
function metered() {
  const rows = { read: 0, written: 0 };
  const count = <T>(result: D1Result<T>): D1Result<T> => {
    rows.read += result.meta.rows_read;
    rows.written += result.meta.rows_written;
    return result;
  };
  const statement = (of: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(of, {
      get: (target, name) => {
        if (name === "bind") return (...values: unknown[]) => statement(target.bind(...values));
        if (name === "first") return async () => count(await target.all<object>()).results[0] ?? null;
        if (name === "inner") return target;
        return async () => count(await target.all<object>());
      },
    });
  const db = {
    prepare: (sql: string) => statement(env.DB.prepare(sql)),
    batch: async (statements: (D1PreparedStatement & { inner: D1PreparedStatement })[]) =>
      (await env.DB.batch(statements.map(({ inner }) => inner))).map(count),
  } as unknown as D1Database;
  return { db, rows };
}

/** A world that uses the metered D1 for replays and their deliveries. */
function meter(world: World) {
  const { replace, now } = world;
  const { db, rows } = metered();
  replace("readRun", () => (id) => readRun(db, id));
  replace(
    "candidates",
    () =>
      (...of) =>
        candidates(db, ...of),
  );
  replace("stillWaits", () => (run) => stillWaits(db, run));
  replace("takePiece", () => (run, piece) => takePiece(db, run, piece, now()));
  replace("takeDue", () => (ids, holdMs) => takeDue(db, ids, now(), holdMs));
  recordOver(world, db);
  return rows;
}

const step = async (world: World, id: string, number: number): Promise<void> => {
  await world.consume("replays", [new TestMessage(replayMessage(id as ReplayId, number))]);
};

const deadOf = async (destination: string | undefined): Promise<{ id: DeliveryId }[]> =>
  (
    await env.DB.prepare("SELECT id FROM deliveries WHERE destination_id = ?1 AND status = 'dead' ORDER BY id")
      .bind(destination)
      .all<{ id: DeliveryId }>()
  ).results;

describe("a step of a run", () => {
  it("reads a bounded number of rows, however far apart the dead letters are", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([once]);
    await deadLetters(world, slug, 1);
    const [first] = await deadOf(destinationIds[0]);
    await multiply(String(first?.id), 20_000);
    // One in a hundred is dead.
    await env.DB.prepare(
      "UPDATE deliveries SET status = 'delivered' WHERE destination_id = ?1 AND CAST(substr(id, 25, 12) AS INTEGER) % 100 <> 0",
    )
      .bind(destinationIds[0])
      .run();
    const dead = (await deadOf(destinationIds[0])).length;
    expect(dead).toBeGreaterThanOrEqual(200);
    const id = await start(client, { status: "dead", destination: destinationIds[0], rate_per_second: 10 });
    const rows = meter(world);
    const reads: number[] = [];
    for (const number of [0, 1, 2]) {
      const before = rows.read;
      await step(world, id, number);
      reads.push(rows.read - before);
    }
    console.log(`a step that takes 50 dead letters reads ${reads[0]} rows, one that waits ${reads[1]} and ${reads[2]}`);
    expect(figures(await read(client, id))).toMatchObject({ queued: 50, status: "running" });
    expect(reads[0]).toBeLessThanOrEqual(20 * 50);
    expect(Math.max(...reads.slice(1))).toBeLessThanOrEqual(500);
    await client.call("POST", `/replays/${id}/cancel`);
  });

  it("writes two rows for each dead letter that it takes, and the attempt another two", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([once]);
    await deadLetters(world, slug, 100);
    const id = await start(client, { status: "dead", destination: destinationIds[0] });
    const rows = meter(world);
    await step(world, id, 0);
    const taken = rows.written;
    await world.drain();
    expect(figures(await read(client, id))).toMatchObject({ done: 100, status: "done" });
    console.log(`a dead letter redriven: ${taken / 100} rows when it is taken, ${rows.written / 100} in all`);
    // In addition, once for each piece or batch: the run and the counters.
    expect(taken).toBeLessThanOrEqual(2 * 100 + 2);
    expect(rows.written).toBeLessThanOrEqual(4 * 100 + 10);
  });

  it("takes nothing if the run is cancelled while it reads", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([once]);
    await deadLetters(world, slug, 5);
    const id = await start(client, { status: "dead", destination: destinationIds[0] });
    world.replace("candidates", (look) => async (...of) => {
      const found = await look(...of);
      await client.call("POST", `/replays/${id}/cancel`);
      return found;
    });
    await world.drain();
    expect(figures(await read(client, id))).toMatchObject({ queued: 0, status: "cancelled" });
    expect([world.requests.length, (await deadOf(destinationIds[0])).length]).toEqual([0, 5]);
  });

  it("ignores deliveries that were retried by hand and died again while it read", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([once]);
    await deadLetters(world, slug, 2);
    const [chosen] = await deadOf(destinationIds[0]);
    const id = await start(client, { status: "dead", destination: destinationIds[0] });
    let looked = 0;
    world.replace("candidates", (look) => async (...of) => {
      const found = await look(...of);
      if (looked++ === 0) {
        world.onRequest(() => ({ status: 500 }));
        world.advance(1_000);
        await client.call("POST", `/deliveries/${chosen?.id}/retry`);
        await world.consume("deliveries", [new TestMessage({ v: 1, kind: "due", id: chosen?.id })]);
        world.onRequest(() => ({ status: 200 }));
      }
      return found;
    });
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 2, queued: 1, done: 1, failed: 0, status: "done" });
    expect((await deadOf(destinationIds[0])).map((one) => one.id)).toEqual([chosen?.id]);
  });
});

describe("a run", () => {
  it("to a busy destination stays in its own lane, and live traffic in the fast one [G5]", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([once]);
    await deadLetters(world, slug, 60);
    // More than one batch has time for.
    world.onRequest(() => ({ status: 200, durationMs: 200 }));
    const id = await start(client, { status: "dead", destination: destinationIds[0] });
    const lanes = new Set<string>();
    for (let i = 0; i < 200 && (await read(client, id))["status"] === "running"; i++) {
      await world.accept(`/in/${slug}`, { body: "live" });
      const live = world.requests.length;
      await world.turn();
      const sent = world.requests[live];
      expect(sent?.body?.kind === "inline" && new TextDecoder().decode(sent.body.bytes)).toBe("live");
      for (const { lane } of world.queued) lanes.add(lane);
      world.advance(500);
    }
    expect(figures(await read(client, id))).toMatchObject({ done: 60, status: "done" });
    expect([...lanes]).toEqual(["replays"]);
  });

  it("asks a gate for few more permits than it can use, because an unused permit is lost to live traffic [G4]", async () => {
    const { world, client } = setUp({ realTime: true });
    const { slug, destinationIds } = await createRoute([{ ...once, rate_limit: { limit: 100, period_seconds: 1 } }]);
    const granted: number[] = [];
    world.replace("acquire", (acquire) => async (...of) => {
      const response = await acquire(...of);
      granted.push(response.grants.filter(({ kind }) => kind === "go").length);
      return response;
    });
    // The gate learns how long a send takes from these.
    world.onRequest(() => ({ status: 500, durationMs: 100 }));
    for (let i = 0; i < 80; i++) await world.accept(`/in/${slug}`, { body: String(i) });
    await world.turn();
    world.requests.length = 0;
    granted.length = 0;
    // Six at a time: a permit for each of them at once would be too late for most.
    world.onRequest(() => ({ status: 200, durationMs: 100 }));
    const id = await start(client, { status: "dead", destination: destinationIds[0], rate_per_second: 500 });
    world.queued.length = 0;
    await step(world, id, 0);
    const due = world.queued.splice(0).filter(({ message }) => message.kind === "due");
    expect(due).toHaveLength(80);
    await world.consume(
      "replays",
      due.map(({ message }) => new TestMessage(message)),
    );
    expect(world.requests.length).toBeGreaterThan(12);
    // A machine that stalls for a moment loses some.
    expect(granted.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2 * world.requests.length);
    expect(granted.length).toBeLessThan(20);
    await client.call("POST", `/replays/${id}/cancel`);
  });

  it("waits for a paused destination: dead letters stay dead until it is resumed", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([once]);
    await deadLetters(world, slug, 60);
    const paused = (value: number) =>
      env.DB.prepare("UPDATE destinations SET paused = ?2 WHERE id = ?1").bind(destinationIds[0], value).run();
    await paused(1);
    const id = await start(client, { status: "dead", destination: destinationIds[0], rate_per_second: 2 });
    for (let i = 0; i < 120; i++) {
      await world.turn();
      world.advance(500);
    }
    expect(figures(await read(client, id))).toMatchObject({ queued: 10, done: 0, failed: 0, status: "running" });
    expect((await deadOf(destinationIds[0])).length).toBe(50);
    await paused(0);
    await world.sweep();
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 60, queued: 60, done: 60, failed: 0, status: "done" });
    // Deliveries that other tests left waiting are sent too.
    expect(world.requests.filter(({ url }) => url.includes(slug))).toHaveLength(60);
  });

  it("shares half of a destination's pace with other runs", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([{ ...once, rate_limit: { limit: 8, period_seconds: 1 } }]);
    await deadLetters(world, slug, 80);
    const half = Math.floor(80 / 2);
    const ids = (await deadOf(destinationIds[0])).map(({ id }) => id);
    // Each has its own half of them.
    const middle = (await env.DB.prepare("SELECT created_at AS at FROM deliveries WHERE id = ?1")
      .bind(ids[half])
      .first<{ at: number }>()) ?? { at: 0 };
    const at = new Date(middle.at).toISOString();
    const runs = [
      await start(client, { status: "dead", destination: destinationIds[0], to: at, rate_per_second: 100 }),
      await start(client, { status: "dead", source: slug, from: at, rate_per_second: 100 }),
    ];
    const beganAt = world.now();
    await world.drain(2_000);
    expect(await Promise.all(runs.map(async (id) => (await read(client, id))["done"]))).toEqual([half, half]);
    expect(world.requests).toHaveLength(80);
    // Four a second of the eight, and not four for each.
    expect((world.requests.at(-1)?.at ?? 0) - beganAt).toBeGreaterThanOrEqual(18_000);
  });

  it("redelivers dead callbacks at half of their pace", async () => {
    const { world, client } = setUp();
    const callback = "https://hooks.test/done";
    const { slug, sourceId } = await createRoute([{ connection: { callback_url: callback } }]);
    world.onRequest(({ url }) => ({ status: url.startsWith(callback) ? 410 : 200, durationMs: 1 }));
    for (let i = 0; i < 100; i++) await world.accept(`/in/${slug}`, { body: String(i) });
    await world.drain();
    world.onRequest(() => ({ status: 200, durationMs: 1 }));
    world.requests.length = 0;
    world.advance(1_000);
    const dead = await deadOf("callback_hooks.test");
    expect(dead).toHaveLength(100);
    const id = await start(client, { status: "dead", from: new Date(world.now() - 600_000).toISOString() });
    const beganAt = world.now();
    await world.drain(1_000);
    expect(figures(await read(client, id))).toMatchObject({ failed: 0, status: "done" });
    const callbacks = world.requests.filter(({ url }) => url.startsWith(callback));
    expect(callbacks).toHaveLength(100);
    // 25 a second of the 50 that all callbacks to one host may have.
    expect((callbacks.at(-1)?.at ?? 0) - beganAt).toBeGreaterThanOrEqual(3_500);
    expect(sourceId).not.toBe("");
  });

  it("ends when its destination is deleted: queued deliveries are cancelled, the others stay dead", async () => {
    const { world, client } = setUp();
    const { slug, destinationIds } = await createRoute([once]);
    await deadLetters(world, slug, 30);
    const id = await start(client, { status: "dead", source: slug, rate_per_second: 2 });
    await step(world, id, 0);
    expect((await client.call("DELETE", `/destinations/${destinationIds[0]}`)).status).toBe(204);
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 10, queued: 10, done: 0, failed: 10, status: "done" });
    expect(world.requests).toHaveLength(0);
  });

  it("ends when its remaining deliveries have expired", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 30);
    const id = await start(client, { status: "dead", source: slug, rate_per_second: 2 });
    await step(world, id, 0);
    await world.sweep({ retentionMs: 1 });
    await world.drain();
    expect(figures(await read(client, id))).toEqual({ matched: 10, queued: 10, done: 10, failed: 0, status: "done" });
    expect(world.requests).toHaveLength(10);
  });

  it("takes deliveries from `from` on and before `to`, to the millisecond", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute([once]);
    await deadLetters(world, slug, 5);
    const { results } = await env.DB.prepare(
      "SELECT created_at AS at FROM deliveries WHERE source_id = (SELECT id FROM sources WHERE slug = ?1) ORDER BY id",
    )
      .bind(slug)
      .all<{ at: number }>();
    const [first = 0, , third = 0] = results.map(({ at }) => at);
    expect(third).toBe(first + 2);
    const count = async (from: number, to: number) =>
      (
        await client.call("POST", "/replays", {
          status: "dead",
          source: slug,
          from: new Date(from).toISOString(),
          to: new Date(to).toISOString(),
          dry_run: true,
        })
      ).json.matched;
    expect([await count(first, third), await count(first, third + 1), await count(first + 1, third)]).toEqual([
      2, 3, 1,
    ]);
  });
});
