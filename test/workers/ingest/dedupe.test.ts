import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { DEDUPE_SHARDS } from "../../../src/config/limits.ts";
import { acceptedResponse, type BodyCheck } from "../../../src/ingest/index.ts";
import type { EventId } from "../../../src/model/ids.ts";
import type { EventMessage } from "../../../src/model/message.ts";
import { createClient, type Json } from "../api/harness.ts";
import { createRoute, createWorld, TestMessage, type Overrides, type World } from "../harness.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const byHeader = { dedupe: { key: "header:x-id", window_seconds: 60 } };

async function post(world: World, slug: string, key: string, init: RequestInit = {}) {
  // Ids sort by time.
  world.advance(1);
  const result = await world.accept(`/in/${slug}`, { body: "{}", headers: { "x-id": key }, ...init });
  if (!result.ok || result.value.kind !== "event") throw new Error("not accepted");
  return result.value;
}
const eventsOf = async (world: World, sourceId: string) =>
  (await world.events())
    .filter(({ source_id }) => source_id === sourceId)
    .map(({ id, duplicate_of, deliveries }) => ({ id, duplicate_of, matched: deliveries.length }));
const readEvent = async (world: World, id: string): Promise<Json> => {
  const { call } = createClient({ now: world.now, provesEventId: world.runtime.ids.proves });
  return (await call("GET", `/events/${id}`)).json;
};

describe("a duplicate", () => {
  it("is reported to its sender, recorded as a duplicate, and not delivered", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{}], byHeader);
    const first = await post(world, slug, "a");
    const second = await post(world, slug, "a");
    const other = await post(world, slug, "b");
    expect([first.duplicate, second.duplicate, other.duplicate]).toEqual([false, true, false]);
    const answer = acceptedResponse(second);
    expect(answer.status).toBe(202);
    expect(answer.headers.get("sluice-event-id")).toBe(second.id);
    expect(await answer.json()).toEqual({ id: second.id, status: "accepted", duplicate: true });
    expect(await acceptedResponse(first).json()).toEqual({ id: first.id, status: "accepted" });
    await world.drain();
    expect(world.requests).toHaveLength(2);
    expect(await eventsOf(world, sourceId)).toEqual([
      { id: first.id, duplicate_of: null, matched: 1 },
      { id: second.id, duplicate_of: first.id, matched: 0 },
      { id: other.id, duplicate_of: null, matched: 1 },
    ]);
    expect(await readEvent(world, second.id)).toMatchObject({
      status: "ignored",
      duplicate_of: first.id,
      deliveries: [],
    });
    expect(await readEvent(world, first.id)).toMatchObject({ status: "delivered", duplicate_of: null });
  });

  it("is one of a hundred at once: exactly one is first, at the edge and in the end", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{}], byHeader);
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(world, slug, "same")));
    const firsts = answers.filter((answer) => !answer.duplicate);
    expect(firsts).toHaveLength(1);
    await world.drain();
    expect(world.requests).toHaveLength(1);
    const events = await eventsOf(world, sourceId);
    expect(events).toHaveLength(100);
    expect(events.filter((event) => event.duplicate_of === null)).toMatchObject([{ id: firsts[0]?.id }]);
    expect(new Set(events.flatMap((event) => event.duplicate_of ?? []))).toEqual(new Set([firsts[0]?.id]));
  });

  it("is found by the consumer when the edge could not ask", async () => {
    const world = createWorld({ ingest: { repeats: async () => false } });
    const { slug, sourceId } = await createRoute([{}], byHeader);
    for (let i = 0; i < 5; i++) await post(world, slug, "a");
    await world.turn(2);
    await world.drain();
    expect(world.requests).toHaveLength(1);
    expect((await eventsOf(world, sourceId)).filter((event) => event.duplicate_of === null)).toHaveLength(1);
  });

  it("is none of a request without the key, of another source, or where nothing asks for it", async () => {
    const world = createWorld();
    const [one, two, plain] = [
      await createRoute([{}], byHeader),
      await createRoute([{}], byHeader),
      await createRoute(),
    ];
    const answers = [
      await post(world, one.slug, "a", { headers: {} }),
      await post(world, one.slug, "a", { headers: {} }),
      await post(world, one.slug, "a"),
      await post(world, two.slug, "a"),
      await post(world, plain.slug, "a"),
      await post(world, plain.slug, "a"),
    ];
    expect(answers.map((answer) => answer.duplicate)).toEqual(answers.map(() => false));
    await world.drain();
    expect(world.requests).toHaveLength(6);
  });

  it("does not exist for an unverified request: otherwise the genuine one would count as its duplicate [G9]", async () => {
    let genuine = false;
    const check: BodyCheck = {
      flagOnly: true,
      update: () => undefined,
      finish: async () => (genuine ? { ok: true } : { ok: false, cause: "signature_mismatch" }),
    };
    const world = createWorld({ ingest: { beginCheck: async () => check } });
    const { slug } = await createRoute([{}], byHeader);
    await post(world, slug, "a");
    genuine = true;
    expect((await post(world, slug, "a")).duplicate).toBe(false);
    expect((await post(world, slug, "a")).duplicate).toBe(true);
    await world.drain();
    expect(world.requests).toHaveLength(2);
  });

  it("is none once the window is over, by the time at which events came in, however long they waited", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{}], byHeader);
    await post(world, slug, "a");
    world.advance(59_998);
    expect((await post(world, slug, "a")).duplicate).toBe(true);
    expect((await post(world, slug, "a")).duplicate).toBe(false);
    world.advance(3_000_000);
    await world.drain();
    expect((await eventsOf(world, sourceId)).map((event) => event.duplicate_of !== null)).toEqual([false, true, false]);
    expect(world.requests).toHaveLength(2);
  });
});

