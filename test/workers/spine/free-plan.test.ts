// The free plan: 50 subrequests and 50 queries at a time, and no bucket.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { OuterVariables } from "../../../src/config/env.ts";
import { FREE_CALLS } from "../../../src/config/limits.ts";
import { callsLeft, withinBudget } from "../../../src/worker/budget.ts";
import { createRoute, createWorld, type World } from "../harness.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const DAY_MS = 86_400_000;

/** A world without R2, on the free plan. @param bindings others than the real ones */
const freeWorld = (bindings: object = {}): World =>
  createWorld({ vars: { SLUICE_PLAN: "free", BODIES: undefined, ...bindings } as OuterVariables });

/** The database, with the queries that reach it. */
function watched() {
  const seen = { queries: 0 };
  const bare = new Map<D1PreparedStatement, D1PreparedStatement>();
  const statement = (target: D1PreparedStatement): D1PreparedStatement => {
    const own = new Proxy(target, {
      get: (_target, name) => {
        if (name === "bind") return (...values: unknown[]) => statement(target.bind(...values));
        const method = Reflect.get(target, name, target) as (...given: unknown[]) => unknown;
        return (...given: unknown[]) => ((seen.queries += 1), method.apply(target, given));
      },
    });
    bare.set(own, target);
    return own;
  };
  const database = {
    prepare: (sql: string) => statement(env.DB.prepare(sql)),
    batch: (statements: D1PreparedStatement[]) => {
      seen.queries += statements.length;
      return env.DB.batch(statements.map((one) => bare.get(one) ?? one));
    },
  };
  return { seen, database };
}

const count = async (table: string): Promise<number> =>
  (await env.DB.prepare(`SELECT COUNT(*) AS n FROM ${table}`).first<{ n: number }>())?.n ?? 0;

describe("a consumer batch", () => {
  it("puts off what it may not send: no attempt is used, and no circuit opens [G11]", async () => {
    const world = freeWorld();
    const { slug, destinationIds } = await createRoute([{ circuit: { failure_threshold: 2 } }]);
    const unsent = { status: null, headers: null, error: "network", excerpt: null, durationMs: 1 } as const;
    const mend = world.replace("send", () => async () => ({ ...unsent, isOverBudget: true }));
    await world.postMany(slug, 10);
    await withinBudget(() => world.turn(10));
    const rows = await world.deliveries();
    expect(rows.map(({ status, deferred_by, attempts_made }) => [status, deferred_by, attempts_made])).toEqual(
      Array.from({ length: 10 }, () => ["deferred", "subrequests", 0]),
    );
    const state = env.DB.prepare("SELECT * FROM destination_states WHERE destination_id = ?").bind(destinationIds[0]);
    expect(await state.first()).toBeNull();
    mend();
    await world.drain();
    expect((await world.deliveries()).map(({ attempts_made }) => attempts_made)).toEqual(Array(10).fill(1));
  });

  it("puts off a destination whose gate it may not ask", async () => {
    const world = freeWorld();
    const { slug } = await createRoute([{ max_concurrency: 1 }]);
    world.replace("acquire", () => () => Promise.reject(new Error("Too many subrequests.")));
    await world.post(slug);
    await world.turn();
    expect(await world.deliveries()).toMatchObject([{ deferred_by: "subrequests", attempts_made: 0 }]);
  });

  it("of ten events with payloads in D1 makes no more queries than it may, and leaves nothing for later", async () => {
    const { seen, database } = watched();
    const world = freeWorld({ DB: database });
    const { slug } = await createRoute([{}, {}, {}]);
    await world.postMany(slug, 10, { body: "x".repeat(50_000) });
    world.onRequest(() => ({ status: 500 }));
    await withinBudget(() => world.turn(10));
    expect(seen.queries).toBeLessThanOrEqual(FREE_CALLS);
    expect((await world.deliveries()).map(({ status }) => status)).toEqual(Array(30).fill("retrying"));
    expect(await env.BODIES.list()).toMatchObject({ objects: [] });
  });

  it("without R2 leaves its messages in the queue while D1 takes nothing, and delivers when it does [G7]", async () => {
    const world = freeWorld();
    const { slug } = await createRoute();
    const mend = world.break("readContext", "write");
    const id = await world.post(slug);
    await world.turn();
    expect([world.queued.length, await count("events")]).toEqual([1, 0]);
    mend();
    world.advance(600_000);
    await world.drain();
    expect(await world.deliveries()).toMatchObject([{ status: "delivered" }]);
    expect((await world.events()).map((event) => event.id)).toEqual([id]);
  });
});

describe("a sweep", () => {
  it("makes no more than 50 queries, however much there is to do, and comes to all of it in turn", async () => {
    const { seen, database } = watched();
    const world = freeWorld({ DB: database });
    const { slug } = await createRoute([{ retry: { schedule_seconds: [1] }, circuit: null }]);
    world.onRequest(() => ({ status: 500 }));
    await world.postMany(slug, 40);
    await world.drain();
    world.advance(4 * DAY_MS);
    let sweeps = 0;
    for (; (await count("events")) > 0 && sweeps < 40; sweeps++) {
      seen.queries = 0;
      await withinBudget(async () => {
        await world.sweep({ retentionMs: 3 * DAY_MS });
        expect(callsLeft()).toBeGreaterThanOrEqual(0);
      });
      expect(seen.queries).toBeLessThanOrEqual(FREE_CALLS);
      world.advance(60_000);
    }
    expect([await count("events"), await count("deliveries")]).toEqual([0, 0]);
    expect(sweeps).toBeGreaterThan(1);
  });
});
