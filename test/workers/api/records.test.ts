import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { limitsOf } from "../../../src/gate/index.ts";
import { timeToBase32 } from "../../../src/kernel/base32.ts";
import { eventTime } from "../../../src/model/ids.ts";
import { firstSegmentKeyAt } from "../../../src/record/index.ts";
import { createRoute, createWorld } from "../harness.ts";
import { createClient, type Json } from "./harness.ts";
import type { JsonOf } from "./answers.ts";

const world = createWorld();
const { call, enqueued } = createClient({ now: world.now, provesEventId: world.runtime.ids.proves });
const post = (slug: string, body: BodyInit = "{}") =>
  world.post(`${slug}/sub?a=1`, { body, headers: { "content-type": "application/json" } });
const deliveryOf = async (event: string): Promise<Json> =>
  (await call("GET", `/deliveries?event=${event}`)).json.data?.[0] ?? {};

describe("an event", () => {
  it("can be read as soon as it is accepted", async () => {
    const { slug } = await createRoute();
    const id = await post(slug);
    expect((await call("GET", `/events/${id}`)).json).toMatchObject({ id, status: "accepted", deliveries: [] });
    await world.drain();
    expect((await call("GET", `/events/${id}`)).json).toMatchObject({
      id,
      status: "delivered",
      source_slug: slug,
      method: "POST",
      path: "/sub",
      query: "?a=1",
      content_type: "application/json",
      body_bytes: 2,
    });
  });

  it("with an id that was never issued is not found", async () => {
    for (const id of ["evt_nonsense", `evt_${"0".repeat(32)}`, `evt_01m85dmb00${"0".repeat(22)}`]) {
      expect((await call("GET", `/events/${id}`)).status).toBe(404);
    }
  });

  it("that matched nothing is ignored", async () => {
    const { slug } = await createRoute([]);
    const id = await post(slug);
    await world.drain();
    expect((await call("GET", `/events/${id}`)).json).toMatchObject({ status: "ignored", deliveries: [] });
    expect((await call("GET", `/events?source=${slug}&status=ignored`)).json.data).toHaveLength(1);
  });

  it.each([
    ["text with a BOM", new TextEncoder().encode('\ufeff{"b":1.0,"a":12345678901234567890}')],
    ["binary", new Uint8Array([0, 255, 128, 10])],
    ["nothing", new Uint8Array()],
    ["more than fits inline", new Uint8Array(200_000).fill(7)],
  ])("returns the exact bytes of %s, as a download [G6]", async (_name, bytes) => {
    const { slug } = await createRoute();
    const id = await post(slug, bytes);
    await world.drain();
    const { app } = createClient();
    const response = await app.request(`http://sluice.test/api/v1/events/${id}/body`, {
      headers: { authorization: "Bearer test-admin-token-of-the-tests" },
    });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("content-disposition")).toMatch(/^attachment/);
  });

  it("can be replayed: new deliveries of the same event in a lane of their own", async () => {
    const { slug, connectionIds } = await createRoute([{}, {}]);
    const id = await post(slug);
    expect((await call("POST", `/events/${id}/replay`)).json.code).toBe("event_not_recorded");
    await world.drain();
    enqueued.length = 0;
    const one = await call("POST", `/events/${id}/replay`, { connection: connectionIds[0] });
    expect(one.status).toBe(202);
    expect(one.json.data).toMatchObject([{ event_id: id, status: "pending", connection_id: connectionIds[0] }]);
    expect((await call("POST", `/events/${id}/replay`)).json.data).toHaveLength(2);
    expect(enqueued.map((message) => message.lane)).toEqual(["replays", "replays", "replays"]);
    expect((await call("GET", `/events/${id}`)).json.deliveries).toHaveLength(5);
  });
});

