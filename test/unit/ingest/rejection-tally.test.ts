import { describe, expect, it } from "vitest";
import type { Rejection } from "../../../src/ingest/ports.ts";
import { RejectionTally } from "../../../src/ingest/rejection-tally.ts";
import type { RejectionCount, RejectionSamples } from "../../../src/model/rejection.ts";
import type { Source } from "../../../src/model/source.ts";

const START = Date.UTC(2026, 10, 24, 10, 30);

function setUp() {
  let time = START;
  let down = false;
  const writes: { at: number; counts: readonly RejectionCount[]; samples: readonly RejectionSamples[] }[] = [];
  const background: Promise<unknown>[] = [];
  const sleepers: { at: number; wake: () => void }[] = [];
  const tally = new RejectionTally({
    now: () => time,
    sleep: (ms) => new Promise((wake) => sleepers.push({ at: time + ms, wake })),
    write: async (counts, samples) => {
      if (down) throw new Error("D1 is down");
      writes.push({ at: time, counts, samples });
    },
    report: () => undefined,
  });
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    tally,
    writes,
    settled,
    setDown: (value: boolean) => void (down = value),
    pass: async (ms: number) => {
      time += ms;
      for (const sleeper of sleepers.splice(0)) {
        if (sleeper.at <= time) sleeper.wake();
        else sleepers.push(sleeper);
      }
      await settled();
    },
    add: (change: Partial<Rejection> = {}) =>
      tally.add(
        {
          at: time,
          source: null,
          reason: "verification_failed",
          cause: null,
          method: "POST",
          path: "",
          query: "",
          headers: [],
          ip: null,
          bodyHead: new Uint8Array(),
          ...change,
        },
        (work) => void background.push(work),
      ),
    lose: () => void sleepers.splice(0),
    settle: () => tally.settle((work) => void background.push(work)),
    total: () => writes.flatMap((write) => write.counts).reduce((sum, row) => sum + row.count, 0),
  };
}
const source = (id: string): Source => ({ id, verification: { type: "none" } }) as Source;

describe("the tally of refused requests", () => {
  it("writes the first at once and the following ones within two seconds", async () => {
    const world = setUp();
    world.add();
    await world.settled();
    expect(world.total()).toBe(1);
    for (let i = 0; i < 50; i++) world.add();
    await world.settled();
    expect(world.total()).toBe(1);
    await world.pass(2_000);
    expect(world.total()).toBe(51);
    expect(world.writes).toHaveLength(2);
  });

  it("writes those that came while it was writing, though no other request follows", async () => {
    const world = setUp();
    for (let i = 0; i < 5; i++) world.add();
    await world.settled();
    await world.pass(2_000);
    expect(world.total()).toBe(5);
  });

  it("writes by the second, not by the request", async () => {
    const world = setUp();
    for (let i = 0; i < 10_000; i++) {
      world.add();
      await world.pass(1);
    }
    await world.pass(2_000);
    expect(world.total()).toBe(10_000);
    expect(world.writes.length).toBeLessThanOrEqual(7);
  });

  it("counts sources, reasons and hours separately", async () => {
    const world = setUp();
    world.add();
    await world.settled();
    world.add({ source: source("src_a") });
    world.add({ source: source("src_a") });
    world.add({ source: source("src_a"), reason: "body_too_large" });
    world.add({ reason: "unknown_source", at: START + 3_600_000 });
    await world.pass(2_000);
    const hour = Date.UTC(2026, 10, 24, 10);
    expect(world.writes[1]?.counts).toEqual([
      { source_id: "src_a", reason: "verification_failed", hour, count: 2 },
      { source_id: "src_a", reason: "body_too_large", hour, count: 1 },
      { source_id: null, reason: "unknown_source", hour: hour + 3_600_000, count: 1 },
    ]);
  });

  it("keeps the latest twenty samples of each source and reason, newest first", async () => {
    const world = setUp();
    world.add();
    await world.settled();
    for (let i = 0; i < 30; i++) world.add({ path: `/${i}` });
    await world.pass(2_000);
    const samples = world.writes[1]?.samples[0]?.samples ?? [];
    expect(samples.map((sample) => sample.path)).toEqual(Array.from({ length: 20 }, (_, index) => `/${29 - index}`));
  });

  it("keeps counting while the record is down, and writes it all when it is back [G7]", async () => {
    const world = setUp();
    world.setDown(true);
    world.add();
    await world.pass(2_000);
    for (let i = 0; i < 9; i++) world.add();
    await world.pass(2_000);
    world.setDown(false);
    world.settle();
    await world.pass(2_000);
    expect(world.total()).toBe(10);
  });

  it("is bounded however many sources are hit while the record is down, and no request goes uncounted", async () => {
    const world = setUp();
    world.setDown(true);
    for (let i = 0; i < 5_000; i++) world.add({ source: source(`src_${i}`), path: "x".repeat(900) });
    await world.settled();
    world.setDown(false);
    await world.pass(2_000);
    world.settle();
    await world.pass(2_000);
    expect(world.total()).toBe(5_000);
    const written = world.writes.flatMap((write) => write.counts);
    expect(written.length).toBeLessThanOrEqual(1_002);
    const samples = world.writes.flatMap((write) => write.samples.flatMap((entry) => entry.samples));
    expect(samples.length).toBeLessThanOrEqual(200);
  });

  it("goes on after a writing that the platform ended unannounced", async () => {
    const world = setUp();
    world.add();
    await world.settled();
    world.add();
    await world.settled();
    // The request whose writing was to come ends before its time, and nobody wakes it.
    world.lose();
    await world.pass(30_000);
    world.add();
    await world.settled();
    expect(world.total()).toBe(1);
    await world.pass(10_000);
    world.add();
    await world.settled();
    expect(world.total()).toBe(4);
  });
});
