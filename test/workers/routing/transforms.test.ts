// Transforms on the way to the destination: in workerd, where no code can be made from text.
import { describe, expect, it } from "vitest";
import { decodeUtf8, utf8 } from "../../../src/kernel/bytes.ts";
import { headerValue } from "../../../src/model/event.ts";
import { createClient } from "../api/harness.ts";
import { createRoute, createWorld, type World } from "../harness.ts";
import type { OutboundRequest } from "../../../src/outbound/types.ts";

const json = { "content-type": "application/json" };
async function send(world: World, slug: string, body: string, path = "") {
  return world.post(slug + path, { body, headers: { ...json, "x-drop": "1" } });
}
const read = async (id: string) => (await createClient().call("GET", `/events/${id}`)).json;
const text = (request: OutboundRequest | undefined): string | null =>
  request?.body?.kind === "inline" ? decodeUtf8(request.body.bytes) : null;
const with_ = (transform: unknown, more: object = {}) => ({ connection: { transform }, ...more });

describe("a transform", () => {
  it("changes body, headers, query, path and method of the request, and nothing in the record", async () => {
    const world = createWorld();
    const transform = {
      headers: { remove: ["x-drop"], set: { "x-id": "{{body.order.id}}" } },
      query: { set: { v: "2" } },
      method: "PUT",
      path: "/orders/{{body.order.id}}",
      body: '{"id": order.id, "count": $count(order.lines)}',
    };
    const { slug } = await createRoute([with_(transform, { path_forwarding: false, method: "PATCH" }), {}]);
    const original = '{"order":{"id":"o 1","lines":[1,2,3]}}';
    const id = await send(world, slug, original, "/sub?a=1");
    await world.turn();
    const [changed, plain] = [...world.requests].sort((a, b) => b.method.localeCompare(a.method));
    expect(changed).toMatchObject({ method: "PUT", bodyBytes: 22 });
    expect(changed?.url).toMatch(/\/hook\/orders\/o%201\?a=1&v=2$/);
    expect(text(changed)).toBe('{"id":"o 1","count":3}');
    expect(headerValue(changed?.headers ?? [], "x-id")).toBe("o 1");
    expect(headerValue(changed?.headers ?? [], "x-drop")).toBeNull();
    expect(text(plain)).toBe(original);
    const kept = (await world.events()).find((event) => event.id === id);
    expect(kept).toMatchObject({ method: "POST", path: "/sub" });
    expect(await world.content(id)).toMatchObject({ body: { bytes: utf8(original) } });
  });

  it("leaves a body that it does not touch in R2, byte for byte [G6]", async () => {
    const world = createWorld({ consumer: { readBody: () => Promise.reject(new Error("not to be read")) } });
    const { slug } = await createRoute([with_({ headers: { set: { "x-a": "{{query.a}}" } } })]);
    await send(world, slug, "x".repeat(150_000), "?a=1");
    await world.turn();
    expect(world.requests[0]?.body?.kind).toBe("r2");
    expect(headerValue(world.requests[0]?.headers ?? [], "x-a")).toBe("1");
  });

  it("reads a body from R2 where it needs it", async () => {
    const world = createWorld();
    const { slug } = await createRoute([with_({ body: "{'id': id}" })]);
    await send(world, slug, JSON.stringify({ pad: "x".repeat(150_000), id: 7 }));
    await world.turn();
    expect(text(world.requests[0])).toBe('{"id":7}');
  });

  it("that needs a body while R2 is down puts the delivery off, without an attempt [G7] [G11]", async () => {
    const world = createWorld();
    const mend = world.break("readBody");
    const { slug } = await createRoute([with_({ body: "id" })]);
    const id = await send(world, slug, JSON.stringify({ pad: "x".repeat(150_000), id: 7 }));
    await world.turn();
    expect(await read(id)).toMatchObject({
      deliveries: [{ status: "deferred", deferred_by: "body_unavailable", attempts_made: 0 }],
    });
    mend();
    await world.drain();
    expect(await read(id)).toMatchObject({ deliveries: [{ status: "delivered", attempts_made: 1 }] });
  });

  it("that fails makes the delivery dead with the reason and no attempt; mended and retried, it is delivered", async () => {
    const world = createWorld();
    const { slug, connectionIds } = await createRoute([with_({ body: "$error('no order in ' & $path)" }), {}]);
    const id = await send(world, slug, '{"id":1}', "/x");
    await world.turn();
    expect(world.requests).toHaveLength(1);
    const { deliveries } = (await read(id)) as unknown as { deliveries: Record<string, unknown>[] };
    const dead = deliveries.find((delivery) => delivery.status === "dead");
    expect(dead).toMatchObject({ attempts_made: 0, last_response_status: null });
    expect(dead?.["last_error"]).toMatch(/^transform_failed: body: no order in \/x/);

    const { call } = createClient({
      enqueue: async (ids) =>
        void world.consumer.sendLater(ids.map((due) => ({ id: due, lane: "deliveries", delayMs: 0 }))),
      now: world.now,
    });
    const fixed = await call("PATCH", `/connections/${connectionIds[0] ?? ""}`, {
      transform: { body: "{'fixed': id}" },
    });
    expect(fixed.status).toBe(200);
    expect((await call("POST", `/deliveries/${String(dead?.["id"])}/retry`)).status).toBe(202);
    await world.drain();
    expect(text(world.requests[1])).toBe('{"fixed":1}');
    expect(await read(id)).toMatchObject({ status: "delivered" });
  });

  it("that would run for ever ends its own delivery and holds up no other", async () => {
    const world = createWorld();
    const { slug } = await createRoute([with_({ body: "($f := function($n){$f($n + 1)}; $f(0))" }), {}]);
    const id = await send(world, slug, "{}");
    const [message] = await world.turn();
    expect(message?.settled).toBe("ack");
    const { deliveries } = (await read(id)) as unknown as {
      deliveries: { status: string; last_error: string | null }[];
    };
    expect(deliveries.map(({ status }) => status).sort()).toEqual(["dead", "delivered"]);
    expect(deliveries.find(({ status }) => status === "dead")?.last_error).toMatch(
      /takes more than 250000 steps|makes more than 8388608 bytes/,
    );
  });
});
