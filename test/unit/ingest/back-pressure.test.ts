import { describe, expect, it } from "vitest";
import { mustWait, IntakeMeter } from "../../../src/ingest/back-pressure.ts";

const GB = 1_000_000_000;
const INTAKE = new Map([
  ["large", 600],
  ["middle", 300],
  ["small", 100],
]);
const refused = (fill: number): string[] => [...INTAKE.keys()].filter((name) => mustWait(name, INTAKE, fill, 0.6));

describe("back-pressure", () => {
  it("refuses no source below the threshold", () => {
    expect(refused(0)).toEqual([]);
    expect(refused(0.599)).toEqual([]);
  });

  it("refuses the largest source first, and more of them the fuller the queue is", () => {
    expect(refused(0.6)).toEqual(["large"]);
    expect(refused(0.8)).toEqual(["large"]);
    expect(refused(0.82)).toEqual(["large", "middle"]);
    expect(refused(0.949)).toEqual(["large", "middle", "small"]);
  });

  it("refuses all of them, known or not, before the queue is full", () => {
    expect(refused(0.95)).toEqual(["large", "middle", "small"]);
    expect(mustWait("new", INTAKE, 0.95, 0.6)).toBe(true);
    expect(mustWait("new", INTAKE, 0.94, 0.6)).toBe(false);
  });

  it("never refuses fewer when the queue is fuller", () => {
    let before = 0;
    for (let fill = 0.5; fill <= 1; fill += 0.001) {
      const now = refused(fill).length;
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
  });

  it("refuses one of two that are equal", () => {
    const equal = new Map([
      ["a", 5],
      ["b", 5],
    ]);
    expect(["a", "b"].filter((name) => mustWait(name, equal, 0.6, 0.6))).toEqual(["a"]);
  });
});

describe("an isolate's meter", () => {
  it("refuses no source before it knows the backlog", () => {
    expect(new IntakeMeter(0.6).refuses("a", 0)).toBe(false);
  });

  it("goes by what it has taken in and by the latest backlog", () => {
    const meter = new IntakeMeter(0.6);
    meter.sent("large", 9_000, 10 * GB, 0);
    meter.sent("small", 1_000, 15 * GB, 0);
    expect([meter.refuses("large", 1), meter.refuses("small", 1), meter.refuses("new", 1)]).toEqual([
      true,
      false,
      false,
    ]);
    meter.sent("small", 1_000, 14 * GB, 2);
    expect(meter.refuses("large", 3)).toBe(false);
  });

  it("goes on with its last word where the queue does not tell", () => {
    const meter = new IntakeMeter(0.6);
    meter.sent("a", 1, 20 * GB, 0);
    meter.sent("a", 1, null, 1);
    expect(meter.refuses("a", 2)).toBe(true);
  });

  it("forgets what was long ago: another source is the largest then", () => {
    const meter = new IntakeMeter(0.6);
    meter.sent("former", 1_000_000, GB, 0);
    meter.sent("present", 10_000, 16 * GB, 10 * 60_000);
    expect(meter.refuses("former", 10 * 60_000)).toBe(false);
    expect(meter.refuses("present", 10 * 60_000)).toBe(true);
  });

  it("recovers by itself: one request every two seconds goes through and brings news", () => {
    const meter = new IntakeMeter(0.6);
    meter.queueFull(0);
    expect(meter.refuses("a", 1_999)).toBe(true);
    expect(meter.refuses("a", 2_000)).toBe(false);
    expect(meter.refuses("a", 2_001)).toBe(true);
    meter.sent("a", 1, GB, 2_050);
    expect(meter.refuses("a", 2_051)).toBe(false);
  });
});
