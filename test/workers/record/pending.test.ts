// D1 away: what batches come to is kept in R2 and recorded from there, once, on real D1 and R2.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { MAX_NAMED_ASIDE, MAX_PENDING_BYTES, MAX_PENDING_TRIES } from "../../../src/config/record-limits.ts";
import type { EventId } from "../../../src/model/ids.ts";
import { pendingTime } from "../../../src/model/pending-key.ts";
import { pack } from "../../../src/record/piece.ts";
import { listPending, pendingObjects } from "../../../src/worker/ports/pending.ts";
import { recordPorts } from "../../../src/worker/ports/record.ts";
import { createClient } from "../api/harness.ts";
import type { Step } from "../breaking.ts";
import { createRoute, createWorld, TestMessage, type Overrides, type World } from "../harness.ts";
import {
  clear,
  counted,
  first,
  keysAside,
  newEventId,
  pendingKeys,
  readDelivery,
  timesOnRecord,
  writes,
} from "./harness.ts";

beforeEach(clear);

const MINUTE_MS = 60_000;
const random = (length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 65_536) crypto.getRandomValues(bytes.subarray(i, i + 65_536));
  return bytes;
};

/** A world that records by the batch. */
function startWorld(overrides: Overrides = {}): World {
  const world = createWorld(overrides);
  const { writer } = world.runtime.record;
  world.replace("write", () => writer.write);
  return world;
}

const breakD1 = (world: World): (() => void) => world.break("readContext", "write", "takeDue");

/** Two minutes of sweeps and consumers. */
async function recover(world: World): Promise<void> {
  for (let minute = 0; minute < 2; minute++) {
    await world.sweep();
    await world.drain();
    world.advance(MINUTE_MS);
  }
}

const pendingMessage = (key: string, attempts = 1): TestMessage =>
  new TestMessage({ v: 1, kind: "pending", key }, undefined, attempts);
const messagesFor = async (): Promise<TestMessage[]> => (await pendingKeys()).map((key) => pendingMessage(key));

/** Source and destination of a world whose isolate knows them, so that it can do without D1. */
async function warm(world: World, options: Record<string, unknown> = {}) {
  const route = await createRoute([options]);
  await world.post(route.slug);
  await world.drain();
  await clear();
  return route;
}

const once = (ids: readonly EventId[]): Map<string, number> => new Map([...ids].sort().map((id) => [id, 1]));
const sorted = (times: ReadonlyMap<string, number>): Map<string, number> =>
  new Map([...times].sort(([a], [b]) => (a < b ? -1 : 1)));

