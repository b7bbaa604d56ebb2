import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { createRoute, createWorld } from "../harness.ts";

const cached = (slug: string): Promise<Record<string, unknown> | null> => env.ROUTES.get(`route/${slug}`, "json");

/** A source whose KV entry is older than D1, which counts as published: as a late write leaves it. */
async function staleRoute() {
  const route = await createRoute();
  await createRuntime(env).routes.publish([route.sourceId], []);
  await env.DB.prepare("UPDATE sources SET version = 2, published_version = 2 WHERE id = ?").bind(route.sourceId).run();
  return route;
}

describe("a stale route document in KV", () => {
  it("is replaced once an event that was accepted by it is consumed", async () => {
    const { slug } = await staleRoute();
    const world = createWorld();
    await world.accept(`/in/${slug}`, { body: "x" });
    expect(await cached(slug)).toMatchObject({ version: 1 });
    await world.turn();
    expect(await cached(slug)).toMatchObject({ version: 2 });
  });

  it("gives way to a tombstone when its source has been deleted", async () => {
    const { slug, sourceId } = await staleRoute();
    const world = createWorld();
    await world.accept(`/in/${slug}`, { body: "x" });
    await env.DB.prepare("DELETE FROM sources WHERE id = ?").bind(sourceId).run();
    await world.turn();
    expect(await cached(slug)).toEqual({ deleted: true });
    expect(await createWorld().accept(`/in/${slug}`, { body: "x" })).toMatchObject({
      ok: false,
      error: { reason: "unknown_source" },
    });
  });
});
