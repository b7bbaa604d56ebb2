// Events that the queue did not take, on their way back to it.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { MAX_MESSAGE_BYTES } from "../../../src/config/limits.ts";
import { decodeUtf8 } from "../../../src/kernel/bytes.ts";
import { encodedBytes } from "../../../src/kernel/encoded-size.ts";
import { eventIdOf } from "../../../src/model/ids.ts";
import { createRoute, createWorld, type World } from "../harness.ts";

const refused = () => Promise.reject(new Error("the queue is away"));
const outboxIds = async (): Promise<string[]> =>
  (await env.DB.prepare("SELECT id FROM outbox ORDER BY id").all<{ id: string }>()).results.map(({ id }) => id);

/** A world whose ingest cannot reach the queue. */
async function setUp(ingest: Parameters<typeof createWorld>[0] = {}) {
  const world = createWorld({ ingest: { send: refused, ...ingest.ingest } });
  const route = await createRoute();
  const accept = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await world.accept(`/in/${route.slug}`, { body: `n${n}` });
    world.advance(61_000);
  };
  const rows = async () => (await world.deliveries()).filter(({ source_id }) => source_id === route.sourceId);
  return { world, ...route, accept, rows };
}

const delivered = (rows: Awaited<ReturnType<World["deliveries"]>>): number =>
  rows.filter(({ status }) => status === "delivered").length;

/** Bodies of the events that have no source, as text. */
async function bodiesWithoutSource(world: World): Promise<string[]> {
  const { reader } = world.runtime.record;
  const lost = (await world.deliveries()).filter(({ source_id }) => source_id === null);
  const bodies = lost.map(async ({ id }) => {
    const found = await reader.event(eventIdOf(id));
    const place = found.ok ? found.value?.place : undefined;
    const content = place === undefined ? undefined : (await reader.contents(new Map([[id, place]]))).get(id);
    return content?.ok === true && content.value.body.kind === "inline" ? decodeUtf8(content.value.body.bytes) : null;
  });
  return (await Promise.all(bodies)).filter((body) => body !== null);
}

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM outbox").run();
});

describe("the outbox", () => {
  it("is drained in one sweep, in batches, however many events it holds [G1]", async () => {
    const { world, accept, rows } = await setUp();
    await accept(250);
    await world.sweep();
    expect(world.queued.filter(({ lane }) => lane === "events")).toHaveLength(250);
    await world.drain();
    expect(delivered(await rows())).toBe(250);
    expect(await outboxIds()).toEqual([]);
  });

  it("sends the others when an entry does not fit into a message: its body goes by R2 [G1]", async () => {
    const { world, slug, accept, rows } = await setUp();
    await accept(1);
    // 16 KB of short headers and 96 KB of body, as an earlier release has written them.
    const [id = ""] = await outboxIds();
    const headers = JSON.stringify([...Array(5_000).keys()].map((n) => [`h${n.toString(36)}`, "1"]));
    await env.DB.prepare("UPDATE outbox SET event = json_set(event, '$.headers', json(?)), body = ? WHERE id = ?")
      .bind(headers, "x".repeat(96 * 1024), id)
      .run();
    await world.accept(`/in/${slug}`, { body: "small" });
    world.advance(61_000);
    await world.sweep();
    const sent = world.queued.map(({ message }) => message);
    expect(sent).toHaveLength(2);
    for (const message of sent) expect(encodedBytes(message)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
    await world.drain();
    expect(delivered(await rows())).toBe(2);
    expect(world.requests.map(({ body }) => body?.kind)).toContain("r2");
  });

  it("records an entry that cannot be read as dead, with its payload, and sends the others [G2]", async () => {
    const { world, accept, rows } = await setUp();
    await accept(2);
    const [id] = await outboxIds();
    const broken = await env.DB.prepare("UPDATE outbox SET event = 'not JSON' WHERE id = ? RETURNING body")
      .bind(id)
      .first<{ body: string }>();
    await world.sweep();
    await world.drain();
    expect(delivered(await rows())).toBe(1);
    expect(await outboxIds()).toEqual([]);
    const [dead = ""] = await bodiesWithoutSource(world);
    expect(JSON.parse(dead)).toMatchObject({ id, event: "not JSON", ...broken });
  });

  it("sends all of it at once when the queue is back, however often it was tried [G1]", async () => {
    const { world, accept, rows } = await setUp();
    await accept(3);
    const { outbox } = world.sweepPorts();
    for (let minute = 0; minute < 12; minute++) {
      await world.sweep({
        outbox: { ...outbox, send: async (messages) => messages.map((message) => ({ message, fault: "unavailable" })) },
      });
      world.advance(60_000);
    }
    await world.sweep();
    await world.drain();
    expect(delivered(await rows())).toBe(3);
    expect(await outboxIds()).toEqual([]);
  });

  it("leaves an event alone that has just been sent again, for longer each time", async () => {
    const { world, accept } = await setUp();
    await accept(1);
    const sent: number[] = [];
    for (let minute = 0; minute < 16; minute++) {
      await world.sweep();
      sent.push(world.queued.splice(0).length);
      world.advance(60_000);
    }
    expect(sent).toEqual([1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
  });
});

describe("the outbox in R2", () => {
  const toR2 = { ingest: { journalD1: refused } };

  it("is drained in the same sweep, however many events it holds [G1]", async () => {
    const { world, accept, rows } = await setUp(toR2);
    await accept(130);
    await world.sweep();
    await world.drain();
    expect(delivered(await rows())).toBe(130);
    expect((await env.BODIES.list({ prefix: "outbox/" })).objects).toEqual([]);
  });

  it("records an object that cannot be read as dead, with its payload, and sends the others [G2]", async () => {
    const { world, accept, rows } = await setUp(toR2);
    await accept(2);
    const [object] = (await env.BODIES.list({ prefix: "outbox/" })).objects;
    await env.BODIES.put(object?.key ?? "", "not JSON");
    await world.sweep();
    await world.drain();
    expect(delivered(await rows())).toBe(1);
    expect((await env.BODIES.list({ prefix: "outbox/" })).objects).toEqual([]);
    expect(await bodiesWithoutSource(world)).toContain("not JSON");
  });

  it("sends the others when R2 does not give one", async () => {
    const { world, accept, rows } = await setUp(toR2);
    await accept(3);
    const { outbox } = world.sweepPorts();
    let calls = 0;
    await world.sweep({ outbox: { ...outbox, readR2: (key) => (calls++ === 0 ? refused() : outbox.readR2(key)) } });
    await world.drain();
    expect(delivered(await rows())).toBe(2);
    await world.sweep();
    await world.drain();
    expect(delivered(await rows())).toBe(3);
  });
});