for (const [how, start] of [
  ["by rows", createWorld],
  ["by the batch", startWorld],
] as const)
  describe(`what D1 does not take, recorded ${how},`, () => {
    it("is one object for each settle; the messages are acked, and nothing is sent again [G3] [G7]", async () => {
      const world = start();
      const { slug } = await warm(world);
      world.onRequest(() => ({ status: 200, body: "thanks" }));
      const sent = world.requests.length;
      const mend = breakD1(world);
      const ids = await world.postMany(slug, 30);
      const handled = await world.turn();
      expect(handled.map(({ settled, calls }) => `${settled} ${calls}`)).toEqual(Array(30).fill("ack 1"));
      expect(await pendingKeys()).toHaveLength(1);
      expect(await timesOnRecord()).toEqual(new Map());
      mend();
      await recover(world);
      expect(sorted(await timesOnRecord())).toEqual(once(ids));
      expect(world.requests).toHaveLength(sent + 30);
      expect(await counted("delivered")).toBe(30);
      expect(await pendingKeys()).toEqual([]);
    });

    it("keeps the delays of what must be retried, and the answers of all attempts [G2] [G7]", async () => {
      const world = start();
      const { slug } = await warm(world, { retry: { schedule_seconds: [5, 3_600, 3_600] } });
      world.onRequest(() => ({ status: 500, body: "not yet" }));
      const before = await world.post(slug);
      await world.turn();
      world.advance(6_000);
      const mend = world.break("readContext", "write");
      const during = await world.post(slug);
      await world.turn();
      const at = world.now();
      mend();
      await world.sweep();
      await world.turn();
      const waits = world.queued.map(({ message, at: due }) => [message.kind, due - at]);
      expect(waits).toHaveLength(2);
      for (const [kind, wait] of waits) expect([kind, Number(wait) > 0]).toEqual(["due", true]);
      world.onRequest(() => ({ status: 200, body: "thanks" }));
      await world.drain();
      const rows = await world.deliveries();
      expect(rows.map(({ id, status, attempts_made }) => [id.slice(4, 36), status, attempts_made])).toEqual([
        [before.slice(4), "delivered", 3],
        [during.slice(4), "delivered", 2],
      ]);
      for (const { id } of rows) {
        const { attempts } = await readDelivery(world.runtime.record.reader, id);
        const bodies = attempts.map(({ response_body }) => response_body);
        expect(bodies).toEqual([...Array<string>(attempts.length - 1).fill("not yet"), "thanks"]);
      }
    });

    it("is recorded once by consumers that take the same objects at the same time, again and again", async () => {
      const world = start();
      const { slug } = await warm(world, { retry: { schedule_seconds: [5, 3_600] } });
      world.onRequest(() => ({ status: 500 }));
      const before = await world.post(slug);
      await world.turn();
      world.advance(6_000);
      world.onRequest(() => ({ status: 200 }));
      const mend = world.break("readContext", "write");
      const during: EventId[] = [];
      for (let i = 0; i < 3; i++) {
        during.push(...(await world.postMany(slug, 4)));
        await world.turn();
      }
      const kept = await Promise.all(
        (await pendingKeys()).map(async (key) => [key, await (await env.BODIES.get(key))?.arrayBuffer()] as const),
      );
      expect(kept).toHaveLength(4);
      mend();
      await Promise.all([1, 2, 3].map(async () => world.consume("deliveries", await messagesFor())));
      // A consumer that died before it removed them.
      for (const [key, bytes] of kept) await env.BODIES.put(key, bytes ?? "");
      await recover(world);
      expect(sorted(await timesOnRecord())).toEqual(once([before, ...during]));
      expect(await counted("delivered")).toBe(13);
      expect(await counted("attempts")).toBe(14);
      expect(world.requests).toHaveLength(15);
      expect(await pendingKeys()).toEqual([]);
    });

    it("is recorded once where two objects have the same event [G3]", async () => {
      const world = start();
      const { slug } = await warm(world);
      const mend = breakD1(world);
      const id = await world.post(slug);
      const message = world.queued.splice(0)[0]?.message;
      // The first consumer died when the object was there and the message not yet acked.
      for (let i = 0; i < 2; i++) await world.consume("events", [new TestMessage(message)]);
      expect(await pendingKeys()).toHaveLength(2);
      mend();
      const messages = await messagesFor();
      await world.consume("deliveries", messages);
      expect(messages.map(({ settled }) => settled)).toEqual(["ack", "ack"]);
      expect(await timesOnRecord()).toEqual(once([id]));
      expect(await counted("delivered")).toBe(1);
    });

    const STEPS: readonly Step[] = ["putPending", "readPending", "removePending", "write", "sendLater", "readContext"];
    for (const step of STEPS)
      for (const when of ["before", "after"] as const)
        for (const nth of [1, 2])
          it(`is recorded once and delivered after a crash ${when} call ${nth} of ${step} [G2] [G3] [G7]`, async () => {
            const world = start({ journal: "always" });
            const { slug } = await warm(world, { retry: { schedule_seconds: [1, 1, 1] } });
            let left = 4;
            world.replace("write", (write) => async (given) => {
              if (left-- > 0) throw new Error("D1 is down");
              await write(given);
            });
            const calls = world.crashAt(step, when, nth);
            let answered = 0;
            world.onRequest(() => ({ status: answered++ < 3 ? 500 : 200 }));
            const ids: EventId[] = [];
            for (let i = 0; i < 3; i++) {
              ids.push(...(await world.postMany(slug, 2)));
              await world.turn();
            }
            for (let round = 0; round < 8; round++) {
              await world.drain();
              world.advance(130_000);
              await world.sweep();
            }
            await world.drain();
            expect(calls()).toBeGreaterThanOrEqual(nth);
            expect(sorted(await timesOnRecord())).toEqual(once(ids));
            const rows = await world.deliveries();
            expect(rows.map(({ status }) => status)).toEqual(rows.map(() => "delivered"));
            expect(await counted("delivered")).toBe(6);
            expect(await pendingKeys()).toEqual([]);
            const outbox = await env.DB.prepare("SELECT COUNT(*) AS n FROM outbox").first<{ n: number }>();
            expect(outbox?.n).toBe(0);
          });
  });

