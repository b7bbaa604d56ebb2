// The last release and this one, side by side on the schema of this one, and each over what the other has written.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createClient } from "../api/harness.ts";
import type { OutboundRequest } from "../../../src/outbound/types.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { createWorld, TestMessage, type World } from "../harness.ts";
import { readDeliveries } from "../recorded-deliveries.ts";
import { createRouteIn, startLast, type Last } from "./last-worker.ts";

let last: Last;

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM outbox").run();
  last = startLast();
});
afterEach(() => {
  expect(last.errors).toEqual([]);
  vi.restoreAllMocks();
});

/** The event's delivery, wherever it is on record. */
const rowOf = async (event: string): Promise<Record<string, unknown>> =>
  (await readDeliveries(createRuntime(env))).find(({ id }) => id.startsWith(`dlv_${event.slice(4)}`)) ?? {};

const bodyOf = ({ body }: OutboundRequest): string =>
  body?.kind === "inline" ? new TextDecoder().decode(body.bytes) : "";

/** This release, on the machine's time as the last one. */
const startThis = (overrides: Parameters<typeof createWorld>[0] = {}): World =>
  createWorld({ realTime: true, ...overrides });

describe("the last release on the schema of this one", () => {
  it("takes, delivers, retries and shows webhooks", async () => {
    const { slug, url } = await createRouteIn(last, { rate_limit: { limit: 100 }, max_concurrency: 10 });
    last.answer(500);
    const id = await last.ingest(slug, '{"n":1}');
    await last.consume(
      "EVENTS",
      last.sent.splice(0).map(({ body }) => body),
    );
    expect(await rowOf(id)).toMatchObject({ status: "retrying", attempts_made: 1 });
    last.answer(200);
    await last.drain();
    expect(await rowOf(id)).toMatchObject({ status: "delivered", attempts_made: 2 });
    expect(last.requests.map((request) => [request.url, request.body])).toEqual([
      [url, '{"n":1}'],
      [url, '{"n":1}'],
    ]);
    for (const path of [`/events/${id}`, `/deliveries?event=${id}`, "/stats", "/ledger", "/audit", "/config"])
      expect([path, (await last.call("GET", path)).status]).toEqual([path, 200]);
  });

  it("redrives dead letters and replays", async () => {
    const { slug } = await createRouteIn(last);
    last.answer(404);
    const id = await last.ingest(slug);
    await last.drain();
    expect(await rowOf(id)).toMatchObject({ status: "dead" });
    last.answer(200);
    expect((await last.call("POST", "/replays", { status: "dead", source: slug })).status).toBe(202);
    await last.drain();
    expect(await rowOf(id)).toMatchObject({ status: "delivered" });
  });

  it("sweeps", async () => {
    const { slug } = await createRouteIn(last);
    last.refuse(true);
    const id = await last.ingest(slug);
    last.refuse(false);
    last.errors.length = 0;
    await env.DB.prepare("UPDATE outbox SET resend_at = 0").run();
    await last.sweep();
    await last.drain();
    expect(await rowOf(id)).toMatchObject({ status: "delivered" });
  });
});

describe("this release over what the last one has written", () => {
  it("takes over its messages and its waiting deliveries, credentials included", async () => {
    const { slug } = await createRouteIn(last, { auth: { type: "bearer", token: "of-the-last-release" } });
    const world = startThis();
    last.answer(500);
    const waiting = await last.ingest(slug);
    await last.consume(
      "EVENTS",
      last.sent.splice(0).map(({ body }) => body),
    );
    const fresh = await last.ingest(slug);
    const messages = last.sent.splice(0).map(({ body }) => new TestMessage(body));
    expect(messages).toHaveLength(2);
    await world.consume("deliveries", messages);
    expect(messages.map(({ settled }) => settled)).toEqual(["ack", "ack"]);
    for (const id of [waiting, fresh]) expect(await rowOf(id)).toMatchObject({ status: "delivered" });
    const credentials = world.requests.flatMap(({ headers }) =>
      headers.filter(([name]) => name.toLowerCase() === "authorization").map(([, value]) => value),
    );
    expect(credentials).toEqual(["Bearer of-the-last-release", "Bearer of-the-last-release"]);
  });

  it("takes webhooks by its route documents in KV", async () => {
    const { slug } = await createRouteIn(last);
    expect(await env.ROUTES.get(`route/${slug}`)).not.toBeNull();
    const world = startThis({ ingest: {} });
    expect(await world.accept(`/in/${slug}`, { body: "x" })).toMatchObject({ ok: true });
    await world.turn();
    expect(world.requests).toHaveLength(1);
  });

  it("drains its outbox", async () => {
    const { slug } = await createRouteIn(last);
    last.refuse(true);
    const id = await last.ingest(slug, '{"n":1}');
    last.refuse(false);
    last.errors.length = 0;
    await env.DB.prepare("UPDATE outbox SET resend_at = 0").run();
    const world = startThis();
    await world.sweep();
    await world.turn();
    expect(await rowOf(id)).toMatchObject({ status: "delivered" });
  });

  it("shows and changes its configuration", async () => {
    const { slug, destinationId } = await createRouteIn(last);
    const { call } = createClient();
    const document = (await call("GET", "/config")).json;
    const plan = await call("PUT", "/config?dry_run=true", document);
    expect(plan.status).toBe(200);
    expect(plan.json.changes.every(({ action }) => action === "unchanged")).toBe(true);
    expect((await call("PATCH", `/destinations/${destinationId}`, { name: "Renamed" })).json).toMatchObject({
      slug,
      name: "Renamed",
    });
  });
});

