import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { httpSender } from "../../../src/outbound/index.ts";
import { eventIdOf, type DestinationId, type SourceId } from "../../../src/model/ids.ts";
import type { EventOptions } from "../../../src/model/event.ts";
import { auditEntry, createRoute, createWorld, TestMessage, type Overrides, type Reply } from "../harness.ts";
import { databaseOf } from "../../../src/worker/databases.ts";
import type { OutboundRequest } from "../../../src/outbound/types.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const CALLBACK = "https://hooks.test/done?x=1";
const FAILURE = "https://hooks.test/failed";
const fail = () => Promise.reject(new Error("down"));

interface NotifiedAlert {
  readonly url: string;
  readonly id: string;
  readonly body: {
    event_id: string;
    delivery_id: string;
    destination: string;
    status: string;
    attempts_made: number;
    response: { status: number; headers: Record<string, string>; body?: string; body_base64?: string } | null;
  };
}

/** A Sluice, a destination that answers as told, and a receiver of callbacks that checks every signature. */
function createScene(overrides: Overrides = {}) {
  const world = createWorld(overrides);
  const told: NotifiedAlert[] = [];
  const receive = {
    answer: (_request: OutboundRequest): Reply => ({ status: 200 }),
    callback: (): Reply => ({ status: 204 }),
  };
  const received: { headers: Record<string, string>; text: string }[] = [];
  world.onRequest((request) => {
    if (!request.url.startsWith("https://hooks.")) return receive.answer(request);
    const headers = Object.fromEntries(request.headers.map(([name, value]) => [name.toLowerCase(), value]));
    const text = new TextDecoder().decode(request.body?.kind === "inline" ? request.body.bytes : undefined);
    told.push({ url: request.url, id: headers["webhook-id"] ?? "", body: JSON.parse(text) as NotifiedAlert["body"] });
    received.push({ headers, text });
    return receive.callback();
  });
  const publish = async (options: EventOptions, slug: string | null = null, sourceId: string | null = null) => {
    const now = world.now();
    const id = await world.runtime.ids.mint(now);
    const body = { kind: "inline", bytes: utf8("{}") } as const;
    const event = {
      id,
      received_at: now,
      method: "POST",
      path: "",
      query: "",
      headers: [],
      body,
      body_bytes: 2,
      verified: null,
      options,
    };
    await world.keep({ ...event, source_id: sourceId as SourceId | null }, slug);
    return id;
  };
  const settle = async (): Promise<void> => {
    await world.drain();
    const [secret = ""] = await world.runtime.callbackSecrets();
    for (const { headers, text } of received.splice(0)) {
      const at = new Date(Number(headers["webhook-timestamp"]) * 1000);
      expect(headers["webhook-signature"]).toBe(new Webhook(secret).sign(headers["webhook-id"] ?? "", at, text));
      expect(headers["content-type"]).toBe("application/json");
    }
  };
  const callbackEvents = async () =>
    (await world.events()).flatMap(({ id, source_id, options }) =>
      source_id === null && options?.callback_of !== undefined ? [{ id, ...options }] : [],
    );
  return { ...world, told, receive, publish, settle, callbackEvents };
}
const direct = async (spec: Record<string, unknown> = {}) =>
  (await createRoute([spec])).destinationIds as DestinationId[];