describe("recovery", () => {
  it("records 2,000 webhooks in at most 24 transactions", async () => {
    const world = createWorld();
    let transactions = 0;
    const db = new Proxy(env.DB, {
      get: (target, name) =>
        name === "batch"
          ? (statements: D1PreparedStatement[]) => {
              transactions += 1;
              return target.batch(statements);
            }
          : (Reflect.get(target, name) as () => unknown).bind(target),
    });
    const { writer } = recordPorts({ ...env, DB: db }, world.runtime.settings.watermarks, world.runtime.log, world.now);
    world.replace("write", () => writer.write);
    let left = 2_000;
    // As consumers leave them at 20 a second.
    for (let second = 0; left > 0; second++) {
      const count = Math.min(left, [7, 34, 20, 19, 23][second % 5] ?? 0);
      const at = world.now() + second * 1_000;
      await world.consumer.putPending(Array.from({ length: count }, () => writes([first({ id: newEventId(at) })])));
      world.advance(1_000);
      left -= count;
    }
    await world.sweep();
    expect(transactions).toBe(0);
    while (world.queued.length > 0) await world.turn(100);
    const times = await timesOnRecord();
    expect([times.size, Math.max(...times.values())]).toEqual([2_000, 1]);
    expect(await counted("delivered")).toBe(2_000);
    expect(transactions).toBeLessThanOrEqual(24);
    expect(await pendingKeys()).toEqual([]);
  });

  it("requeues no overdue delivery while an object is left: its outcome may be in there", async () => {
    const world = startWorld();
    const { slug } = await warm(world, { retry: { schedule_seconds: [5, 3_600] } });
    world.onRequest(() => ({ status: 500 }));
    await world.post(slug);
    await world.turn();
    world.advance(6_000);
    world.onRequest(() => ({ status: 200 }));
    const mend = world.break("write");
    await world.turn();
    const sent = world.requests.length;
    mend();
    // Its claim has passed, and it is overdue.
    world.advance(10 * MINUTE_MS);
    await world.sweep();
    expect(world.queued.map(({ message }) => message.kind)).toEqual(["pending"]);
    await world.drain();
    expect(world.requests).toHaveLength(sent);
    expect(await world.deliveries()).toMatchObject([{ status: "delivered", attempts_made: 2 }]);
  });

  it("holds back nothing while D1 is away: messages come back, and the objects stay", async () => {
    const world = startWorld();
    await world.consumer.putPending([writes([first()])]);
    world.break("write");
    const messages = (await pendingKeys()).map((key) => pendingMessage(key, 50));
    await world.consume("deliveries", messages);
    expect(messages.map(({ settled }) => settled)).toEqual(["retry"]);
    expect([(await pendingKeys()).length, await keysAside()]).toEqual([1, []]);
  });
});

describe("a batch of large events", () => {
  it("is kept in objects of a bounded size, and recorded whole [G6]", async () => {
    const world = startWorld();
    const { slug } = await warm(world);
    const mend = breakD1(world);
    const bodies = Array.from({ length: 60 }, () => random(90_000));
    const ids: EventId[] = [];
    for (const body of bodies) ids.push(await world.post(slug, { body }));
    await world.turn();
    const { objects } = await env.BODIES.list({ prefix: "pending/" });
    expect(objects.length).toBeGreaterThanOrEqual(3);
    for (const { size } of objects) expect(size).toBeLessThanOrEqual(MAX_PENDING_BYTES);
    mend();
    await recover(world);
    expect(sorted(await timesOnRecord())).toEqual(once(ids));
    const { reader } = world.runtime.record;
    const last = await reader.event(ids.at(-1) as EventId);
    const place = last.ok ? last.value?.place : undefined;
    if (place === undefined) throw new Error("not on record");
    expect((await reader.contents(new Map([["it", place]]))).get("it")).toMatchObject({
      ok: true,
      value: { body: { kind: "inline", bytes: bodies.at(-1) } },
    });
  });
});

