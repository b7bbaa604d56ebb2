// Two releases side by side, or an upgrade that was rolled back: what a newer release has written does this one no harm.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { createClient } from "../api/harness.ts";
import { createRoute, createWorld, type World } from "../harness.ts";

const RETRY = { schedule_seconds: [5, 5, 5] };
/** A value that this release does not know. */
const NEWER_AUTH = { auth: { type: "spiffe", trust_domain: "example.org" } };

async function patchSpec(table: "sources" | "destinations" | "connections", id: string, fields: object): Promise<void> {
  await env.DB.batch([
    env.DB.prepare(`UPDATE ${table} SET spec = json_patch(spec, ?) WHERE id = ?`).bind(JSON.stringify(fields), id),
    env.DB.prepare("UPDATE sources SET version = version + 1"),
  ]);
}

const specOf = async (table: "sources" | "destinations", id: string): Promise<Record<string, unknown>> => {
  const row = await env.DB.prepare(`SELECT spec FROM ${table} WHERE id = ?`).bind(id).first<{ spec: string }>();
  return JSON.parse(row?.spec ?? "{}") as Record<string, unknown>;
};

describe("deliveries of one batch", () => {
  let world: World;
  let good: Awaited<ReturnType<typeof createRoute>>;
  let bad: Awaited<ReturnType<typeof createRoute>>;
  const rowOf = async (sourceId: string) => (await world.deliveries()).find(({ source_id }) => source_id === sourceId);

  beforeEach(async () => {
    world = createWorld();
    good = await createRoute([{ retry: RETRY }]);
    bad = await createRoute([{ retry: RETRY }]);
    world.onRequest(() => ({ status: 500 }));
    for (const { slug } of [good, bad]) await world.accept(`/in/${slug}`, { body: "x" });
    await world.turn();
    world.advance(6_000);
    world.onRequest(() => ({ status: 200 }));
  });

  it("are all sent when a newer release has added a field to a destination [G7]", async () => {
    await patchSpec("destinations", bad.destinationIds[0] ?? "", { order_key: "customer", retry: { jitter: 0.5 } });
    await world.turn();
    expect((await rowOf(good.sourceId))?.status).toBe("delivered");
    expect((await rowOf(bad.sourceId))?.status).toBe("delivered");
  });

  it("are sent but for one whose destination only a newer release can read; that one waits and uses no attempt [G7] [G11]", async () => {
    const destination = bad.destinationIds[0] ?? "";
    const before = await specOf("destinations", destination);
    await patchSpec("destinations", destination, NEWER_AUTH);
    await world.turn();
    expect((await rowOf(good.sourceId))?.status).toBe("delivered");
    expect(await rowOf(bad.sourceId)).toMatchObject({
      status: "deferred",
      deferred_by: "configuration_unreadable",
      attempts_made: 1,
      claimed_until: null,
    });
    await env.DB.prepare("UPDATE destinations SET spec = ? WHERE id = ?")
      .bind(JSON.stringify(before), destination)
      .run();
    world.advance(7 * 60_000);
    await world.sweep();
    await world.drain();
    expect(await rowOf(bad.sourceId)).toMatchObject({ status: "delivered", attempts_made: 2 });
  });
});

describe("first attempts", () => {
  it("go to a source's other destinations when only a newer release can read one of them [G7]", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([{}, {}]);
    await patchSpec("destinations", destinationIds[1] ?? "", NEWER_AUTH);
    await world.accept(`/in/${slug}`, { body: "x" });
    await world.turn();
    const rows = (await world.deliveries()).filter(({ source_id }) => source_id === sourceId);
    expect(rows.map(({ destination_id, status, deferred_by }) => [destination_id, status, deferred_by])).toEqual(
      expect.arrayContaining([
        [destinationIds[0], "delivered", null],
        [destinationIds[1], "deferred", "configuration_unreadable"],
      ]),
    );
  });

  it("wait with their message when only a newer release can read a connection's filter", async () => {
    const world = createWorld();
    const { slug, sourceId, connectionIds } = await createRoute([{}, {}]);
    await patchSpec("connections", connectionIds[1] ?? "", { filter: "a filter in a new form" });
    await world.accept(`/in/${slug}`, { body: "x" });
    const [message] = await world.turn();
    expect(message?.settled).toBe("retry");
    expect((await world.deliveries()).filter(({ source_id }) => source_id === sourceId)).toEqual([]);
  });

  it("of an event that was published straight to destinations go to those that this release can read", async () => {
    const world = createWorld();
    const { destinationIds } = await createRoute([{}, {}]);
    await patchSpec("destinations", destinationIds[1] ?? "", NEWER_AUTH);
    const id = await world.ingestion.mintId(world.now());
    const event = {
      id,
      source_id: null,
      received_at: world.now(),
      method: "POST",
      path: "",
      query: "",
      headers: [],
      body: { kind: "inline", bytes: new Uint8Array([120]) },
      body_bytes: 1,
      verified: null,
      options: { destinations: destinationIds },
    };
    await world.keep(event as unknown as Parameters<World["keep"]>[0], null);
    await world.turn();
    const rows = (await world.deliveries()).filter((row) => row.id.startsWith(`dlv_${id.slice(4)}`));
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(["deferred", "delivered"]));
  });
});

describe("a field of a newer release", () => {
  beforeEach(async () => {
    await env.DB.batch(
      ["connections", "destinations", "sources"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    );
  });

  it("stays in a record that this release changes", async () => {
    const { call } = createClient();
    const { destinationIds } = await createRoute([{}]);
    const id = destinationIds[0] ?? "";
    await patchSpec("destinations", id, { order_key: "customer" });
    expect((await call("PATCH", `/destinations/${id}`, { name: "Renamed" })).status).toBe(200);
    expect(await specOf("destinations", id)).toMatchObject({ name: "Renamed", order_key: "customer" });
    expect((await call("GET", `/destinations/${id}`)).json).not.toHaveProperty("order_key");
  });

  it("stays in a record that a document changes", async () => {
    const { call } = createClient();
    const { sourceId, slug } = await createRoute([{}]);
    await patchSpec("sources", sourceId, { order_key: "customer" });
    const document = { version: 1, sources: [{ slug, name: "By document" }] };
    expect((await call("PUT", "/config", document)).status).toBe(200);
    expect(await specOf("sources", sourceId)).toMatchObject({ name: "By document", order_key: "customer" });
  });

  it("stays in the route document that this release publishes", async () => {
    const { slug, sourceId } = await createRoute([{}]);
    await patchSpec("sources", sourceId, { order_key: "customer" });
    await createRuntime(env).routes.publish([sourceId], []);
    expect(await env.ROUTES.get(`route/${slug}`, "json")).toMatchObject({ source: { order_key: "customer" } });
    const world = createWorld();
    expect(await world.accept(`/in/${slug}`, { body: "x" })).toMatchObject({ ok: true });
  });
});