describe("the key", () => {
  it.each([
    ["body:data.id", '{"data":{"id":1},"at":1}', '{"data":{"id":1},"at":2}', '{"data":{"id":2},"at":1}'],
    ["body_hash", "same", "same", "other"],
  ])("may be %s", async (key, first, second, other) => {
    const world = createWorld();
    const { slug } = await createRoute([{}], { dedupe: { key, window_seconds: 60 } });
    const answers = [];
    for (const body of [first, second, other]) answers.push((await post(world, slug, "", { body })).duplicate);
    expect(answers).toEqual([false, true, false]);
  });

  it("is the hash of bodies of any size; a path is looked up in those of up to 1 MiB", async () => {
    const world = createWorld();
    const large = (id: number, bytes: number): string => `{"id":${id},"x":"${"x".repeat(bytes)}"}`;
    const source = { max_body_bytes: 25 * 1024 * 1024 };
    const hashed = await createRoute([{}], { ...source, dedupe: { key: "body_hash", window_seconds: 60 } });
    const read = await createRoute([{}], { ...source, dedupe: { key: "body:id", window_seconds: 60 } });
    const twice = async (slug: string, body: string): Promise<boolean> => {
      await post(world, slug, "", { body });
      return (await post(world, slug, "", { body })).duplicate;
    };
    expect(await twice(hashed.slug, large(1, 200_000))).toBe(true);
    expect(await twice(hashed.slug, large(1, 6 * 1024 * 1024))).toBe(true);
    expect(await twice(read.slug, large(1, 200_000))).toBe(true);
    expect(await twice(read.slug, large(2, 2 * 1024 * 1024))).toBe(false);
  });
});

describe("a key whose first event ended dead", () => {
  it("is open again: the next is delivered, and later ones repeat that", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ retry: { schedule_seconds: [] } }], byHeader);
    world.onRequest(() => ({ status: 500 }));
    const first = await post(world, slug, "a");
    await world.drain();
    expect(await readEvent(world, first.id)).toMatchObject({ status: "dead" });
    world.onRequest(() => ({ status: 200 }));
    const second = await post(world, slug, "a");
    const third = await post(world, slug, "a");
    expect([second.duplicate, third.duplicate]).toEqual([false, true]);
    await world.drain();
    expect((await eventsOf(world, sourceId)).map((event) => event.duplicate_of)).toEqual([null, null, second.id]);
    expect(world.requests).toHaveLength(2);
  });

  it("goes to one of those that waited in the queue meanwhile", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ retry: { schedule_seconds: [] } }], byHeader);
    await post(world, slug, "a");
    await post(world, slug, "a");
    await post(world, slug, "a");
    world.onRequest(() => ({ status: 500 }));
    await world.turn(1);
    world.onRequest(() => ({ status: 200 }));
    await world.drain();
    const events = await eventsOf(world, sourceId);
    expect(events.map((event) => event.duplicate_of)).toEqual([null, null, events[1]?.id]);
    expect(world.requests).toHaveLength(2);
  });
});

describe("a message that the queue brings again", () => {
  it("is no duplicate of itself, recorded or not [G3]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{}], byHeader);
    const { id } = await post(world, slug, "a");
    const message = world.queued.splice(0)[0]?.message as EventMessage;
    const mend = world.break("write", "putPending");
    const lost = new TestMessage(message);
    await world.consume("events", [lost]);
    expect(lost.settled).toBe("retry");
    mend();
    await world.consume("events", [new TestMessage(message), new TestMessage(message)]);
    await world.consume("events", [new TestMessage(message)]);
    expect(await eventsOf(world, sourceId)).toEqual([{ id, duplicate_of: null, matched: 1 }]);
  });
});