describe("R2 away as well, or not bound", () => {
  it("brings the messages back, and acks none [G7]", async () => {
    const world = startWorld();
    const { slug } = await warm(world);
    const mends = [breakD1(world), world.break("putPending")];
    const [id] = await world.postMany(slug, 1);
    const waits: number[] = [];
    const message = world.queued.splice(0)[0]?.message;
    for (const attempts of [1, 2, 3, 20]) {
      const incoming = new TestMessage(message, "m", attempts);
      await world.consume("events", [incoming]);
      expect([incoming.settled, incoming.calls]).toEqual(["retry", 1]);
      waits.push(incoming.delaySeconds ?? 0);
    }
    expect(waits).toEqual([10, 20, 40, 600]);
    for (const mend of mends) mend();
    await world.consume("events", [new TestMessage(message, "m", 21)]);
    await recover(world);
    expect(await timesOnRecord()).toEqual(once([id as EventId]));
  });

  it("sends an event no more often than its retry policy allows [G7]", async () => {
    const world = startWorld();
    const { slug } = await warm(world, { retry: { schedule_seconds: [1, 1] } });
    const sent = world.requests.length;
    const mends = [breakD1(world), world.break("putPending")];
    const id = await world.post(slug);
    const message = world.queued.splice(0)[0]?.message;
    for (let attempts = 1; attempts <= 10; attempts++) {
      const incoming = new TestMessage(message, "m", attempts);
      await world.consume("events", [incoming]);
      expect([incoming.settled, incoming.calls]).toEqual(["retry", 1]);
    }
    expect(world.requests).toHaveLength(sent + 3);
    for (const mend of mends) mend();
    await world.consume("events", [new TestMessage(message, "m", 11)]);
    await recover(world);
    expect(await world.deliveries()).toMatchObject([{ status: "delivered", attempts_made: 1 }]);
    expect(await timesOnRecord()).toEqual(once([id]));
  });

  it("is an error of these calls alone where there is no bucket", async () => {
    const ports = pendingObjects(undefined, () => 0);
    await expect(ports.putPending([writes([first()])])).rejects.toThrow("no bucket");
    expect(await listPending(undefined, null, 10)).toEqual([]);
  });
});

describe("a copy of the event in the journal", () => {
  it("goes as soon as the object is there if it is in R2, and with the record if it is in D1", async () => {
    const world = startWorld();
    const { slug } = await warm(world);
    const mend = breakD1(world);
    const copies = async (): Promise<number[]> => [
      (await env.BODIES.list({ prefix: "outbox/" })).objects.length,
      (await env.DB.prepare("SELECT COUNT(*) AS n FROM outbox").first<{ n: number }>())?.n ?? 0,
    ];
    Object.assign(world.ingestion, { journal: "always" });
    await world.post(slug);
    Object.assign(world.ingestion, { journalD1: () => Promise.reject(new Error("D1 is down")) });
    await world.post(slug);
    expect(await copies()).toEqual([1, 1]);
    await world.turn();
    expect(await copies()).toEqual([0, 1]);
    mend();
    await world.consume("deliveries", await messagesFor());
    expect(await copies()).toEqual([0, 0]);
  });
});

