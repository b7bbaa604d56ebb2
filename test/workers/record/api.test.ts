// What the API shows of an event by its id, and does with it, is the same wherever the record has it.
import { deflateRawSync } from "node:zlib";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { byRows, setUp } from "../api/replaying.ts";
import { createRoute, TestMessage, type World } from "../harness.ts";
import { clear, timesOnRecord } from "./harness.ts";

beforeEach(clear);

async function accept(world: World, slug: string, body: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const accepted = await world.accept(`/in/${slug}/a?x=1`, { body, headers: { "x-sent": "yes" } });
  if (!accepted.ok || accepted.value.kind !== "event") throw new Error("not accepted");
  return accepted.value.id;
}
const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));

/** With other ids and names, as these differ from one run to the next. */
const withoutNames = (json: unknown): unknown =>
  JSON.parse(
    JSON.stringify(json)
      .replaceAll(/(evt|dlv|src|dst|con)_[0-9a-z]+/g, "$1")
      .replaceAll(/source-\d+-[0-9a-f]+(-\d+)?/g, "name"),
  );

const TYPED = { event_type: { json: "type" } };

describe("an event and its delivery", () => {
  for (const [what, status, options] of [
    ["delivered at once", 200, {}],
    ["dead", 404, {}],
    ["waiting", 500, {}],
    ["ignored", 200, { connection: { filter: { body: { type: "paid" } } } }],
    ["delivered to two destinations", 200, {}],
  ] as const)
    it(`${what}, are shown as they were by rows`, async () => {
      const shown = [];
      for (const begin of [byRows, setUp]) {
        const { world, client } = begin();
        const { slug } = await createRoute(what.includes("two") ? [{}, {}] : [options], TYPED);
        world.onRequest(() => ({ status, body: '{"ok":true}', headers: { "x-answer": "1" } }));
        const id = await accept(world, slug, '{"type":"open"}');
        await world.turn();
        const event = await client.call("GET", `/events/${id}`);
        const body = await client.call("GET", `/events/${id}/body`);
        const deliveries = event.json["deliveries"] as readonly { id: string }[];
        const whole = [];
        for (const delivery of deliveries) whole.push(await client.call("GET", `/deliveries/${delivery.id}`));
        const lists = [];
        for (const list of ["events", "deliveries"])
          for (const type of ["open", "paid"])
            lists.push(await client.call("GET", `/${list}?source=${slug}&type=${type}`));
        expect(event.json["event_type"]).toBe("open");
        expect(lists.map(({ json }) => json.data?.map(({ event_type }) => event_type))).toEqual([
          ["open"],
          [],
          deliveries.map(() => "open"),
          [],
        ]);
        shown.push(withoutNames([event, body, whole, lists.map(({ json }) => json.data)]));
      }
      expect(shown[1]).toEqual(shown[0]);
    });

  it("whose segment cannot be decoded is named, and hides no other", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute();
    const lost = await accept(world, slug, "1");
    await world.turn();
    await env.DB.prepare("UPDATE segments SET entries = ?1")
      .bind(new Uint8Array(deflateRawSync('{"v":9}')))
      .run();
    world.advance(10_000);
    const fine = await accept(world, slug, "2");
    await world.turn();
    const answer = await client.call("GET", `/events/${lost}`);
    const row = await env.DB.prepare("SELECT k FROM segments WHERE first_id = ?1")
      .bind(lost.slice(4))
      .first<{ k: number }>();
    expect(answer).toMatchObject({ status: 500, json: { code: "record_unreadable" } });
    expect(answer.json["detail"]).toContain(`segment ${row?.k}`);
    expect((await client.call("GET", `/events/${fine}`)).status).toBe(200);
  });

  it("whose payload is gone is named; while R2 is away the answer is to try again", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute();
    const id = await accept(world, slug, random(20_000));
    await world.turn();
    const bucket = world.runtime.env.BODIES;
    const { get } = bucket;
    Object.assign(bucket, { get: () => Promise.reject(new Error("R2 is down")) });
    const away = [await client.call("GET", `/events/${id}`), await client.call("GET", `/events/${id}/body`)];
    Object.assign(bucket, { get });
    expect(away).toMatchObject([503, 503].map((status) => ({ status, json: { code: "payload_unavailable" } })));
    const { objects } = await env.BODIES.list({ prefix: "payloads/" });
    await env.BODIES.delete(objects.map(({ key }) => key));
    const gone = await client.call("GET", `/events/${id}`);
    expect(gone).toMatchObject({ status: 500, json: { code: "record_unreadable" } });
    expect(gone.json["detail"]).toContain("payloads/");
  });
});

describe("the replay of an event in a segment", () => {
  for (const size of [10, 20_000])
    it(`gives it rows with its past deliveries, marks it, and sends the same bytes (${size})`, async () => {
      const { world, client } = setUp();
      const { slug } = await createRoute();
      world.onRequest(() => ({ status: 200, body: "thanks" }));
      const body = random(size);
      const id = await accept(world, slug, body);
      await accept(world, slug, "its neighbour");
      const message = world.queued[0]?.message;
      await world.turn();
      expect((await client.call("POST", `/events/${id}/replay`)).status).toBe(202);
      await world.drain();
      const sent = world.requests.map((request) => request.body);
      expect(sent.at(-1)).toEqual(sent[0]);
      const { json } = await client.call("GET", `/events/${id}`);
      const deliveries = json["deliveries"] as readonly { id: string; status: string; replay_id: string | null }[];
      expect(deliveries.map(({ status }) => status)).toEqual(["delivered", "delivered"]);
      expect(deliveries.filter(({ replay_id }) => replay_id === null)).toHaveLength(1);
      for (const delivery of deliveries) {
        const { json: whole } = await client.call("GET", `/deliveries/${delivery.id}`);
        expect(whole["attempts"]).toMatchObject([{ number: 1, response_status: 200, response_body: "thanks" }]);
      }
      expect([...(await timesOnRecord()).values()]).toEqual([1, 1]);
      // Its message comes once more.
      await world.consume("events", [new TestMessage(message)]);
      expect(world.requests).toHaveLength(3);
      expect([...(await timesOnRecord()).values()]).toEqual([1, 1]);
    });

  it("happens at the same time as others without doubling or losing anything", async () => {
    const { world, client } = setUp();
    const { slug } = await createRoute();
    const ids = [await accept(world, slug, "1"), await accept(world, slug, random(20_000))];
    const messages = world.queued.map(({ message }) => message);
    await world.turn();
    const replays = ids.flatMap((id) => [1, 2, 3].map(() => client.call("POST", `/events/${id}/replay`)));
    await Promise.all([
      ...replays,
      world.consume(
        "events",
        messages.map((message) => new TestMessage(message)),
      ),
    ]);
    await world.drain();
    expect(await timesOnRecord()).toEqual(new Map([...ids].sort().map((id) => [id, 1])));
    for (const id of ids) {
      const { json } = await client.call("GET", `/events/${id}`);
      expect((json["deliveries"] as readonly { status: string }[]).map(({ status }) => status)).toEqual(
        Array(4).fill("delivered"),
      );
    }
    const { superseded } =
      (await env.DB.prepare("SELECT superseded FROM segments").first<{ superseded: string }>()) ?? {};
    expect(superseded?.length).toBe(64);
  });
});