describe("a crash around the claim [G2] [G7]", () => {
  const crash = (): never => {
    throw new Error("crash");
  };
  for (const step of ["repeats", "firstEvents", "write"] as const) {
    for (const when of ["before", "after"] as const) {
      it(`${when} ${step} loses nothing, and still one is first`, async () => {
        const world = createWorld();
        const { slug, sourceId } = await createRoute([{}], byHeader);
        const once = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
          let calls = 0;
          return async (...args: A): Promise<R> => {
            calls += 1;
            if (calls === 1 && when === "before") crash();
            const result = await call(...args);
            return calls === 1 ? crash() : result;
          };
        };
        if (step === "repeats") Object.assign(world.ingestion, { repeats: once(world.ingestion.repeats) });
        if (step === "firstEvents") Object.assign(world.consumer, { firstEvents: once(world.consumer.firstEvents) });
        if (step === "write") {
          const { records } = world.consumer;
          Object.assign(records, { write: once(records.write) });
        }
        // A sender that gets no answer sends again.
        for (let sent = 0; sent < 3; sent++) await post(world, slug, "a").catch(() => undefined);
        const messages = world.queued.splice(0).map(({ message }) => message);
        expect(messages.length).toBeGreaterThanOrEqual(3);
        // What an invocation that died has not settled comes again.
        const first = messages.map((message) => new TestMessage(message));
        await world.consume("events", first).catch(() => undefined);
        const again = first.filter((message) => message.settled !== "ack").map(({ body }) => new TestMessage(body));
        await world.consume("events", again);
        await world.drain();
        expect(again.map((message) => message.settled)).toEqual(again.map(() => "ack"));
        await world.sweep();
        await world.drain();
        expect(world.requests.length).toBeGreaterThanOrEqual(1);
        const events = await eventsOf(world, sourceId);
        expect(events).toHaveLength(messages.length);
        expect(events.filter((event) => event.duplicate_of === null)).toHaveLength(1);
      });
    }
  }
});

describe("an index out of reach [G7]", () => {
  it.each<[string, Overrides]>([
    ["the edge alone", { ingest: { repeats: async () => false } }],
    ["every caller", { ingest: { repeats: async () => false }, consumer: { firstEvents: async () => new Map() } }],
  ])("for %s loses nothing: at worst an event is delivered twice", async (who, overrides) => {
    const world = createWorld(overrides);
    const { slug, sourceId } = await createRoute([{}], byHeader);
    await post(world, slug, "a");
    await post(world, slug, "a");
    await world.drain();
    expect(world.requests).toHaveLength(who === "every caller" ? 2 : 1);
    expect(await eventsOf(world, sourceId)).toHaveLength(2);
  });
});

describe("the index", () => {
  const index = () => env.DEDUPE_INDEX.getByName(`src_test:${crypto.randomUUID()}`);
  const claim = (key: string, event: string, at: number) => ({ key, event_id: event as EventId, at });
  const rows = (stub: DurableObjectStub, sql = "SELECT COUNT(*) AS count FROM keys"): Promise<number> =>
    runInDurableObject(stub, (_instance, state) => Number([...state.storage.sql.exec(sql)][0]?.["count"] ?? -1));

  it("remembers its keys when it is evicted", async () => {
    const stub = index();
    await stub.claim([claim("k", "evt_a", 0)], 1_000);
    await runInDurableObject(stub, (_instance, state) => state.storage.sync());
    expect(await stub.claim([claim("k", "evt_b", 1)], 1_000)).toEqual(["evt_a"]);
  });

  it("removes expired keys by alarm, a bounded number at a time, and rests when none is left", async () => {
    const stub = index();
    const now = Date.now();
    await stub.claim(
      Array.from({ length: 1_500 }, (_, n) => claim(`k${n}`, `evt_${n}`, now)),
      1_000,
    );
    await stub.claim([claim("later", "evt_later", now)], 7 * 86_400_000);
    await runInDurableObject(stub, (_instance, state) => {
      state.storage.sql.exec("UPDATE keys SET expires_at = 0 WHERE key <> 'later'");
    });
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await rows(stub)).toBe(501);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await rows(stub)).toBe(1);
    await runInDurableObject(stub, (_instance, state) => {
      state.storage.sql.exec("UPDATE keys SET expires_at = 0");
    });
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await rows(stub)).toBe(0);
    expect(await runDurableObjectAlarm(stub)).toBe(false);
  });

  it("removes some with every claim", async () => {
    const stub = index();
    await stub.claim(
      Array.from({ length: 10 }, (_, n) => claim(`k${n}`, `evt_${n}`, 0)),
      1_000,
    );
    await runInDurableObject(stub, (_instance, state) => {
      state.storage.sql.exec("UPDATE keys SET expires_at = 0");
    });
    await stub.claim([claim("new", "evt_new", 0)], 1_000);
    expect(await rows(stub)).toBe(9);
  });

  it("is spread over a bounded number of objects for each source", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{}], byHeader);
    for (let i = 0; i < 100; i++) await post(world, slug, `key-${i}`);
    let found = 0;
    for (let shard = 0; shard < DEDUPE_SHARDS; shard++) {
      const count = await rows(env.DEDUPE_INDEX.getByName(`${sourceId}:${shard}`));
      expect(count).toBeGreaterThan(0);
      found += count;
    }
    expect(found).toBe(100);
  });
});
