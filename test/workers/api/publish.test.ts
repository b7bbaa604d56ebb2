import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { EventMessage } from "../../../src/model/message.ts";
import { createRoute, createWorld, type Overrides } from "../harness.ts";
import { createClient, unique } from "./harness.ts";

const DAY_MS = 86_400_000;

/** A Sluice whose API and consumers share one clock and one queue. */
function createSluice(overrides: Overrides = {}) {
  const world = createWorld(overrides);
  const { ids } = world.runtime;
  const client = createClient({
    now: world.now,
    provesEventId: ids.proves,
    mintEventId: ids.mint,
    completeEventId: ids.complete,
    persistEvent: world.keep,
  });
  const publish = (body: unknown, headers: Record<string, string> = {}) =>
    client.call("POST", "/events", body, headers);
  const deliveriesOf = async (event: string) => (await client.call("GET", `/deliveries?event=${event}`)).json.data;
  return { ...world, ...client, publish, deliveriesOf };
}
const { slug, destinationIds } = await createRoute();
const fail = () => Promise.reject(new Error("down"));
const textOf = (request: { body: { kind: string; bytes?: Uint8Array } | null } | undefined): string =>
  new TextDecoder().decode(request?.body?.bytes);
const header = (request: { headers: readonly (readonly [string, string])[] } | undefined, name: string) =>
  request?.headers.find(([key]) => key.toLowerCase() === name)?.[1];

describe("an event published to a source", () => {
  it("has the type that the source finds in it; one published straight to destinations has none", async () => {
    const sluice = createSluice();
    const source = await createRoute([{}], { event_type: { json: "kind" } });
    const typed = async (to: object) => {
      const { id } = (await sluice.publish({ ...to, body: { kind: "order.paid", type: "other" } })).json;
      const message = sluice.queued.map((one) => one.message as EventMessage).find(({ event }) => event.id === id);
      return message?.event.event_type;
    };
    expect(await typed({ source: source.slug })).toBe("order.paid");
    expect(await typed({ destinations: source.destinationIds })).toBeNull();
    await sluice.drain();
  });

  it("goes over the source's connections like a received one, whatever methods the source allows", async () => {
    const sluice = createSluice();
    const { slug, sourceId } = await createRoute([{}, { connection: { enabled: false } }], {
      allowed_methods: ["PATCH"],
    });
    const answer = await sluice.publish({ source: slug, body: { order: 1 }, path: "/sub", query: "a=1" });
    expect([answer.status, answer.json.status]).toEqual([202, "accepted"]);
    const id = answer.json.id;
    expect(answer.headers.get("sluice-event-id")).toBe(id);
    expect((await sluice.call("GET", `/events/${id}`)).json).toMatchObject({ id, status: "accepted" });
    await sluice.drain();
    expect(sluice.requests).toHaveLength(1);
    const [request] = sluice.requests;
    expect([request?.method, request?.url.endsWith("/hook/sub?a=1"), textOf(request)]).toEqual([
      "POST",
      true,
      '{"order": 1}'.replace(" ", ""),
    ]);
    expect(header(request, "content-type")).toBe("application/json");
    expect(header(request, "webhook-id")).toBe(id);
    expect(header(request, "sluice-source")).toBe(slug);
    expect((await sluice.call("GET", `/events/${id}`)).json).toMatchObject({
      source: sourceId,
      verified: null,
      published: true,
      deliver_at: null,
      status: "delivered",
    });
  });

  it("is not marked as published when it was received at the URL", async () => {
    const sluice = createSluice();
    const { slug } = await createRoute();
    await sluice.accept(`/in/${slug}`, { body: "x" });
    await sluice.drain();
    expect((await sluice.call("GET", `/events?source=${slug}`)).json.data?.[0]).toMatchObject({ published: false });
  });
});

