// What retention leaves of the record by the batch, on real D1 and R2.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { OBJECT_PAGE_KEYS, SEGMENT_CHUNK_ROWS, SWEEP_BUDGETS_MS } from "../../../src/config/record-limits.ts";
import { payloadKey, type EventId } from "../../../src/model/ids.ts";
import { keyAside, pendingKey } from "../../../src/model/pending-key.ts";
import { reviveStatements } from "../../../src/store/record-batch.ts";
import { START } from "../clock.ts";
import { createRoute, createWorld, type World } from "../harness.ts";
import { AT, clear, createRecord, first, newEventId, readDelivery, timesOnRecord, writes } from "./harness.ts";

const DAY_MS = 86_400_000;
const objects = async (prefix: string): Promise<string[]> => {
  const keys: string[] = [];
  for (let cursor: string | undefined, more = true; more;) {
    const page = await env.BODIES.list({ prefix, ...(cursor === undefined ? {} : { cursor }) });
    keys.push(...page.objects.map(({ key }) => key));
    more = page.truncated;
    cursor = page.truncated ? page.cursor : undefined;
  }
  return keys;
};
const segments = async (): Promise<number> =>
  (await env.DB.prepare("SELECT COUNT(*) AS n FROM segments").first<{ n: number }>())?.n ?? 0;
const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));

beforeEach(async () => {
  await clear();
  await env.DB.prepare("DELETE FROM marks").run();
  for (const key of await objects("")) await env.BODIES.delete(key);
});

function startWorld(): World {
  const world = createWorld();
  const { writer } = world.runtime.record;
  world.replace("write", () => writer.write);
  return world;
}