describe("an object that cannot be recorded", () => {
  /** One good object before and one after it. */
  async function amongOthers(bytes: Uint8Array) {
    const world = startWorld();
    const logged: Record<string, unknown>[] = [];
    Object.assign(world.consumer, {
      log: { ...world.consumer.log, error: (what: string, fields = {}) => void logged.push({ what, ...fields }) },
    });
    const good = [first(), first()];
    await world.consumer.putPending([writes(good.slice(0, 1))]);
    world.advance(5);
    const key = `pending/${new Date(world.now()).toISOString()}-bad`;
    await env.BODIES.put(key, bytes);
    world.advance(5);
    await world.consumer.putPending([writes(good.slice(1))]);
    return { world, logged, key, ids: good.map(({ event }) => event.id) };
  }

  it("because it is damaged is set aside and named, and hides no other", async () => {
    const { world, logged, key, ids } = await amongOthers(new Uint8Array([7, 7, 7]));
    const messages = await messagesFor();
    await world.consume("deliveries", messages);
    expect(messages.map(({ settled, calls }) => `${settled} ${calls}`)).toEqual(Array(3).fill("ack 1"));
    expect(sorted(await timesOnRecord())).toEqual(once(ids));
    const as = key.replace("pending", "unreadable");
    expect([await pendingKeys(), await keysAside()]).toEqual([[], [as]]);
    expect(new Uint8Array((await (await env.BODIES.get(as))?.arrayBuffer()) ?? [])).toEqual(new Uint8Array([7, 7, 7]));
    expect(logged).toMatchObject([{ what: "pending record set aside", key, as }]);
  });

  it("is named by GET /queues for as long as it is set aside", async () => {
    const { world, key } = await amongOthers(new Uint8Array([7]));
    const { call } = createClient({ now: world.now });
    const setAside = async () => (await call("GET", "/queues")).json["set_aside"];
    expect(await setAside()).toEqual({ objects: [], more: false });
    await world.consume("deliveries", await messagesFor());
    const as = key.replace("pending", "unreadable");
    expect(await setAside()).toEqual({
      objects: [{ key: as, at: new Date(pendingTime(key) ?? 0).toISOString() }],
      more: false,
    });
    for (let i = 0; i < MAX_NAMED_ASIDE; i++) await env.BODIES.put(`${as}-${i}`, "x");
    expect(await setAside()).toMatchObject({ objects: { length: MAX_NAMED_ASIDE }, more: true });
    const bodies = { list: () => Promise.reject(new Error("R2 is down")) } as unknown as R2Bucket;
    expect((await createClient({ bodies }).call("GET", "/queues")).json["set_aside"]).toBeNull();
  });

  it("because a newer release has written it waits for that release, then is set aside", async () => {
    const { world, logged, key, ids } = await amongOthers(pack({ v: 2 }, new Uint8Array()));
    for (let attempts = 1; attempts < MAX_PENDING_TRIES; attempts++) {
      const message = pendingMessage(key, attempts);
      await world.consume("deliveries", [message]);
      expect(message.settled).toBe("retry");
    }
    expect(await keysAside()).toEqual([]);
    const last = pendingMessage(key, MAX_PENDING_TRIES);
    await world.consume("deliveries", [last, ...(await messagesFor())]);
    expect(last.settled).toBe("ack");
    expect(await keysAside()).toHaveLength(1);
    expect(logged.at(-1)).toMatchObject({
      key,
      detail: "the document has version 2, and this release reads 1",
    });
    expect(sorted(await timesOnRecord())).toEqual(once(ids));
  });

  it("because D1 refuses one event of it has the others recorded, and is set aside in the end", async () => {
    const world = startWorld();
    const all = Array.from({ length: 6 }, () => first());
    await world.consumer.putPending(all.slice(0, 4).map((one) => writes([one])));
    world.advance(5);
    await world.consumer.putPending(all.slice(4).map((one) => writes([one])));
    const [bad, other] = await pendingKeys();
    const refused = all[1]?.event.id;
    world.replace(
      "write",
      (write) => (given) =>
        given.firsts.some(({ event }) => event.id === refused)
          ? Promise.reject(new Error("D1_ERROR: string or blob too big"))
          : write(given),
    );
    const tries = [bad ?? "", other ?? ""].map((key) => pendingMessage(key));
    await world.consume("deliveries", tries);
    expect(tries.map(({ settled }) => settled)).toEqual(["retry", "ack"]);
    expect((await timesOnRecord()).size).toBe(5);
    await world.consume("deliveries", [pendingMessage(bad ?? "", MAX_PENDING_TRIES)]);
    expect([(await pendingKeys()).length, (await keysAside()).length]).toEqual([0, 1]);
    expect((await timesOnRecord()).size).toBe(5);
  });

  for (const when of ["before", "after"] as const)
    it(`is not lost by a crash ${when} it is set aside`, async () => {
      const { world, key } = await amongOthers(new Uint8Array([7]));
      world.crashAt("setPendingAside", when, 1);
      const message = pendingMessage(key);
      await world.consume("deliveries", [message]);
      expect(message.settled).toBe("retry");
      await world.consume("deliveries", [pendingMessage(key, 2)]);
      expect([(await pendingKeys()).includes(key), (await keysAside()).length]).toEqual([false, 1]);
    });
});
