// A change of limits reaches what already waits. On real D1, the gates' own core and the test's clock.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { reschedule, rescheduleMessage } from "../../../src/delivery/index.ts";
import type { DestinationId } from "../../../src/model/ids.ts";
import { createRoute, createWorld, type World } from "../harness.ts";
import { changeDestination } from "./configuring.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const newTimes = (world: World, destinationId: string): Promise<number> =>
  reschedule(rescheduleMessage(destinationId as DestinationId), { ...world.consumer, ...world.consumer.records });
async function flood(world: World, slug: string, count: number): Promise<void> {
  await world.postMany(slug, count);
  while (world.queued.some((item) => item.lane === "events")) await world.turn();
}
/** Sends that some window holds beyond burst + rate × its length. */
function excess(times: readonly number[], burst: number, perSecond: number): number {
  let worst = -Infinity;
  times.forEach((from, first) => {
    for (let last = first; last < times.length; last++)
      worst = Math.max(worst, last - first + 1 - burst - (((times[last] ?? 0) - from) / 1_000) * perSecond);
  });
  return worst;
}

describe("a pace that is raised", () => {
  it("applies to waiting deliveries within 5 s, and is never exceeded [G4] [G11]", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([{ rate_limit: { limit: 1, period_seconds: 1 } }]);
    const [id = ""] = destinationIds;
    await flood(world, slug, 1_000);
    world.advance(3_000);
    await world.turn();
    const before = world.requests.length;
    expect(before).toBeLessThan(40);
    const changedAt = world.now();
    await changeDestination(id, { rate_limit: { limit: 100, period_seconds: 1, burst: 5 } });
    expect(await newTimes(world, id)).toBeGreaterThan(950);
    await world.drain(5_000);
    const rows = (await world.deliveries()).filter((row) => row.source_id === sourceId);
    expect(rows).toHaveLength(1_000);
    expect(rows.every((row) => row.status === "delivered" && row.attempts_made === 1)).toBe(true);
    expect(Math.max(...rows.map((row) => row.deferrals))).toBeLessThanOrEqual(3);
    const after = world.requests.slice(before).map(({ at }) => at - changedAt);
    expect(Math.min(...after)).toBeLessThanOrEqual(5_000);
    // Nearly 1,000 at 100 a second.
    expect(Math.max(...after)).toBeLessThanOrEqual(20_000);
    expect(after.filter((at) => at <= 5_000).length).toBeGreaterThan(200);
    expect(excess(after, 5, 100)).toBeLessThanOrEqual(1e-6);
  });

  it("leaves each delivery one valid message, however often it changes", async () => {
    const world = createWorld();
    const { slug, destinationIds } = await createRoute([{ rate_limit: { limit: 1, period_seconds: 60 } }]);
    const [id = ""] = destinationIds;
    await flood(world, slug, 30);
    for (const limit of [2, 4, 8, 16]) {
      await changeDestination(id, { rate_limit: { limit, period_seconds: 60, burst: 1 } });
      await newTimes(world, id);
    }
    let messages = 0;
    while (world.queued.length > 0 && messages < 1_000) {
      messages += (await world.turn()).length;
      world.advance(1_000);
    }
    expect(world.requests).toHaveLength(30);
    // One for each time that each was given, and the rounds themselves: nobody hands a superseded one on.
    expect(messages).toBeLessThanOrEqual(30 * 6 + 10);
  });

  it("reaches deliveries that a consumer deferred by the former pace meanwhile", async () => {
    const world = createWorld();
    const { slug, destinationIds } = await createRoute([{ rate_limit: { limit: 1, period_seconds: 3_600, burst: 1 } }]);
    const [id = ""] = destinationIds;
    await flood(world, slug, 20);
    await env.DB.prepare("UPDATE deliveries SET claimed_until = ?1 WHERE destination_id = ?2 AND status = 'deferred'")
      .bind(world.now() + 10_000, id)
      .run();
    await changeDestination(id, { rate_limit: { limit: 10, period_seconds: 1 } });
    expect(await newTimes(world, id)).toBe(0);
    world.advance(31_000);
    for (let i = 0; i < 10; i++, world.advance(1_000)) await world.turn();
    expect(world.requests).toHaveLength(20);
  });
});

describe("limits that go away", () => {
  it("release what waited for them", async () => {
    const world = createWorld();
    const { slug, destinationIds } = await createRoute([
      { rate_limit: { limit: 1, period_seconds: 86_400, burst: 1 } },
    ]);
    const [id = ""] = destinationIds;
    await flood(world, slug, 50);
    expect(world.requests).toHaveLength(1);
    await changeDestination(id, { rate_limit: null });
    await newTimes(world, id);
    for (let i = 0; i < 4; i++, world.advance(1_000)) await world.turn();
    expect(world.requests).toHaveLength(50);
  });
});

describe("finding one destination's waiting deliveries", () => {
  it("continues page by page among other destinations' deliveries, and finds each", async () => {
    const world = createWorld();
    const { slug, destinationIds } = await createRoute([{ rate_limit: { limit: 1, period_seconds: 3_600, burst: 1 } }]);
    await flood(world, slug, 25);
    const found = new Set<string>();
    let from: number | null = 0;
    let pages = 0;
    while (from !== null) {
      const page = await world.consumer.records.waitingPage(destinationIds[0] as DestinationId, from, 10);
      for (const { id } of page.waiting) found.add(id);
      from = page.next;
      pages += 1;
    }
    expect(found.size).toBe(24);
    expect(pages).toBeGreaterThanOrEqual(3);
  });

  it("reads the index of what waits, not the table", async () => {
    const plan = await env.DB.prepare(
      `EXPLAIN QUERY PLAN SELECT id, next_attempt_at, destination_id FROM deliveries INDEXED BY deliveries_due
       WHERE status IN ('scheduled', 'pending', 'deferred', 'retrying') AND next_attempt_at >= 5 ORDER BY next_attempt_at LIMIT 20000`,
    ).all<{ detail: string }>();
    expect(plan.results.map(({ detail }) => detail).join()).toContain(
      "COVERING INDEX deliveries_due (next_attempt_at>?)",
    );
  });
});