describe("a callback", () => {
  it("returns a slow API's answer when it is done, signed, in the contract's form without further fields", async () => {
    const scene = createScene();
    const destinations = await direct();
    scene.receive.answer = () => ({
      status: 201,
      headers: { "content-type": "application/json" },
      body: '{"result":"é"}',
      durationMs: 3_000,
    });
    const id = await scene.publish({ destinations, callback_url: CALLBACK });
    await scene.settle();
    const [delivery] = (await scene.deliveries()).filter((row) => row.id.startsWith(`dlv_${id.slice(4)}`));
    expect(scene.told.map(({ url, body }) => ({ url, body }))).toEqual([
      {
        url: CALLBACK,
        body: {
          event_id: id,
          delivery_id: delivery?.id,
          destination: destinations[0],
          status: "delivered",
          attempts_made: 1,
          response: { status: 201, headers: { "content-type": "application/json" }, body: '{"result":"é"}' },
        },
      },
    ]);
  });

  it("reports a failure once it is final, not before, with the last answer", async () => {
    const scene = createScene();
    const destinations = await direct({ retry: { schedule_seconds: [5, 5] } });
    let attempt = 0;
    scene.receive.answer = () => ({ status: 500, body: `no ${++attempt}` });
    await scene.publish({ destinations, callback_url: CALLBACK, failure_callback_url: FAILURE });
    await scene.turn();
    expect(scene.told).toHaveLength(0);
    await scene.settle();
    expect(scene.told).toMatchObject([
      { url: FAILURE, body: { status: "dead", attempts_made: 3, response: { status: 500, body: "no 3" } } },
    ]);
  });

  it("has the last answer if the delivery ends later, without a further attempt", async () => {
    for (const answered of [1, 2]) {
      await env.BODIES.delete((await env.BODIES.list({ prefix: "payloads/" })).objects.map(({ key }) => key));
      const scene = createScene();
      const destinations = await direct({ retry: { schedule_seconds: [5, 5] } });
      // Larger than what stays in D1.
      const body = crypto.getRandomValues(new Uint32Array(2_000)).join(" ");
      let attempt = 0;
      scene.receive.answer = () => ({ status: 500, headers: { "x-no": String(++attempt) }, body });
      const ids = await Promise.all(
        Array.from({ length: 6 }, () => scene.publish({ destinations, failure_callback_url: FAILURE })),
      );
      await scene.turn();
      if (answered === 2) {
        scene.advance(6_000);
        await scene.turn();
      }
      expect((await env.BODIES.list({ prefix: "payloads/" })).objects).toHaveLength(answered);
      const dead = (await scene.deliveries()).filter(({ id }) => ids.includes(eventIdOf(id)));
      for (const { id } of dead)
        await databaseOf(env, id).prepare("INSERT INTO interruptions (id, count, at) VALUES (?1, 5, 0)").bind(id).run();
      await scene.settle();
      expect(scene.told).toHaveLength(6);
      for (const told of scene.told) {
        expect(told.body).toMatchObject({ status: "dead", attempts_made: answered, response: { status: 500 } });
        expect(Number(told.body.response?.headers["x-no"])).toBeGreaterThan(0);
        expect(told.body.response?.body).toBe(body.slice(0, 4_096));
      }
    }
  });

  it("has no response if there was none", async () => {
    const scene = createScene();
    const destinations = await direct({ retry: { schedule_seconds: [] } });
    scene.receive.answer = () => ({ error: "timeout" });
    await scene.publish({ destinations, failure_callback_url: FAILURE });
    await scene.settle();
    expect(scene.told).toMatchObject([{ body: { status: "dead", attempts_made: 1, response: null } }]);
  });

  it("can be configured on a connection, and the event's own URL takes precedence", async () => {
    const scene = createScene();
    const { slug, sourceId } = await createRoute([{ connection: { callback_url: "https://hooks.test/connection" } }]);
    await scene.accept(`/in/${slug}`, { body: "x" });
    await scene.publish({}, slug, sourceId);
    await scene.publish({ callback_url: CALLBACK }, slug, sourceId);
    await scene.settle();
    expect(scene.told.map(({ url }) => url).sort((a, b) => a.localeCompare(b))).toEqual([
      "https://hooks.test/connection",
      "https://hooks.test/connection",
      CALLBACK,
    ]);
  });

  it("is sent for each delivery of an event, and never for a callback", async () => {
    const scene = createScene();
    const { destinationIds } = await createRoute([{}, {}]);
    await scene.publish({
      destinations: destinationIds as DestinationId[],
      callback_url: CALLBACK,
      failure_callback_url: FAILURE,
    });
    await scene.settle();
    expect(new Set(scene.told.map(({ body }) => body.destination))).toEqual(new Set(destinationIds));
    expect(scene.told).toHaveLength(2);
    expect(scene.queued).toHaveLength(0);
  });

  it("is not sent for a cancelled delivery", async () => {
    const scene = createScene();
    const destinations = await direct();
    await env.DB.prepare("DELETE FROM destinations WHERE id = ?").bind(destinations[0]).run();
    await scene.publish({ destinations, callback_url: CALLBACK, failure_callback_url: FAILURE });
    await scene.settle();
    expect(scene.told).toHaveLength(0);
  });

  it("carries text cut at a whole character, and binary data as base64", async () => {
    const scene = createScene();
    const destinations = await direct();
    const long = "x" + "é".repeat(60_000);
    scene.receive.answer = () => ({ body: long });
    await scene.publish({ destinations, callback_url: CALLBACK });
    await scene.settle();
    const text = scene.told[0]?.body.response?.body ?? "";
    expect(new TextEncoder().encode(text).byteLength).toBe(65_535);
    expect(long.startsWith(text)).toBe(true);
    const binary = Uint8Array.from({ length: 60_000 }, (_, index) => index % 256);
    scene.receive.answer = () => ({ body: binary });
    await scene.publish({ destinations, callback_url: CALLBACK });
    await scene.settle();
    expect(
      Uint8Array.from(atob(scene.told[1]?.body.response?.body_base64 ?? ""), (char) => char.charCodeAt(0)),
    ).toEqual(binary);
    // What JSON would blow up goes as base64; a full head of headers leaves less room for the body.
    scene.receive.answer = () => ({
      body: "\u0001".repeat(70_000),
      headers: Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`x-${index}`, '"'.repeat(512)])),
    });
    await scene.publish({ destinations, callback_url: CALLBACK });
    await scene.settle();
    const cut = atob(scene.told[2]?.body.response?.body_base64 ?? "");
    expect(cut).toBe("\u0001".repeat(cut.length));
    expect(cut.length).toBeGreaterThan(30_000);
    const largest = Math.max(...scene.requests.map((request) => request.bodyBytes));
    expect(largest).toBeLessThanOrEqual(96 * 1024);
  });

  it("is retried with the same webhook-id, backs off, and is visible as its own delivery", async () => {
    const scene = createScene();
    const destinations = await direct();
    let refused = 0;
    scene.receive.callback = () => ({ status: refused++ < 2 ? 503 : 200 });
    await scene.publish({ destinations, callback_url: CALLBACK });
    await scene.settle();
    expect(scene.told).toHaveLength(3);
    expect(new Set(scene.told.map(({ id }) => id)).size).toBe(1);
    const [first, second, third] = scene.requests.filter(({ url }) => url === CALLBACK).map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(5_000);
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(30_000);
    const id = scene.told[0]?.id ?? "";
    const row = (await scene.deliveries()).find((delivery) => delivery.id.startsWith(`dlv_${id.slice(4)}`));
    expect(row).toMatchObject({
      status: "delivered",
      attempts_made: 3,
      connection_id: null,
      destination_id: "callback_hooks.test",
    });
    const event = (await scene.events()).find((one) => one.id === id);
    expect(event?.options).toMatchObject({
      callback_of: scene.told[0]?.body.delivery_id,
      callback_to: CALLBACK,
    });
  });

  it("that cannot be delivered is dead without another callback", async () => {
    const scene = createScene();
    const destinations = await direct();
    scene.receive.callback = () => ({ status: 410 });
    await scene.publish({ destinations, callback_url: CALLBACK, failure_callback_url: FAILURE });
    await scene.settle();
    expect(scene.told).toHaveLength(1);
    const digits = scene.told[0]?.id.slice(4) ?? "";
    expect((await scene.deliveries()).find((row) => row.id.startsWith(`dlv_${digits}`))).toMatchObject({
      status: "dead",
      last_error: "gone: http_status",
    });
  });

  it("shares pace and circuit with all others to the same host, each to its own URL [G4]", async () => {
    const asked: { id: string; rate: unknown }[] = [];
    const scene = createScene();
    scene.replace("acquire", (acquire) => (id, request) => {
      asked.push({ id, rate: request.limits.rate_limit });
      return acquire(id, request);
    });
    const destinations = await direct();
    for (let i = 0; i < 120; i++) await scene.publish({ destinations, callback_url: `https://hooks.busy.test/${i}` });
    await scene.publish({ destinations, callback_url: CALLBACK });
    await scene.settle();
    expect(new Set(asked.map(({ id }) => id))).toEqual(new Set(["callback_hooks.busy.test", "callback_hooks.test"]));
    expect(asked.every(({ rate }) => JSON.stringify(rate) === '{"limit":50,"period_seconds":1}')).toBe(true);
    const busy = scene.requests.filter(({ url }) => url.startsWith("https://hooks.busy"));
    expect(new Set(busy.map(({ url }) => url)).size).toBe(120);
    const times = busy.map(({ at }) => at).sort((a, b) => a - b);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });
});