describe("an event published to destinations", () => {
  it("goes straight to them, by id or slug, without a connection", async () => {
    const sluice = createSluice();
    const { slug, destinationIds } = await createRoute([{}, {}, {}]);
    const answer = await sluice.publish({ destinations: [destinationIds[0], `${slug}-1`], body: "hello" });
    expect(answer.status).toBe(202);
    await sluice.drain();
    expect(sluice.requests.map((request) => request.url).sort()).toEqual([
      `https://${slug}-0.test/hook`,
      `https://${slug}-1.test/hook`,
    ]);
    const deliveries = await sluice.deliveriesOf(answer.json.id);
    expect(deliveries).toHaveLength(2);
    for (const delivery of deliveries)
      expect(delivery).toMatchObject({ connection_id: null, source: null, status: "delivered" });
    expect(new Set(deliveries.map((delivery) => delivery.destination))).toEqual(new Set(destinationIds.slice(0, 2)));
  });

  it("can be a test event that Sluice makes", async () => {
    const sluice = createSluice();
    const { slug, destinationIds } = await createRoute([{ auth: { type: "bearer", token: "t" } }]);
    const answer = await sluice.call("POST", `/destinations/${slug}-0/test`);
    expect([answer.status, answer.json.status]).toEqual([202, "accepted"]);
    await sluice.drain();
    const [request] = sluice.requests;
    expect(JSON.parse(textOf(request))).toMatchObject({ type: "sluice.test", destination: `${slug}-0` });
    expect([header(request, "authorization"), header(request, "webhook-id")]).toEqual(["Bearer t", answer.json.id]);
    expect((await sluice.deliveriesOf(answer.json.id))[0]).toMatchObject({
      destination: destinationIds[0],
      status: "delivered",
    });
    expect((await sluice.call("POST", "/destinations/nowhere/test")).status).toBe(404);
  });

  it("is retried, held and released like any other", async () => {
    const sluice = createSluice();
    const { destinationIds } = await createRoute([{ retry: { schedule_seconds: [5] } }]);
    const paused = (value: number) =>
      env.DB.prepare("UPDATE destinations SET paused = ? WHERE id = ?")
        .bind(value, destinationIds[0] ?? "")
        .run();
    await paused(1);
    const { json } = await sluice.publish({ destinations: destinationIds });
    await sluice.drain();
    expect((await sluice.deliveriesOf(json.id))[0]).toMatchObject({ status: "held" });
    await paused(0);
    let answered = 0;
    sluice.onRequest(() => ({ status: answered++ === 0 ? 500 : 200 }));
    await sluice.sweep();
    await sluice.drain();
    expect((await sluice.deliveriesOf(json.id))[0]).toMatchObject({ status: "delivered", attempts_made: 2 });
  });

  it("waits in the queue with growing delays while D1 cannot be read [G7]", async () => {
    const sluice = createSluice();
    const { destinationIds } = await createRoute();
    const { json } = await sluice.publish({ destinations: destinationIds, body: 1 });
    const mend = sluice.break("readContext");
    expect((await sluice.turn())[0]?.settled).toBe("retry");
    expect(sluice.requests).toHaveLength(0);
    mend();
    await sluice.drain();
    expect((await sluice.deliveriesOf(json.id))[0]).toMatchObject({ status: "delivered" });
  });

  it("is cancelled when the destination was deleted meanwhile", async () => {
    const sluice = createSluice();
    const { destinationIds } = await createRoute();
    const { json } = await sluice.publish({ destinations: destinationIds });
    await env.DB.prepare("DELETE FROM destinations WHERE id = ?")
      .bind(destinationIds[0] ?? "")
      .run();
    await sluice.drain();
    expect((await sluice.deliveriesOf(json.id))[0]).toMatchObject({
      status: "cancelled",
      last_error: "destination_deleted",
    });
  });

  it("is recorded, due for each destination, when the queue gives up on it [G2]", async () => {
    const sluice = createSluice();
    const { destinationIds } = await createRoute([{}, {}]);
    const { json } = await sluice.publish({ destinations: destinationIds });
    const { TestMessage } = await import("../harness.ts");
    await sluice.deadLetter([new TestMessage(sluice.queued.splice(0)[0]?.message)]);
    const statuses = async () => (await sluice.deliveriesOf(json.id)).map(({ status }) => status);
    expect(await statuses()).toEqual(["pending", "pending"]);
    await sluice.drain();
    expect(await statuses()).toEqual(["delivered", "delivered"]);
  });
});