describe("a delivery", () => {
  it("shows each of its attempts", async () => {
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1] } }]);
    world.onRequest(() => ({ status: 503, headers: { "x-why": "busy" } }));
    const id = await post(slug);
    await world.drain();
    world.onRequest(() => ({ status: 200 }));
    const { json } = await call("GET", `/deliveries/${String((await deliveryOf(id))["id"])}`);
    expect(json).toMatchObject({
      status: "dead",
      attempts_made: 2,
      last_response_status: 503,
      last_error: "attempts_exhausted: http_status",
    });
    expect(json.attempts).toMatchObject([
      { number: 1, response_status: 503, response_headers: { "x-why": "busy" }, error: "http_status" },
      { number: 2, response_status: 503 },
    ]);
  });

  it("can be retried when dead, and not when delivered", async () => {
    const { slug } = await createRoute([{ retry: { schedule_seconds: [] } }]);
    world.onRequest(() => ({ status: 500 }));
    const id = await post(slug);
    await world.drain();
    world.onRequest(() => ({ status: 200 }));
    const delivery = String((await deliveryOf(id))["id"]);
    enqueued.length = 0;
    const retried = await call("POST", `/deliveries/${delivery}/retry`);
    expect([retried.status, retried.json.status]).toEqual([202, "pending"]);
    expect(enqueued).toEqual([{ id: delivery, lane: "deliveries" }]);
    await world.consumer.sendLater([{ id: delivery as never, lane: "deliveries", delayMs: 0 }]);
    await world.drain();
    expect((await call("GET", `/deliveries/${delivery}`)).json).toMatchObject({
      status: "delivered",
      attempts_made: 2,
    });
    expect((await call("POST", `/deliveries/${delivery}/retry`)).json.code).toBe("delivery_final");
  });

  it("can be cancelled while it waits, and is never attempted again", async () => {
    const { slug } = await createRoute([{ retry: { schedule_seconds: [60] } }]);
    world.onRequest(() => ({ status: 500 }));
    const id = await post(slug);
    await world.turn();
    const delivery = String((await deliveryOf(id))["id"]);
    expect((await call("POST", `/deliveries/${delivery}/cancel`)).json).toMatchObject({
      status: "cancelled",
      next_attempt_at: null,
    });
    const count = world.requests.length;
    await world.drain();
    expect(world.requests).toHaveLength(count);
    expect((await call("POST", `/deliveries/${delivery}/cancel`)).json.code).toBe("delivery_final");
    world.onRequest(() => ({ status: 200 }));
  });

  it("is neither retried nor cancelled while it is attempted", async () => {
    const { slug } = await createRoute([{ connection: { delay_seconds: 60 } }]);
    const id = await post(slug);
    await world.turn();
    const delivery = String((await deliveryOf(id))["id"]);
    await env.DB.prepare("UPDATE deliveries SET claimed_until = ? WHERE id = ?")
      .bind(world.now() + 1_000, delivery)
      .run();
    for (const verb of ["retry", "cancel"])
      expect((await call("POST", `/deliveries/${delivery}/${verb}`)).json.code).toBe("delivery_in_flight");
  });

  it("is found by every filter, once over all pages", async () => {
    const { slug, destinationIds, connectionIds } = await createRoute([{}, {}]);
    for (let i = 0; i < 60; i++) await post(slug);
    await world.drain();
    const collect = async (query: string): Promise<unknown[]> => {
      const ids: unknown[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const page: { json: JsonOf<"GET", "/deliveries"> } = await call(
          "GET",
          `/deliveries?limit=25&${query}${cursor === "" ? "" : `&cursor=${cursor}`}`,
        );
        ids.push(...page.json.data.map((delivery) => delivery.id));
        cursor = page.json.next_cursor;
      }
      expect(new Set(ids).size).toBe(ids.length);
      return ids;
    };
    expect(await collect(`source=${slug}`)).toHaveLength(120);
    expect(await collect(`source=${slug}&destination=${destinationIds[0]}`)).toHaveLength(60);
    expect(await collect(`source=${slug}&status=delivered`)).toHaveLength(120);
    expect(await collect(`source=${slug}&status=dead`)).toHaveLength(0);
    expect(await collect(`source=${slug}&status=dead&destination=${destinationIds[0]}`)).toHaveLength(0);
    expect(await collect(`source=${slug}&to=2026-11-01T00:00:00Z`)).toHaveLength(0);
    expect(await collect(`source=${slug}&connection=${connectionIds[0]}`)).toHaveLength(60);
    world.onRequest(() => ({ status: 503 }));
    await post(slug);
    await world.turn();
    world.onRequest(() => ({ status: 200 }));
    expect(await collect(`source=${slug}&response_status=200`)).toHaveLength(120);
    expect(await collect(`source=${slug}&response_status=503`)).toHaveLength(2);
    expect(await collect(`source=${slug}&error=http_status&connection=${connectionIds[1]}`)).toHaveLength(1);
    expect(await collect(`source=${slug}&error=timeout`)).toHaveLength(0);
    await world.drain();
  });

  it("and its event are found by the event's type, exactly", async () => {
    const { slug } = await createRoute([{}], { event_type: { json: "kind" } });
    const [paid, refunded] = [await post(slug, '{"kind":"order.paid"}'), await post(slug, '{"kind":"Order Refunded"}')];
    world.advance(1);
    await post(slug);
    await world.drain();
    for (const [type, event] of [
      ["order.paid", paid],
      ["Order%20Refunded", refunded],
      ["order", null],
      ["ORDER.PAID", null],
    ] as const) {
      const found = event === null ? [] : [{ event_type: decodeURIComponent(type) }];
      expect((await call("GET", `/events?source=${slug}&type=${type}`)).json.data).toMatchObject(found);
      expect((await call("GET", `/deliveries?source=${slug}&type=${type}`)).json.data).toMatchObject(found);
    }
    const untyped = (await call("GET", `/events?source=${slug}&limit=1`)).json.data?.[0];
    expect(untyped?.["event_type"]).toBeNull();
    for (const list of ["events", "deliveries"])
      for (const type of ["", "x".repeat(129)])
        expect((await call("GET", `/${list}?type=${type}`)).json).toMatchObject({
          status: 422,
          errors: [{ pointer: "/query/type" }],
        });
  });

  it.each([
    ["another list", "/events?"],
    ["another source's", "/deliveries?source=src_other&"],
    ["no filter at all", "/deliveries?"],
  ])("list returns a cursor that is refused for %s", async (_name, other) => {
    const { slug } = await createRoute();
    for (let i = 0; i < 3; i++) await post(slug);
    await world.drain();
    const cursor = (await call("GET", `/deliveries?source=${slug}&limit=2`)).json.next_cursor;
    expect((await call("GET", `/deliveries?cursor=${cursor}&limit=1&source=${slug}`)).json.data).toHaveLength(1);
    const refused = await call("GET", `${other}cursor=${cursor}`);
    expect(refused.json).toMatchObject({ status: 422, errors: [{ pointer: "/query/cursor" }] });
  });

  it("is part of its destination's backlog in the health answer, beside pace, circuit and tokens", async () => {
    const rate_limit = { limit: 1, period_seconds: 60, burst: 2 };
    const { slug, destinationIds } = await createRoute([{ rate_limit, max_concurrency: 3 }]);
    const [id = ""] = destinationIds;
    const first = await post(slug);
    for (let i = 0; i < 4; i++) await post(slug);
    await world.turn();
    const health = createClient({
      now: world.now,
      inspectGate: (of) => world.consumer.gate.inspect(of.id, limitsOf(of)),
    });
    const { json } = await health.call("GET", `/destinations/${id}/health`);
    expect(json).toMatchObject({
      paused: false,
      lane: "normal",
      circuit: "closed",
      circuit_reason: null,
      circuit_opened_at: null,
      circuit_open_until: null,
      paused_until: null,
      pace: { rate_limit, max_concurrency: 3, adaptive: true, throttled: false, tokens: 0, in_use: 0 },
      backlog: { deferred: 3 },
    });
    expect(json.pace["rate_per_second"]).toBeCloseTo(1 / 60, 4);
    expect(Date.parse(String(json.pace["next_free_at"]))).toBeGreaterThan(world.now() + 60_000);
    expect(String((json.oldest_waiting as Json)["id"])).toMatch(/^dlv_/);
    expect((json.oldest_waiting as Json)["id"]).not.toContain(first.slice(4));
  });

  it("shows in the health of its destination that the pace was cut and the circuit opened", async () => {
    const circuit = { failure_threshold: 2, open_seconds: 60 };
    const { slug, destinationIds } = await createRoute([{ rate_limit: { limit: 10, period_seconds: 1 }, circuit }]);
    world.onRequest(() => ({ status: 503, headers: { "retry-after": "90" } }));
    await post(slug);
    await post(slug);
    await world.turn();
    world.onRequest(() => ({ status: 200 }));
    const health = createClient({
      now: world.now,
      inspectGate: (of) => world.consumer.gate.inspect(of.id, limitsOf(of)),
    });
    const { json } = await health.call("GET", `/destinations/${destinationIds[0]}/health`);
    expect(json).toMatchObject({
      circuit: "open",
      circuit_reason: "failures_in_a_row",
      consecutive_failures: 2,
      pace: { throttled: true, tokens: null },
    });
    expect(json.pace["rate_per_second"]).toBeCloseTo(5, 1);
    expect(Date.parse(String(json.circuit_open_until))).toBeGreaterThan(world.now());
    expect(Date.parse(String(json.circuit_opened_at))).toBeLessThanOrEqual(world.now());
    expect(Date.parse(String(json.paused_until))).toBeGreaterThan(world.now() + 60_000);
  });

  it("counts in the health of its destination", async () => {
    const { slug, destinationIds } = await createRoute();
    await post(slug);
    await world.drain();
    const { json } = await call("GET", `/destinations/${destinationIds[0]}/health`);
    expect(json).toMatchObject({
      lane: "normal",
      sampled_deliveries: 1,
      success_rate: 1,
      latency_ms: { p50: 10 },
      backlog: {},
    });
  });

  it("is found for the health of its destination behind what others have had since", async () => {
    const { slug, destinationIds } = await createRoute([{ retry: { schedule_seconds: [] } }]);
    world.onRequest(() => ({ status: 500, durationMs: 40 }));
    const event = await post(slug);
    await world.drain();
    const segments = Array.from({ length: 150 }, (_, index) => {
      const at = eventTime(event) + 1_000 + index;
      const id = `${timeToBase32(at)}${"0".repeat(22)}`;
      return [firstSegmentKeyAt(at), id];
    });
    await env.DB.prepare(
      `INSERT INTO segments (k, first_id, last_id, ids, summary, superseded, entries)
       SELECT value ->> 0, value ->> 1, value ->> 1, value ->> 1, '', '', x'00' FROM json_each(?1)`,
    )
      .bind(JSON.stringify(segments))
      .run();
    const { json } = await call("GET", `/destinations/${destinationIds[0]}/health`);
    await env.DB.prepare("DELETE FROM segments WHERE summary = ''").run();
    expect(json).toMatchObject({
      sampled_deliveries: 1,
      success_rate: 0,
      last_error: "attempts_exhausted: http_status",
      responses: [{ response: "500", count: 1 }],
    });
  });

  it("counts its first attempt in the health of its destination, while it waits and after a replay", async () => {
    const { slug, destinationIds } = await createRoute([{ retry: { schedule_seconds: [3_600] } }]);
    const latency = async (): Promise<unknown> =>
      (await call("GET", `/destinations/${destinationIds[0]}/health`)).json.latency_ms;
    world.onRequest(() => ({ status: 500, durationMs: 40 }));
    await post(slug);
    await world.turn();
    expect(await latency()).toEqual({ p50: 40, p95: 40, p99: 40 });
    world.onRequest(() => ({ status: 200, durationMs: 20 }));
    await world.drain();
    expect(await latency()).toEqual({ p50: 40, p95: 40, p99: 40 });
    const delivered = await post(slug);
    await world.drain();
    expect(await latency()).toEqual({ p50: 20, p95: 40, p99: 40 });
    world.onRequest(() => ({ status: 200, durationMs: 10 }));
    await call("POST", `/events/${delivered}/replay`, {});
    await world.drain();
    expect(await latency()).toEqual({ p50: 20, p95: 40, p99: 40 });
  });
});