describe("retention", () => {
  it("removes segments, and payloads and bodies that no row names; what an open delivery needs stays [G2]", async () => {
    const world = startWorld();
    const done = await createRoute();
    const open = await createRoute([{ connection: { delay_seconds: 30 * 86_400 } }]);
    const body = random(20_000);
    const large = new Uint8Array(200_000);
    await world.post(done.slug, { body: random(20_000) });
    await world.post(done.slug, { body: large });
    await world.turn();
    await world.post(done.slug, { body: random(20_000) });
    await world.post(open.slug, { body });
    await world.post(open.slug, { body: large });
    await world.turn();
    expect([await segments(), (await objects("payloads/")).length, (await objects("bodies/")).length]).toEqual([
      2, 2, 2,
    ]);

    world.advance(16 * DAY_MS);
    await world.sweep();
    expect([await segments(), (await objects("payloads/")).length, (await objects("bodies/")).length]).toEqual([
      0, 1, 1,
    ]);
    world.advance(15 * DAY_MS);
    await world.drain();
    const bodies = world.requests.slice(-2).map(({ body: sent }) => sent);
    expect(bodies).toContainEqual({ kind: "inline", bytes: body });
    expect(bodies.map((sent) => sent?.kind).sort((a, b) => String(a).localeCompare(String(b)))).toEqual([
      "inline",
      "r2",
    ]);

    world.advance(15 * DAY_MS);
    await world.sweep();
    expect([...(await timesOnRecord())]).toEqual([]);
    expect(await objects("")).toEqual([]);
  });

  it("keeps what a row names: the payload of a replayed event, the answers to a later attempt", async () => {
    const world = startWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [60] } }]);
    const answer = "x".repeat(50) + crypto.randomUUID().repeat(200);
    world.onRequest(() => ({ status: world.requests.length === 1 ? 500 : 200, body: answer }));
    const retried = await world.post(slug, { body: random(20_000) });
    await world.turn();
    const ended = await world.post(slug, { body: random(20_000) });
    await world.turn();
    for (let i = 0; i < 8; i++) await world.post(slug, { body: random(2_000) });
    world.advance(60_000);
    await world.turn();
    const { reader } = world.runtime.record;
    const found = await reader.event(ended);
    if (!found.ok || found.value === null) throw new Error("not on record");
    await env.DB.batch(reviveStatements(env.DB, [found.value]));
    const unnamed = payloadKey(START + 1_000, "0");
    await env.BODIES.put(unnamed, "x");
    const kept = await objects("payloads/");
    expect(kept.length).toBeGreaterThan(3);

    // They have ended only now.
    world.advance(16 * DAY_MS);
    await env.DB.prepare("UPDATE deliveries SET finished_at = ?").bind(world.now()).run();
    await world.sweep();
    expect(await segments()).toBe(0);
    const named = await objects("payloads/");
    expect(named).not.toContain(unnamed);
    for (const id of [retried, ended] satisfies EventId[]) {
      const [delivery] = (await world.deliveries()).filter((one) => one.id.startsWith(`dlv_${id.slice(4)}`));
      const { attempts } = await readDelivery(reader, delivery?.id ?? ("dlv_" as never));
      expect(attempts.map(({ response_body }) => response_body)).toEqual(attempts.map(() => answer.slice(0, 4_096)));
    }
  });

  it("keeps the payloads of a segment for as long as it is there, however far behind the sweep is", async () => {
    const world = startWorld();
    const { slug } = await createRoute();
    await world.post(slug, { body: random(20_000) });
    await world.turn();
    world.advance(40 * DAY_MS);
    const { retention } = world.sweepPorts();
    await world.sweep({ retention: { ...retention, pruneSegments: () => Promise.reject(new Error("D1 is down")) } });
    expect(await objects("payloads/")).toHaveLength(1);
    await env.DB.prepare("DELETE FROM marks").run();
    await world.sweep();
    expect(await objects("payloads/")).toHaveLength(0);
  });

  it("removes what was set aside as unreadable, and nothing before its time", async () => {
    const world = startWorld();
    const old = keyAside(pendingKey(world.now() - 20 * DAY_MS, "a"));
    const young = keyAside(pendingKey(world.now() - 10 * DAY_MS, "b"));
    for (const key of [old, young, "unrelated"]) await env.BODIES.put(key, "x");
    await world.sweep();
    expect(await objects("un")).toEqual([young, "unrelated"].sort());
    world.advance(5 * DAY_MS);
    await world.sweep();
    expect(await objects("un")).toEqual(["unrelated"]);
  });

  it("goes on with segments and payloads where it had no time for more", async () => {
    const world = startWorld();
    world.advance(16 * DAY_MS);
    const record = createRecord({ payloads: null });
    const total = SEGMENT_CHUNK_ROWS + 20;
    for (let i = 0; i < total; i++) await record.write(writes([first({ id: newEventId(AT - 10 * DAY_MS + i) })]));
    await env.DB.prepare("UPDATE segments SET k = k - ?")
      .bind(20 * DAY_MS * 4_096)
      .run();
    const keys = Array.from({ length: OBJECT_PAGE_KEYS + 5 }, (_, i) => payloadKey(START - DAY_MS + i, `${i}`));
    for (let i = 0; i < keys.length; i += 50)
      await Promise.all(keys.slice(i, i + 50).map((key) => env.BODIES.put(key, "x")));
    const waits = first({ id: newEventId(START - 2 * DAY_MS), status: "retrying" });
    const [name = ""] = keys;
    await createRecord({ payloads: null }).write(writes([waits]));
    await env.DB.prepare("UPDATE events SET payload_key = ?, payload_offset = 0, payload_length = 1").bind(name).run();

    const { retention } = world.sweepPorts();
    const deleted: number[] = [];
    const slow = {
      ...retention,
      pruneSegments: async (before: number) => {
        world.advance(SWEEP_BUDGETS_MS.pruned);
        return retention.pruneSegments(before);
      },
      deleteObjects: async (gone: readonly string[]) => {
        world.advance(SWEEP_BUDGETS_MS.orphans);
        deleted.push(gone.length);
        await retention.deleteObjects(gone);
      },
    };
    const left: number[] = [];
    for (let n = 0; n < 2; n++) {
      await world.sweep({ retention: slow });
      left.push(await segments());
    }
    expect(left).toEqual([20, 0]);
    world.advance(3_600_000);
    for (let n = 0; n < 3; n++) await world.sweep({ retention: slow });
    expect(deleted).toEqual([OBJECT_PAGE_KEYS - 1, 5]);
    expect(await objects("payloads/")).toEqual([name]);
  });
});