describe("a published body", () => {
  it.each([
    [
      "a JSON value, in its exact text",
      `{"source": "${slug}", "body": {"b": 1.0, "a":  12345678901234567890, "é": "\\u00e9"}}`,
      '{"b": 1.0, "a":  12345678901234567890, "é": "\\u00e9"}',
      "application/json",
    ],
    ["a string, as that text", `{"source": "${slug}", "body": "grüße\\n"}`, "grüße\n", "text/plain; charset=utf-8"],
    ["null", `{"source": "${slug}", "body": null}`, "null", "application/json"],
    ["base64", `{"source": "${slug}", "body_base64": "AAEC/w=="}`, "\0\u0001\u0002\uFFFD", "application/octet-stream"],
    ["nothing", `{"source": "${slug}"}`, "", undefined],
    [
      "text with a content type of its own",
      `{"source": "${slug}", "body": "<a/>", "headers": {"Content-Type": "application/xml"}}`,
      "<a/>",
      "application/xml",
    ],
  ])("may be %s [G6]", async (_name, json, sent, type) => {
    const sluice = createSluice();
    expect((await sluice.publish(json)).status).toBe(202);
    await sluice.drain();
    expect([textOf(sluice.requests[0]), header(sluice.requests[0], "content-type")]).toEqual([sent, type]);
  });

  it("that is too large for a message is stored in R2, byte for byte [G6]", async () => {
    const sluice = createSluice();
    const body = "x".repeat(300_000);
    const { json } = await sluice.publish({ source: slug, body });
    await sluice.drain();
    expect(sluice.requests[0]?.body).toMatchObject({ kind: "r2" });
    expect((await sluice.call("GET", `/events/${json.id}/body`)).text).toBe(body);
  });

  it("of more than 1 MiB is refused", async () => {
    const sluice = createSluice();
    const answer = await sluice.publish({ source: slug, body: "x".repeat(1024 * 1024) });
    expect([answer.status, answer.json.code]).toEqual([413, "body_too_large"]);
    expect(sluice.queued).toHaveLength(0);
  });
});

describe("an invalid field is named by its pointer, and nothing is stored [G12]", () => {
  const soon = new Date(Date.UTC(2026, 10, 25)).toISOString();
  it.each([
    [{}, "/source"],
    [{ source: slug, destinations: destinationIds }, "/destinations"],
    [{ source: "nobody" }, "/source"],
    [{ source: 1 }, "/source"],
    [{ destinations: [] }, "/destinations"],
    [{ destinations: "x" }, "/destinations"],
    [{ destinations: [destinationIds[0], "nobody"] }, "/destinations/1"],
    [{ destinations: [destinationIds[0], `${slug}-0`] }, "/destinations/1"],
    [{ source: slug, body: 1, body_base64: "AA==" }, "/body_base64"],
    [{ source: slug, body_base64: "*" }, "/body_base64"],
    [{ source: slug, body_base64: 7 }, "/body_base64"],
    [`{"source": "${slug}", "body": "\\ud800"}`, "/body"],
    [{ source: slug, headers: { "bad name": "x" } }, "/headers/bad name"],
    [{ source: slug, headers: { x: "a\r\nb" } }, "/headers/x"],
    [
      {
        source: slug,
        headers: {
          a: "x".repeat(4_000),
          b: "x".repeat(4_000),
          c: "x".repeat(4_000),
          d: "x".repeat(4_000),
          e: "x".repeat(4_000),
        },
      },
      "/headers",
    ],
    [{ source: slug, method: "BREW" }, "/method"],
    [{ source: slug, path: "sub" }, "/path"],
    [{ source: slug, path: "/a?b" }, "/path"],
    [{ source: slug, query: "a=ü" }, "/query"],
    [{ source: slug, deliver_at: "tomorrow" }, "/deliver_at"],
    [{ source: slug, deliver_at: "2026-12-30T00:00:00Z" }, "/deliver_at"],
    [{ source: slug, delay_seconds: 31 * 86_400 }, "/delay_seconds"],
    [{ source: slug, delay_seconds: -1 }, "/delay_seconds"],
    [{ source: slug, deliver_at: soon, delay_seconds: 1 }, "/delay_seconds"],
    [{ source: slug, callback_url: "ftp://x.test" }, "/callback_url"],
    [{ source: slug, failure_callback_url: "nowhere" }, "/failure_callback_url"],
    [{ source: slug, surprise: 1 }, "/surprise"],
    ["[]", "/"],
  ])("%j", async (body, pointer) => {
    const sluice = createSluice();
    const answer = await sluice.publish(body);
    expect([answer.status, answer.json.errors?.map((error) => error.pointer)]).toEqual([422, [pointer]]);
    expect(sluice.queued).toHaveLength(0);
  });

  it("a bad header name is named, with the reason", async () => {
    const sluice = createSluice();
    const answer = await sluice.publish({ source: slug, body: {}, headers: { "x-good": "1", "x bad": "2" } });
    expect(answer.status).toBe(422);
    expect(answer.json.errors).toEqual([
      {
        pointer: "/headers/x bad",
        detail: 'has the name "x bad", which is not an HTTP header name: 1 to 128 letters, digits and !#$%&\'*+-.^_`|~',
      },
    ]);
    expect(sluice.queued).toHaveLength(0);
  });

  it("a disabled source is refused too", async () => {
    const sluice = createSluice();
    const off = await createRoute([{}], { enabled: false });
    expect((await sluice.publish({ source: off.slug })).json.errors?.[0]).toEqual({
      pointer: "/source",
      detail: "is disabled",
    });
  });
});