describe("a row that cannot be read", () => {
  const idsOf = async (path: string) => (await call("GET", path)).json.data?.map(({ id }) => id);

  it("hides none of its neighbours in the lists of events and deliveries", async () => {
    const { slug } = await createRoute([{ retry: { schedule_seconds: [] } }]);
    const [bad, good] = [await post(slug), await post(slug)];
    world.onRequest(() => ({ status: 500 }));
    await world.drain();
    const { id } = await deliveryOf(bad);
    await env.DB.batch([
      env.DB.prepare("UPDATE events SET options = '[[' WHERE id = ?1").bind(bad),
      env.DB.prepare("UPDATE deliveries SET attempts = '[{' WHERE id = ?1").bind(id),
    ]);
    expect(await idsOf(`/events?source=${slug}`)).toEqual([good]);
    // Both were made in the same millisecond.
    expect(new Set(await idsOf(`/deliveries?source=${slug}`))).toEqual(new Set([(await deliveryOf(good))["id"], id]));
  });

  it.each(["sources", "destinations", "connections"])(
    "hides none of its neighbours in the list of %s",
    async (kind) => {
      const [first, second] = [await createRoute(), await createRoute()];
      const rowOf = ({ sourceId, destinationIds, connectionIds }: typeof first) =>
        ({ sources: sourceId, destinations: destinationIds[0], connections: connectionIds[0] })[kind];
      await env.DB.prepare(`UPDATE ${kind} SET spec = '{"name": 5}' WHERE id = ?1`).bind(rowOf(first)).run();
      const ids = await idsOf(`/${kind}`);
      expect(ids).toContain(rowOf(second));
      expect(ids).not.toContain(rowOf(first));
    },
  );
});