describe("the last release over what this one has written", () => {
  it("takes over its messages and its waiting deliveries", async () => {
    const { slug } = await createRouteIn(last);
    const world = startThis();
    world.onRequest(() => ({ status: 500 }));
    await world.accept(`/in/${slug}`, { body: "1" });
    await world.turn();
    await world.accept(`/in/${slug}`, { body: "2" });
    const messages = world.queued.splice(0);
    const of = (lane: string) => messages.filter((one) => one.lane === lane).map(({ message }) => message);
    expect(await last.consume("EVENTS", of("events"))).toEqual(["ack"]);
    expect(last.requests.map(({ body }) => body)).toEqual(["2"]);
    // Its content is where the last release cannot read it: the message comes back until this release takes it.
    expect(await last.consume("DELIVERIES", of("deliveries"))).toEqual(["retry"]);
    expect(last.errors.splice(0)).toHaveLength(1);
    expect(last.requests).toHaveLength(1);
    await env.DB.prepare("UPDATE deliveries SET claimed_until = 0").run();
    world.onRequest(() => ({ status: 200 }));
    const sent = world.requests.length;
    const back = of("deliveries").map((message) => new TestMessage(message));
    await world.consume("deliveries", back);
    expect(back.map(({ settled }) => settled)).toEqual(["ack"]);
    expect(world.requests.slice(sent).map(bodyOf)).toEqual(["1"]);
  });

  it("reads configuration that this one has changed without using anything new", async () => {
    const { slug, sourceId, destinationId } = await createRouteIn(last);
    const { call } = createClient();
    for (const path of [`/sources/${sourceId}`, `/destinations/${destinationId}`]) {
      expect((await call("PATCH", path, { name: "Renamed" })).status).toBe(200);
      expect((await last.call("GET", path)).json).toMatchObject({ name: "Renamed" });
    }
    const id = await last.ingest(slug);
    await last.drain();
    expect(await rowOf(id)).toMatchObject({ status: "delivered" });
  });

  it("takes webhooks by the route documents that this one publishes", async () => {
    const { slug, sourceId } = await createRouteIn(last);
    await startThis().runtime.routes.publish([sourceId], []);
    await last.ingest(slug);
    expect(last.sent.splice(0)).toHaveLength(1);
  });

  it("drains its outbox", async () => {
    const { slug } = await createRouteIn(last);
    const away = async (): Promise<never> => {
      throw new Error("the queue is away");
    };
    const world = startThis({ ingest: { send: away } });
    const accepted = await world.accept(`/in/${slug}`, { body: '{"n":1}' });
    const id = accepted.ok && accepted.value.kind === "event" ? accepted.value.id : "";
    await env.DB.prepare("UPDATE outbox SET resend_at = 0").run();
    await last.sweep();
    await last.drain();
    expect(await rowOf(id)).toMatchObject({ status: "delivered" });
  });

  it("shows deliveries in states that it does not know the reason of", async () => {
    const { slug } = await createRouteIn(last);
    last.answer(500);
    const id = await last.ingest(slug);
    await last.consume(
      "EVENTS",
      last.sent.splice(0).map(({ body }) => body),
    );
    await env.DB.prepare(
      "UPDATE deliveries SET status = 'deferred', deferred_by = 'configuration_unreadable' WHERE id LIKE 'dlv_' || substr(?, 5) || '%'",
    )
      .bind(id)
      .run();
    const { status, json } = await last.call("GET", `/deliveries?event=${id}`);
    expect([status, json.data?.[0]?.["deferred_by"]]).toEqual([200, "configuration_unreadable"]);
    last.answer(200);
    await last.drain();
    expect(await rowOf(id)).toMatchObject({ status: "delivered" });
  });
});
