// Consumers that record by the batch, on real D1 and R2.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../../../src/kernel/bytes.ts";
import { createWriter } from "../../../src/record/index.ts";
import { recordTables } from "../../../src/store/index.ts";
import { recordPorts } from "../../../src/worker/ports/record.ts";
import { MAX_DATABASE_BYTES } from "../../../src/config/record-limits.ts";
import type { DeliveryId, EventId } from "../../../src/model/ids.ts";
import type { EventMessage } from "../../../src/model/message.ts";
import { createRoute, createWorld, TestMessage, type Overrides, type World } from "../harness.ts";
import { clear, counted, objects, readDelivery, timesOnRecord } from "./harness.ts";

beforeEach(clear);

/** A world that records by the batch. */
function startWorld(overrides: Overrides = {}): World {
  const world = createWorld(overrides);
  const { writer } = world.runtime.record;
  world.replace("write", () => writer.write);
  return world;
}

const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));

async function accept(world: World, slug: string, body: string | Uint8Array<ArrayBuffer>): Promise<EventId> {
  const accepted = await world.accept(`/in/${slug}/a/b?x=1&x=2`, { body, headers: { "x-sent": "yes" } });
  if (!accepted.ok || accepted.value.kind !== "event") throw new Error("not accepted");
  return accepted.value.id;
}
const bodiesOf = (world: World): Uint8Array[] =>
  world.requests.map(({ body }) => (body?.kind === "inline" ? body.bytes : new Uint8Array()));
const segments = async (): Promise<number> =>
  (await env.DB.prepare("SELECT COUNT(*) AS n FROM segments").first<{ n: number }>())?.n ?? 0;
const statuses = async (world: World) => (await world.deliveries()).map(({ status }) => status);

describe("a consumer that records by the batch", () => {
  it("writes 0.1 rows a webhook at batches of 100, from arrival to removal", async () => {
    const world = startWorld();
    const { slug } = await createRoute();
    for (let i = 0; i < 100; i++) await accept(world, slug, `${i}`);
    let rows = 0;
    const db = new Proxy(env.DB, {
      get: (target, name) =>
        name === "batch"
          ? async (statements: D1PreparedStatement[]) => {
              const results = await target.batch(statements);
              for (const { meta } of results) rows += meta.rows_written;
              return results;
            }
          : (Reflect.get(target, name) as () => unknown).bind(target),
    });
    const { writer } = recordPorts({ ...env, DB: db }, world.runtime.settings.watermarks, world.runtime.log, world.now);
    world.replace("write", () => writer.write);
    await world.turn();
    expect(world.requests).toHaveLength(100);
    expect(await segments()).toBe(1);
    // The segment, two counters; retention removes one row.
    expect((rows + 1) / 100).toBeLessThanOrEqual(0.1);
  });

  for (const [size, where] of [
    [100, "D1"],
    [20_000, "R2"],
  ] as const)
    it(`sends a later attempt with the same bytes, headers and query, from ${where} [G6]`, async () => {
      const world = startWorld();
      const { slug } = await createRoute([{ retry: { schedule_seconds: [1, 1] } }]);
      const body = random(size);
      world.onRequest(() => ({ status: world.requests.length < 3 ? 500 : 200 }));
      await accept(world, slug, body);
      await world.drain();
      expect(bodiesOf(world)).toEqual([body, body, body]);
      const sent = world.requests.map(({ url, headers }) => [
        new URL(url).search,
        headers.filter(([name]) => ["x-sent", "webhook-id", "content-type"].includes(name.toLowerCase())),
      ]);
      expect(sent).toEqual([sent[0], sent[0], sent[0]]);
      expect(sent[0]?.[0]).toBe("?x=1&x=2");
      expect(await statuses(world)).toEqual(["delivered"]);
    });

  it("shows every attempt with its answer, in the event's payload, in another or in its row", async () => {
    const world = startWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1, 1] } }]);
    const large = toHex(random(2_000));
    const answers = ["first", large, "third"];
    world.onRequest(({ headers }) => {
      const attempt = Number(headers.find(([name]) => name === "sluice-attempt")?.[1]);
      return { status: attempt < 3 ? 500 : 200, body: answers[attempt - 1] ?? "", headers: { "x-n": `${attempt}` } };
    });
    for (let i = 0; i < 6; i++) await accept(world, slug, random(2_000));
    await world.drain();
    const row = await env.DB.prepare("SELECT id, attempts FROM deliveries ORDER BY id").first<{
      id: string;
      attempts: string;
    }>();
    expect(row?.attempts).toContain('"answer":["payloads/');
    expect(row?.attempts).not.toContain(large);
    const { attempts } = await readDelivery(world.runtime.record.reader, row?.id as DeliveryId);
    expect(attempts).toMatchObject(
      answers.map((response_body, index) => ({
        number: index + 1,
        response_body,
        response_headers: { "x-n": `${index + 1}` },
        response_status: index < 2 ? 500 : 200,
      })),
    );
  });

  it("uses no attempt while the payload cannot be read, and delivers once it can [G11] [G7]", async () => {
    const world = startWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1] } }]);
    world.onRequest(() => ({ status: world.requests.length < 2 ? 500 : 200 }));
    const body = random(20_000);
    await accept(world, slug, body);
    await world.turn();
    const { get } = env.BODIES;
    Object.assign(world.runtime.env.BODIES, { get: () => Promise.reject(new Error("R2 is down")) });
    world.advance(2_000);
    await world.turn();
    expect(await world.deliveries()).toMatchObject([
      { status: "deferred", deferred_by: "body_unavailable", attempts_made: 1 },
    ]);
    Object.assign(world.runtime.env.BODIES, { get });
    await world.drain();
    expect(bodiesOf(world)).toEqual([body, body]);
    expect(await world.deliveries()).toMatchObject([{ status: "delivered", attempts_made: 2 }]);
  });

  it("ends a delivery whose payload is gone", async () => {
    const world = startWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1] } }]);
    world.onRequest(() => ({ status: 500 }));
    await accept(world, slug, random(20_000));
    await world.turn();
    const { objects: stored } = await env.BODIES.list({ prefix: "payloads/" });
    await env.BODIES.delete(stored.map(({ key }) => key));
    await world.drain();
    expect(await world.deliveries()).toMatchObject([{ status: "dead", last_error: "unprocessable: body_missing" }]);
  });

  it("sends nothing again that a message brings once more, hours later and in another batch [G3]", async () => {
    const world = startWorld();
    const { slug } = await createRoute();
    await accept(world, slug, "1");
    await accept(world, slug, "2");
    const messages = world.queued.map(({ message }) => message as EventMessage);
    await world.turn();
    world.advance(5 * 3_600_000);
    await accept(world, slug, "3");
    const again = messages.slice(0, 1).concat(world.queued.map(({ message }) => message as EventMessage));
    const brought = again.map((message) => new TestMessage(message));
    await world.consume("events", brought);
    expect(brought.map(({ settled }) => settled)).toEqual(["ack", "ack"]);
    expect(world.requests).toHaveLength(3);
    expect([...(await timesOnRecord()).values()]).toEqual([1, 1, 1]);
  });

  it("records the callback of what a segment holds, once", async () => {
    const world = startWorld();
    const { slug } = await createRoute([{ connection: { callback_url: "https://callbacks.test/done" } }]);
    await accept(world, slug, "1");
    const messages = world.queued.map(({ message }) => message);
    await world.turn();
    await world.consume(
      "events",
      messages.map((message) => new TestMessage(message)),
    );
    await world.drain();
    expect(world.requests.map(({ url }) => new URL(url).host).filter((host) => host === "callbacks.test")).toHaveLength(
      1,
    );
    // The delivery, and that of its callback.
    expect(await statuses(world)).toEqual(["delivered", "delivered"]);
    expect(await segments()).toBe(1);
  });

  it("has a large body in an object of its own, and delivers it again from there [G6]", async () => {
    const world = startWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1] } }]);
    const parts = [random(65_536), random(65_536)];
    const body = new Uint8Array(parts.flatMap((part) => [...part]));
    world.onRequest(() => ({ status: world.requests.length < 2 ? 500 : 200 }));
    await accept(world, slug, body);
    await world.drain();
    expect(world.requests.map((request) => request.body?.kind)).toEqual(["r2", "r2"]);
    expect(world.requests[1]?.body).toEqual(world.requests[0]?.body);
  });
});

