// A queue that refuses events: a few go to the outbox, the rest back to their senders.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { SPILLED_PER_MINUTE } from "../../../src/config/limits.ts";
import { createRoute, createWorld } from "../harness.ts";

const spilled = async (): Promise<number> =>
  (await env.DB.prepare("SELECT COUNT(*) AS n FROM outbox").first<{ n: number }>())?.n ?? 0;

async function flood(fault: string, count: number) {
  const refuse = async (): Promise<never> => {
    throw new Error(fault);
  };
  const world = createWorld({ ingest: { send: refuse } });
  const { slug } = await createRoute();
  const send = async (n: number) => {
    const results = [];
    for (let i = 0; i < n; i++) results.push(await world.accept(`/in/${slug}`, { body: "x" }));
    return results;
  };
  return { world, send, results: await send(count) };
}

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM outbox").run();
});

describe("a flood that the queue refuses", () => {
  it("goes to the outbox within a small budget per minute, then its senders get 429 with Retry-After [G1]", async () => {
    const budget = SPILLED_PER_MINUTE.overloaded;
    const { world, send, results } = await flood("Queue send failed: Too Many Requests (10250)", budget + 5);
    expect(results.filter(({ ok }) => ok)).toHaveLength(budget);
    expect(results.slice(budget)).toEqual(
      Array.from({ length: 5 }, () => ({ ok: false, error: { reason: "backpressure", retryAfterSeconds: 10 } })),
    );
    expect(await spilled()).toBe(budget);
    world.advance(60_000);
    expect(await send(1)).toMatchObject([{ ok: true }]);
  });

  it("has a larger budget while the queue is away, and loses nothing that was accepted [G7]", async () => {
    const { results } = await flood("Network connection lost", SPILLED_PER_MINUTE.overloaded + 5);
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(await spilled()).toBe(results.length);
  });

  it("leaves no body in R2 for a request that is refused", async () => {
    const { send, world } = await flood("Too Many Requests (10250)", SPILLED_PER_MINUTE.overloaded);
    const { slug } = await createRoute();
    const before = (await env.BODIES.list({ prefix: "bodies/" })).objects.length;
    const result = await world.accept(`/in/${slug}`, { body: "x".repeat(200_000) });
    expect(result).toMatchObject({ ok: false, error: { reason: "backpressure" } });
    expect((await env.BODIES.list({ prefix: "bodies/" })).objects).toHaveLength(before);
    expect(await send(1)).toMatchObject([{ ok: false }]);
  });
});