describe("publishing", () => {
  it("answers only once the event is durable: 503 when it cannot be stored [G1]", async () => {
    const sluice = createSluice({ ingest: { send: fail, journalD1: fail, journalR2: fail } });
    const { slug } = await createRoute();
    const answer = await sluice.publish({ source: slug, body: 1 });
    expect([answer.status, answer.json.code, answer.json.id]).toEqual([503, "unavailable", undefined]);
    const broken = createSluice();
    const noBucket = createClient({ persistEvent: broken.keep, bodies: { put: fail } as never });
    expect((await noBucket.call("POST", "/events", { source: slug, body: "x".repeat(200_000) })).status).toBe(503);
    expect(broken.queued).toHaveLength(0);
  });

  it("keeps the event in the journal when the queue refuses it, for a source and for destinations alike [G1] [G7]", async () => {
    for (const aim of ["source", "destinations"]) {
      const sluice = createSluice({ ingest: { send: fail } });
      const { slug, destinationIds } = await createRoute();
      const { status, json } = await sluice.publish({
        [aim]: aim === "source" ? slug : destinationIds,
        body: { n: 1 },
      });
      expect(status).toBe(202);
      sluice.advance(120_000);
      await sluice.sweep();
      await sluice.drain();
      expect(textOf(sluice.requests[0])).toBe('{"n":1}');
      expect((await sluice.deliveriesOf(json.id))[0]).toMatchObject({ status: "delivered" });
    }
  });

  it("makes one event of two requests with the same Idempotency-Key", async () => {
    const sluice = createSluice();
    const { slug } = await createRoute();
    const key = { "idempotency-key": unique("publish") };
    const first = await sluice.publish({ source: slug, body: 1 }, key);
    const again = await sluice.publish({ source: slug, body: 1 }, key);
    expect([again.status, again.json.id]).toEqual([202, first.json.id]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(sluice.queued).toHaveLength(1);
    expect((await sluice.publish({ source: slug, body: 2 }, key)).json.code).toBe("idempotency_mismatch");
    const other = await sluice.publish({ source: slug, body: 1 }, { "idempotency-key": unique("publish") });
    expect(other.json.id).not.toBe(first.json.id);
  });

  it("makes one event even when the first request died after storing it, and another takes over its key [G3]", async () => {
    const sluice = createSluice();
    const { slug } = await createRoute();
    const key = { "idempotency-key": unique("died") };
    // The event is durable and the answer was never written, as when a Worker dies at this point.
    const dying = createClient({
      now: sluice.now,
      completeEventId: sluice.runtime.ids.complete,
      persistEvent: async (event, source) => {
        await sluice.keep(event, source);
        await env.DB.prepare("UPDATE idempotency_keys SET claimed_at = ?").bind(sluice.now()).run();
        return new Promise<boolean>(() => undefined);
      },
    });
    void dying.call("POST", "/events", { source: slug, body: 1 }, key);
    while (sluice.queued.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect((await sluice.publish({ source: slug, body: 1 }, key)).json.code).toBe("idempotency_in_flight");
    sluice.advance(59_000);
    expect((await sluice.publish({ source: slug, body: 1 }, key)).status).toBe(409);
    await sluice.drain();
    sluice.advance(2_000);
    const over = await sluice.publish({ source: slug, body: 1 }, key);
    expect(over.status).toBe(202);
    await sluice.drain();
    const { json } = await sluice.call("GET", `/events?source=${slug}`);
    expect(json.data?.map((row) => row["id"])).toEqual([over.json["id"]]);
    expect(sluice.requests).toHaveLength(1);
  });

  it("continues under the same id at once when the first request with a key failed in the Worker", async () => {
    const sluice = createSluice();
    const { slug } = await createRoute();
    const key = { "idempotency-key": unique("failed") };
    const failing = createClient({
      now: sluice.now,
      completeEventId: sluice.runtime.ids.complete,
      persistEvent: async (event, source) => (await sluice.keep(event, source), false),
    });
    expect((await failing.call("POST", "/events", { source: slug }, key)).status).toBe(503);
    const kept = (sluice.queued.map((item) => item.message) as EventMessage[])[0]?.event.id;
    sluice.advance(1_000);
    expect((await sluice.publish({ source: slug }, key)).json.id).toBe(kept);
  });
});

describe("a scheduled event", () => {
  it.each([
    ["deliver_at", (now: number) => ({ deliver_at: new Date(now + 30 * DAY_MS).toISOString() })],
    ["delay_seconds", () => ({ delay_seconds: 30 * 86_400 })],
  ])("with %s 30 days ahead is attempted once, not early, and outlives retention [G2] [G11]", async (_name, when) => {
    const sluice = createSluice();
    const { destinationIds } = await createRoute([{ retry: { schedule_seconds: [60] } }]);
    const publishedAt = sluice.now();
    const { json } = await sluice.publish({ destinations: destinationIds, body: { n: 1 }, ...when(publishedAt) });
    await sluice.turn();
    expect((await sluice.deliveriesOf(json.id))[0]).toMatchObject({ status: "scheduled", attempts_made: 0 });
    const dueAt = publishedAt + 30 * DAY_MS;
    // Every queue delay is at most a day; a quarter of a day passes with a sweep each.
    while (sluice.now() < dueAt - DAY_MS / 4) {
      for (const item of sluice.queued) expect(item.at - sluice.now()).toBeLessThanOrEqual(DAY_MS);
      sluice.advance(DAY_MS / 4);
      await sluice.turn();
      await sluice.sweep({ publishChanged: async () => 0 });
    }
    expect(sluice.requests).toHaveLength(0);
    await sluice.drain();
    expect(sluice.requests).toHaveLength(1);
    const lateMs = (sluice.requests[0]?.at ?? 0) - dueAt;
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThanOrEqual(60_000);
    // A record that has only just ended is kept, although its id is old.
    await sluice.sweep();
    const event = await sluice.call("GET", `/events/${json.id}`);
    expect(event.json).toMatchObject({ status: "delivered", deliver_at: new Date(dueAt).toISOString() });
    sluice.advance(15 * DAY_MS);
    await sluice.sweep();
    expect((await sluice.call("GET", `/events/${json.id}`)).status).toBe(404);
  });

  it("is sent by the sweep when its message is lost, late by the grace at most [G2]", async () => {
    const sluice = createSluice();
    const { destinationIds } = await createRoute();
    const dueAt = sluice.now() + 2 * DAY_MS;
    await sluice.publish({ destinations: destinationIds, delay_seconds: 2 * 86_400 });
    await sluice.turn();
    sluice.queued.splice(0);
    sluice.advance(2 * DAY_MS - 30_000);
    for (let minute = 0; minute < 4; minute++) {
      await sluice.sweep();
      await sluice.turn();
      sluice.advance(60_000);
    }
    expect(sluice.requests).toHaveLength(1);
    const lateMs = (sluice.requests[0]?.at ?? 0) - dueAt;
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThanOrEqual(120_000);
  });

  it("is not attempted early when its message arrives early", async () => {
    const sluice = createSluice();
    const { destinationIds } = await createRoute();
    const { json } = await sluice.publish({ destinations: destinationIds, delay_seconds: 60 });
    await sluice.turn();
    const message = sluice.queued.splice(0)[0]?.message;
    const { TestMessage } = await import("../harness.ts");
    sluice.advance(59_500);
    await sluice.consume("deliveries", [new TestMessage(message)]);
    expect(sluice.requests).toHaveLength(0);
    await sluice.drain();
    expect((await sluice.deliveriesOf(json.id))[0]).toMatchObject({ status: "delivered", attempts_made: 1 });
    expect(sluice.requests).toHaveLength(1);
  });

  it("can be cancelled before it is due", async () => {
    const sluice = createSluice();
    const { destinationIds } = await createRoute();
    const { json } = await sluice.publish({ destinations: destinationIds, delay_seconds: 3_600 });
    await sluice.turn();
    const [delivery] = await sluice.deliveriesOf(json.id);
    expect((await sluice.call("POST", `/deliveries/${String(delivery?.["id"])}/cancel`)).status).toBe(200);
    await sluice.drain();
    sluice.advance(DAY_MS);
    await sluice.sweep();
    await sluice.drain();
    expect(sluice.requests).toHaveLength(0);
    expect((await sluice.call("GET", `/events/${json.id}`)).json).toMatchObject({ status: "cancelled" });
  });

  it("is retried by the schedule after its time: the planned wait does not count as age", async () => {
    const sluice = createSluice();
    const { destinationIds } = await createRoute([{ retry: { schedule_seconds: [60, 60], max_age_seconds: 300 } }]);
    sluice.onRequest(() => ({ status: 500 }));
    const { json } = await sluice.publish({ destinations: destinationIds, delay_seconds: 86_400 });
    await sluice.drain();
    expect((await sluice.deliveriesOf(json.id))[0]).toMatchObject({
      status: "dead",
      attempts_made: 3,
      last_error: "attempts_exhausted: http_status",
    });
  });

  it("adds the connection's delay to the scheduled time", async () => {
    const sluice = createSluice();
    const { slug } = await createRoute([{ connection: { delay_seconds: 600 } }]);
    const from = sluice.now();
    await sluice.publish({ source: slug, delay_seconds: 3_600 });
    await sluice.drain();
    expect((sluice.requests[0]?.at ?? 0) - from).toBeGreaterThanOrEqual(4_200_000);
    expect((sluice.requests[0]?.at ?? 0) - from).toBeLessThan(4_260_000);
  });

  it("is sent at once when the instant is in the past", async () => {
    const sluice = createSluice();
    const { slug } = await createRoute();
    const { json } = await sluice.publish({ source: slug, deliver_at: "2020-01-01T00:00:00+02:00" });
    await sluice.turn();
    expect(sluice.requests).toHaveLength(1);
    expect((await sluice.call("GET", `/events/${json.id}`)).json).toMatchObject({ deliver_at: null });
  });
});

describe("callback URLs", () => {
  it("of a connection are stored, shown, and checked like a destination's URL [G12]", async () => {
    const { call } = createClient();
    const source = unique("callbacks");
    await call("POST", "/sources", { slug: source });
    await call("POST", "/destinations", { slug: source, url: "https://x.test" });
    const link = { source, destination: source, slug: source };
    const wrong = await call("POST", "/connections", { ...link, failure_callback_url: "https://user:secret@x.test" });
    expect([wrong.status, wrong.json.errors?.[0]?.pointer]).toEqual([422, "/failure_callback_url"]);
    expect((await call("POST", "/connections", { ...link, callback_url: "https://x.test/done" })).json).toMatchObject({
      callback_url: "https://x.test/done",
      failure_callback_url: null,
    });
    const change = await call("PATCH", `/connections/${source}`, { callback_url: "x" });
    expect(change.json.errors?.[0]?.pointer).toBe("/callback_url");
  });

  it("are refused where callbacks cannot be signed", async () => {
    const { call } = createClient({ callbackSecrets: async () => [] });
    const answer = await call("POST", "/events", { source: slug, callback_url: "https://x.test" });
    expect(answer.json.errors?.[0]?.pointer).toBe("/callback_url");
  });

  it("are signed with a secret that the receiver can be given", async () => {
    const answer = await createClient({ callbackSecrets: createWorld().runtime.callbackSecrets }).call(
      "GET",
      "/callbacks/secret",
    );
    expect(answer.json.secrets).toEqual([expect.stringMatching(/^whsec_.{44}$/)]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("are shown with the event, and a callback names the delivery that it reports", async () => {
    const sluice = createSluice();
    const urls = { callback_url: "https://hooks.test/ok", failure_callback_url: "https://hooks.test/no" };
    const { json } = await sluice.publish({ destinations: destinationIds, body: 1, ...urls });
    await sluice.drain();
    const id = json.id;
    expect((await sluice.call("GET", `/events/${id}`)).json).toMatchObject({
      ...urls,
      callback_of: null,
      published: true,
    });
    const [delivery] = await sluice.deliveriesOf(id);
    const words = (await sluice.call("GET", "/deliveries?destination=callback_hooks.test")).json.data;
    const events = await Promise.all(words.map((word) => sluice.call("GET", `/events/${word.event_id}`)));
    expect(events.map((event) => event.json)).toContainEqual(
      expect.objectContaining({ callback_of: delivery?.["id"], published: false, status: "delivered", source: null }),
    );
  });
});
