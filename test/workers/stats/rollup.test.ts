// Adds minutes up to hours, days and totals exactly once, even if a step fails.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { addCounts, type Counts } from "../../../src/stats/index.ts";
import { pruneCounters, rollUp } from "../../../src/store/counter-rollup.ts";
import { readMeasures } from "../../../src/store/measures.ts";
import { createWorld } from "../harness.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 10, 20);

const seed = (at: number, counts: Counts, source = "src_a", destination = "dst_a"): Promise<unknown> =>
  env.DB.prepare("INSERT INTO counters (step, at, source_id, destination_id, counts) VALUES (?1, ?2, ?3, ?4, ?5)")
    .bind(MINUTE, at, source, destination, JSON.stringify(counts))
    .run();
const rows = async (step: number): Promise<{ at: number; counts: Counts }[]> =>
  (
    await env.DB.prepare("SELECT at, counts FROM counters WHERE step = ?1 ORDER BY at, source_id, destination_id")
      .bind(step)
      .all<{ at: number; counts: string }>()
  ).results.map((row) => ({ at: row.at, counts: JSON.parse(row.counts) as Counts }));
const rollAll = async (now: number): Promise<void> => {
  while ((await rollUp(env.DB, now)) > 0);
};
const total = async (): Promise<Counts> => addCounts((await readMeasures(env.DB)).totals.map(({ counts }) => counts));

beforeEach(async () => {
  await env.DB.batch(["counters", "marks"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

describe("the roll-up", () => {
  it("adds up a finished hour by source and destination, and a day from its hours", async () => {
    await seed(START + 10 * MINUTE, { delivered: 2, l20: 2, l_sum: 60 });
    await seed(START + 20 * MINUTE, { delivered: 1, dead: 1, l22: 1, l_sum: 40 });
    await seed(START + 20 * MINUTE, { accepted: 9 }, "src_a", "");
    await seed(START + 70 * MINUTE, { delivered: 5 });
    await rollAll(START + 65 * MINUTE);
    expect(await rows(HOUR)).toEqual([]);
    await rollAll(START + 70 * MINUTE);
    const firstHour = [{ accepted: 9 }, { dead: 1, delivered: 3, l20: 2, l22: 1, l_sum: 100 }];
    expect((await rows(HOUR)).map(({ counts }) => counts)).toEqual(firstHour);
    await rollAll(START + DAY + 20 * MINUTE);
    expect((await rows(DAY)).map(({ counts }) => counts)).toEqual([
      { accepted: 9 },
      { dead: 1, delivered: 8, l20: 2, l22: 1, l_sum: 100 },
    ]);
  });

  it("counts everything once in the totals: before, during and after a roll-up", async () => {
    const expected = { delivered: 30, accepted: 30 };
    for (let i = 0; i < 30; i++) {
      await seed(START + i * 20 * MINUTE, { delivered: 1, accepted: 1 });
    }
    expect(await total()).toEqual(expected);
    for (let hour = 1; hour < 13; hour++) {
      await rollUp(env.DB, START + hour * HOUR);
      expect(await total()).toEqual(expected);
    }
  });

  it("adds nothing twice when two sweeps run at a time, or one is repeated", async () => {
    await seed(START, { delivered: 3 });
    await seed(START + HOUR, { delivered: 4 });
    await Promise.all([1, 2, 3, 4].map(() => rollAll(START + 5 * HOUR)));
    await rollAll(START + 5 * HOUR);
    expect(await total()).toEqual({ delivered: 7 });
    expect((await rows(0)).map(({ counts }) => counts)).toEqual([{ delivered: 7 }]);
    expect(await rows(HOUR)).toHaveLength(2);
  });

  it("that fails before its transaction ends leaves nothing behind, and the next one succeeds", async () => {
    await seed(START, { delivered: 3 });
    const broken = new Proxy(env.DB, {
      get: (db, name) =>
        name === "batch"
          ? (statements: D1PreparedStatement[]) =>
              db.batch([...statements, db.prepare("INSERT INTO marks (name, at) VALUES (NULL, NULL)")])
          : (Reflect.get(db, name) as (...args: unknown[]) => unknown).bind(db),
    });
    await expect(rollUp(broken, START + 3 * HOUR)).rejects.toThrow("NOT NULL");
    expect([await rows(HOUR), await rows(0)]).toEqual([[], []]);
    await rollAll(START + 3 * HOUR);
    expect(await total()).toEqual({ delivered: 3 });
  });

  it("skips weeks without traffic in one step", async () => {
    await seed(START, { delivered: 1 });
    await seed(START + 30 * DAY, { delivered: 1 });
    let steps = 0;
    while ((await rollUp(env.DB, START + 31 * DAY + HOUR)) > 0) steps += 1;
    expect(steps).toBeLessThanOrEqual(4);
    expect(await rows(DAY)).toHaveLength(2);
  });
});

describe("the sweep", () => {
  it("rolls up, and removes minutes after 48 hours, hours after 90 days, days after two years, the totals never", async () => {
    const world = createWorld();
    const start = world.now() - (world.now() % DAY);
    await seed(start, { delivered: 1 });
    world.advance(2 * HOUR);
    await world.sweep();
    const count = async (): Promise<number[]> =>
      Promise.all([MINUTE, HOUR, DAY, 0].map(async (s) => (await rows(s)).length));
    expect(await count()).toEqual([1, 1, 0, 1]);
    world.advance(48 * HOUR);
    await world.sweep();
    await world.sweep();
    expect(await count()).toEqual([0, 1, 1, 1]);
    world.advance(90 * DAY);
    await world.sweep();
    expect(await count()).toEqual([0, 0, 1, 1]);
    world.advance(730 * DAY);
    await world.sweep();
    expect(await count()).toEqual([0, 0, 0, 1]);
    expect(await total()).toEqual({ delivered: 1 });
  });

  it("keeps minutes that have not been added up", async () => {
    await seed(START, { delivered: 1 });
    await pruneCounters(env.DB, START + 60 * DAY, 500);
    expect(await rows(MINUTE)).toHaveLength(1);
  });
});