describe("a crash at any step of the record leaves every event with an owner, on record once [G2] [G7]", () => {
  const STEPS = ["put", "commit", "known"] as const;
  for (const step of STEPS)
    for (const when of ["before", "after"] as const)
      it(`${when} ${step}`, async () => {
        const world = createWorld({ journal: "always" });
        const { slug } = await createRoute([{ retry: { schedule_seconds: [1, 1] } }]);
        let crashes = 1;
        const crash =
          <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
          async (...args: A): Promise<R> => {
            const now = name === step && crashes > 0;
            if (now) crashes -= 1;
            if (now && when === "before") throw new Error("crash");
            const result = await call(...args);
            if (now) throw new Error("crash");
            return result;
          };
        const tables = recordTables(env.DB, world.now);
        const writer = createWriter({
          limitBytes: MAX_DATABASE_BYTES,
          now: world.now,
          random: Math.random,
          tables: { ...tables, commit: crash("commit", tables.commit), known: crash("known", tables.known) },
          payloads: { ...objects, put: crash("put", objects.put) },
          batchName: () => crypto.randomUUID(),
          report: () => undefined,
        });
        world.replace("write", () => writer.write);
        let answered = 0;
        world.onRequest(() => ({ status: answered++ < 1 ? 500 : 200 }));
        const ids = [await accept(world, slug, random(9_000)), await accept(world, slug, random(9_000))];
        const messages = world.queued.map(({ message }) => message);
        await world.turn();
        // They come again, and the consumer's reading of D1 finds nothing.
        Object.assign(world.consumer.records, {
          readContext: () => Promise.reject(new Error("D1 cannot be read")),
        });
        await world.consume(
          "events",
          messages.map((message) => new TestMessage(message)),
        );
        for (let round = 0; round < 6; round++) {
          await world.drain();
          world.advance(130_000);
          await world.sweep();
        }
        await world.drain();
        expect(await timesOnRecord()).toEqual(new Map([...ids].sort().map((id) => [id, 1])));
        expect(await counted("accepted")).toBe(2);
        expect(crashes).toBe(0);
        for (const status of await statuses(world)) expect(status).toBe("delivered");
        const left = await env.DB.prepare("SELECT COUNT(*) AS n FROM outbox").first<{ n: number }>();
        expect(left?.n).toBe(0);
      });
});
