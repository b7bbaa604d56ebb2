import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { createRoute, createWorld } from "../harness.ts";
import { timesOnRecord } from "../record/harness.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const DAY_MS = 86_400_000;

describe("retention", () => {
  it("removes old events whose deliveries have ended, with their bodies, and keeps those with an open delivery [G2]", async () => {
    const world = createWorld();
    const done = await createRoute();
    const open = await createRoute([{ connection: { delay_seconds: 30 * 86_400 } }]);
    await world.accept(`/in/${done.slug}`, { body: "small" });
    await world.accept(`/in/${done.slug}`, { body: new Uint8Array(200_000) });
    await world.accept(`/in/${open.slug}`, { body: "waiting" });
    await world.turn();
    await world.sweep();
    expect([(await timesOnRecord()).size, (await world.deliveries()).length]).toEqual([3, 3]);
    expect((await env.BODIES.list({ prefix: "bodies/" })).objects).toHaveLength(1);

    world.advance(16 * DAY_MS);
    await world.sweep();
    expect((await timesOnRecord()).size).toBe(1);
    expect((await env.BODIES.list({ prefix: "bodies/" })).objects).toHaveLength(0);
    expect((await world.deliveries()).map(({ status }) => status)).toEqual(["scheduled"]);
  });
});

describe("the sweep", () => {
  it("continues with its other steps when one fails [G7]", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1] } }]);
    world.onRequest(() => ({ status: 500 }));
    await world.accept(`/in/${slug}`, { body: "x" });
    await world.turn();
    world.queued.splice(0);
    world.advance(70_000);
    const { outbox, retention } = world.sweepPorts();
    const down = () => Promise.reject(new Error("down"));
    await world.sweep({ outbox: { ...outbox, take: down }, retention: { ...retention, pruneDeliveries: down } });
    expect(world.queued).toHaveLength(1);
  });

  it("publishes route documents that could not be published [G7]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute();
    expect(await env.ROUTES.get(`route/${slug}`)).toBeNull();
    await world.sweep();
    expect((await env.ROUTES.get<{ source: { id: string } }>(`route/${slug}`, "json"))?.source.id).toBe(sourceId);
  });
});
