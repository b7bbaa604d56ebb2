// The replay of one event: over the connections that take it now, whatever became of it before, wherever the record has it.
import { beforeEach, describe, expect, it } from "vitest";
import { clear } from "../record/harness.ts";
import { createRoute, type World } from "../harness.ts";
import { byRows, setUp } from "./replaying.ts";

beforeEach(clear);

type Client = ReturnType<typeof setUp>["client"];
interface Setting extends ReturnType<typeof setUp> {
  readonly slug: string;
  readonly sourceId: string;
  readonly connectionIds: string[];
  readonly destinationIds: string[];
}

/** An event and what it came with, recorded. */
async function record(world: World, slug: string, body = '{"type":"open"}'): Promise<string> {
  const id = await world.post(slug, { body, headers: { "content-type": "application/json" } });
  await world.drain();
  world.requests.length = 0;
  world.advance(1_000);
  return id;
}
const replay = (client: Client, id: string, body: object = {}) => client.call("POST", `/events/${id}/replay`, body);
const statusOf = async (client: Client, id: string): Promise<unknown> =>
  (await client.call("GET", `/events/${id}`)).json["status"];
const PAID = { connection: { filter: { body: { type: "paid" } } } };

describe.each([
  ["in rows", byRows],
  ["in segments", setUp],
])("the replay of an event %s", (_where, begin) => {
  const prepare = async (destinations: Parameters<typeof createRoute>[0] = [{}], source = {}): Promise<Setting> => ({
    ...begin(),
    ...(await createRoute(destinations, source)),
  });

  it("that came before there was a connection delivers it once there is one", async () => {
    const { world, client, slug } = await prepare([]);
    const id = await record(world, slug);
    expect(await statusOf(client, id)).toBe("ignored");
    const refused = await replay(client, id);
    expect([refused.status, refused.json]).toMatchObject([409, { code: "nothing_matches" }]);
    expect(refused.json["detail"]).toContain("no connection");
    const destination = (
      await client.call("POST", "/destinations", { slug: `late-${slug}`, url: "https://late.test/hook" })
    ).json["id"];
    const made = await client.call("POST", "/connections", { source: slug, destination, slug: `late-${slug}` });
    expect(made.status).toBe(201);
    const answer = await replay(client, id);
    expect([answer.status, answer.json.data]).toMatchObject([
      202,
      [{ event_id: id, connection_id: made.json["id"], destination, status: "pending" }],
    ]);
    await world.drain();
    expect(
      world.requests.map(({ url, body }) => [url, body?.kind === "inline" && new TextDecoder().decode(body.bytes)]),
    ).toEqual([["https://late.test/hook", '{"type":"open"}']]);
    expect(await statusOf(client, id)).toBe("delivered");
    expect((await client.call("GET", "/ledger")).json).toMatchObject({
      balanced: true,
      data: [{ ignored: 1, replays: 1 }],
    });
  });

  it("whose filter did not match delivers it once the filter is mended, and names the clause until then", async () => {
    const { world, client, slug, connectionIds } = await prepare([PAID]);
    const id = await record(world, slug);
    const refused = await replay(client, id);
    expect([refused.status, refused.json.code]).toEqual([409, "nothing_matches"]);
    expect(refused.json["detail"]).toMatch(/body\.type.*"paid"/);
    expect(
      (await client.call("PATCH", `/connections/${connectionIds[0]}`, { filter: { body: { type: "open" } } })).status,
    ).toBe(200);
    expect((await replay(client, id, { connection: `${slug}-0` })).json.data).toHaveLength(1);
    await world.drain();
    expect([world.requests.length, await statusOf(client, id)]).toEqual([1, "delivered"]);
  });

  it("delivers it over a connection that a 410 had disabled, once it is enabled again", async () => {
    const { world, client, slug, connectionIds } = await prepare([{}]);
    world.onRequest(() => ({ status: 410 }));
    await record(world, slug);
    const id = await record(world, slug);
    expect(await statusOf(client, id)).toBe("ignored");
    expect((await replay(client, id)).json["detail"]).toContain("is disabled");
    await client.call("PATCH", `/connections/${connectionIds[0]}`, { enabled: true });
    world.onRequest(() => ({ status: 200 }));
    expect((await replay(client, id)).status).toBe(202);
    await world.drain();
    expect([world.requests.length, await statusOf(client, id)]).toEqual([1, "delivered"]);
  });

  it("delivers it again where it was delivered, and where it is new, but not where it does not match any more", async () => {
    const { world, client, slug, connectionIds } = await prepare([{}, PAID, {}]);
    const id = await record(world, slug);
    await client.call("PATCH", `/connections/${connectionIds[1]}`, { filter: null });
    await client.call("PATCH", `/connections/${connectionIds[2]}`, { filter: { body: { type: "paid" } } });
    const { json } = await replay(client, id);
    expect(new Set(json.data?.map(({ connection_id }) => connection_id))).toEqual(new Set(connectionIds.slice(0, 2)));
    const only = await replay(client, id, { connection: connectionIds[2] });
    expect([only.status, only.json.code]).toEqual([409, "nothing_matches"]);
    await world.drain();
    expect(world.requests).toHaveLength(2);
    const { deliveries } = (await client.call("GET", `/events/${id}`)).json;
    expect(deliveries?.map(({ status }) => status)).toEqual(Array(4).fill("delivered"));
  });

  it("delivers a duplicate", async () => {
    const { world, client, slug } = await prepare([{}], { dedupe: { key: "body_hash", window_seconds: 60 } });
    await record(world, slug);
    const id = await record(world, slug);
    expect((await client.call("GET", `/events/${id}`)).json["duplicate_of"]).toMatch(/^evt_/);
    expect((await replay(client, id)).json.data).toHaveLength(1);
    await world.drain();
    expect([world.requests.length, await statusOf(client, id)]).toEqual([1, "delivered"]);
  });

  it("goes to the destinations that it was published to, those that were deleted aside", async () => {
    const { world, client, destinationIds } = await prepare([{}, {}]);
    const [event] = await published(world, client, destinationIds);
    await client.call("DELETE", `/destinations/${destinationIds[1]}`);
    const answer = await replay(client, event);
    expect(answer.json.data).toMatchObject([{ connection_id: null, destination: destinationIds[0] }]);
    await client.call("DELETE", `/destinations/${destinationIds[0]}`);
    expect((await replay(client, event)).json.code).toBe("nothing_matches");
  });

  it("names a connection that does not exist, and one of another source", async () => {
    const { world, client, slug } = await prepare();
    const other = await createRoute();
    const id = await record(world, slug);
    const nobody = await replay(client, id, { connection: "nobody" });
    expect([nobody.status, nobody.json]).toMatchObject([422, { errors: [{ pointer: "/connection" }] }]);
    const another = await replay(client, id, { connection: other.connectionIds[0] });
    expect([another.status, another.json]).toMatchObject([409, { code: "nothing_matches" }]);
    expect(another.json["detail"]).toContain("another source");
    await client.call("DELETE", `/sources/${slug}`);
    expect((await replay(client, id)).json.code).toBe("nothing_matches");
    await world.drain();
    expect(world.requests).toEqual([]);
  });

  it("reads a body in R2 for its filter, and says to try again while R2 is away", async () => {
    const { world, client, slug, connectionIds } = await prepare([PAID]);
    const large = JSON.stringify({ type: "paid", text: "x".repeat(200_000) });
    await client.call("PATCH", `/connections/${connectionIds[0]}`, { enabled: false });
    const id = await record(world, slug, large);
    await client.call("PATCH", `/connections/${connectionIds[0]}`, { enabled: true });
    const bucket = world.runtime.env.BODIES;
    const { get } = bucket;
    Object.assign(bucket, { get: () => Promise.reject(new Error("R2 is down")) });
    const away = await replay(client, id);
    Object.assign(bucket, { get });
    expect([away.status, away.json.code]).toEqual([503, "payload_unavailable"]);
    expect((await replay(client, id)).json.data).toHaveLength(1);
    await world.drain();
    expect(await statusOf(client, id)).toBe("delivered");
  });
});

/** Events published straight to destinations, recorded. */
async function published(world: World, client: Client, destinations: readonly string[]): Promise<[string]> {
  const { json, status } = await client.call("POST", "/events", { destinations, body: { a: 1 } });
  expect(status).toBe(202);
  const event = client.kept.at(-1);
  if (event === undefined || event.id !== json["id"]) throw new Error("not published");
  await world.keep(event, null);
  await world.drain();
  world.requests.length = 0;
  return [event.id];
}