describe("exactly one callback for each delivery that ends", () => {
  const one = async (scene: ReturnType<typeof createScene>, deliveryPrefix: string) =>
    (await scene.callbackEvents()).filter(
      ({ callback_of }) => callback_of?.startsWith(`dlv_${deliveryPrefix.slice(4)}`) === true,
    );

  it("is sent once if the message is redelivered, and once after a crash between the record and the queue [G3]", async () => {
    const scene = createScene();
    const destinations = await direct();
    const id = await scene.publish({ destinations, callback_url: CALLBACK });
    const message = scene.queued[0]?.message;
    const mend = scene.break("sendLater");
    await scene.turn();
    mend();
    await scene.consume("events", [new TestMessage(message), new TestMessage(message)]);
    expect(scene.queued).toHaveLength(0);
    // The queue never heard of it: the sweep brings it back.
    scene.advance(70_000);
    await scene.sweep();
    await scene.settle();
    expect(scene.told).toHaveLength(1);
    expect(await one(scene, id)).toHaveLength(1);
  });

  for (const step of ["readContext", "write", "takeDue", "sendLater", "putPending"] as const) {
    for (const when of ["before", "after"] as const) {
      for (const nth of [1, 2, 3]) {
        it(`is sent after a crash ${when} call ${nth} of ${step} [G2] [G7]`, async () => {
          const scene = createScene({ journal: "always" });
          const target = (step in scene.consumer.records
            ? scene.consumer.records
            : scene.consumer) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
          const original = target[step] as (...args: unknown[]) => Promise<unknown>;
          let calls = 0;
          target[step] = async (...args) => {
            calls += 1;
            if (calls === nth && when === "before") throw new Error("crash");
            const result = await original.apply(target, args);
            if (calls === nth) throw new Error("crash");
            return result;
          };
          let answered = 0;
          scene.receive.answer = () => ({ status: answered++ === 0 ? 500 : 200, body: "answer" });
          const destinations = await direct({ retry: { schedule_seconds: [1, 1] } });
          const id = await scene.publish({ destinations, callback_url: CALLBACK });
          for (let round = 0; round < 8; round++) {
            await scene.drain();
            scene.advance(130_000);
            await scene.sweep();
          }
          await scene.settle();
          // At least once, always under the same id, and of one end only.
          expect(new Set(scene.told.map((word) => word.id)).size).toBe(1);
          expect(scene.told[0]?.body).toMatchObject({
            event_id: id,
            status: "delivered",
            response: { body: "answer" },
          });
          expect(await one(scene, id)).toHaveLength(1);
        });
      }
    }
  }

  it("is kept with the record while D1 is down, beside a large event too, and is sent when D1 is back [G7]", async () => {
    const scene = createScene();
    const { slug, sourceId } = await createRoute([{ connection: { callback_url: CALLBACK } }]);
    await scene.publish({}, slug, sourceId);
    await scene.settle();
    const mend = scene.break("readContext", "write");
    const answer = "y".repeat(60_000);
    scene.receive.answer = () => ({ body: answer });
    const accepted = await scene.accept(`/in/${slug}`, { body: "x".repeat(96 * 1024) });
    await scene.turn();
    expect(scene.told).toHaveLength(1);
    mend();
    scene.advance(60_000);
    await scene.sweep();
    await scene.settle();
    const id = accepted.ok && accepted.value.kind === "event" ? accepted.value.id : "";
    expect(scene.told).toHaveLength(2);
    expect(scene.told[1]?.body).toMatchObject({ event_id: id, status: "delivered", response: { body: answer } });
  });

  it("reports the end that is in D1 when two consumers disagree", async () => {
    const scene = createScene();
    const destinations = await direct({ retry: { schedule_seconds: [1] }, timeout_ms: 1_000 });
    scene.receive.answer = () => ({ status: 500 });
    const id = await scene.publish({ destinations, callback_url: CALLBACK, failure_callback_url: FAILURE });
    await scene.turn();
    const message = scene.queued.splice(0)[0]?.message;
    scene.advance(2_000);
    let second: Promise<void> = Promise.resolve();
    let calls = 0;
    scene.receive.answer = () => {
      if (calls++ > 0) return { status: 200 };
      // While this attempt hangs, its claim runs out and another consumer delivers.
      scene.advance(120_000);
      second = scene.consume("deliveries", [new TestMessage(message)]);
      return { status: 500 };
    };
    const letGo = scene.replace("write", (write) => async (writes) => {
      if (writes.settlements.some(({ delivery }) => delivery.status === "dead")) {
        letGo();
        await second;
      }
      return write(writes);
    });
    await scene.consume("deliveries", [new TestMessage(message)]);
    await scene.settle();
    expect(scene.told.map(({ url }) => url)).toEqual([CALLBACK]);
    expect(await one(scene, id)).toHaveLength(1);
  });

  it("is sent again when a dead delivery is retried and ends again", async () => {
    const scene = createScene();
    const destinations = await direct({ retry: { schedule_seconds: [] } });
    scene.receive.answer = () => ({ status: 500 });
    const id = await scene.publish({ destinations, callback_url: CALLBACK, failure_callback_url: FAILURE });
    await scene.settle();
    const { makeDue } = await import("../../../src/store/lists.ts");
    const dead = scene.told[0]?.body.delivery_id as Parameters<typeof makeDue>[1];
    scene.receive.answer = () => ({ status: 200 });
    scene.advance(1_000);
    await makeDue(env.DB, dead, scene.now(), auditEntry(scene.now()));
    await scene.consume("deliveries", [new TestMessage({ v: 1, kind: "due", id: dead })]);
    await scene.settle();
    expect(scene.told.map(({ url, body }) => [url, body.status])).toEqual([
      [FAILURE, "dead"],
      [CALLBACK, "delivered"],
    ]);
    expect(await one(scene, id)).toHaveLength(2);
  });

  it("is sent for an event that a queue gave up on, once its delivery ends", async () => {
    const scene = createScene();
    const event = await scene.publish({ destinations: await direct(), callback_url: CALLBACK });
    await scene.deadLetter([new TestMessage(scene.queued.splice(0)[0]?.message)]);
    expect(scene.told).toHaveLength(0);
    await scene.settle();
    expect(scene.told).toMatchObject([{ body: { event_id: event, status: "delivered" } }]);
  });
});

describe("the answer's bytes", () => {
  const body = new Uint8Array(200_000).fill(65);
  const send = httpSender({
    fetch: async () => new Response(body, { status: 202 }),
    readStored: async () => null,
    probe: fail,
    now: () => 0,
  });
  const request: OutboundRequest = {
    url: "https://x.test",
    method: "POST",
    headers: [],
    body: null,
    bodyBytes: 0,
    timeoutMs: 1_000,
  };

  it("are kept up to the cap if a callback needs them, and the excerpt stays small", async () => {
    const answer = await send({ ...request, answerBytes: 65_536 });
    expect([answer.status, answer.body?.byteLength, answer.excerpt?.length]).toEqual([202, 65_536, 4_096]);
  });

  it("are not kept if no callback needs them", async () => {
    expect((await send(request)).body).toBeUndefined();
  });
});
