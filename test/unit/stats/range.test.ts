import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { parseInterval, statsRange, splitRange } from "../../../src/stats/range.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 24, 12, 34, 56);

describe("an interval", () => {
  it.each([
    ["minute", MINUTE],
    ["hour", HOUR],
    ["day", DAY],
    ["5m", 5 * MINUTE],
    ["6h", 6 * HOUR],
    ["7d", 7 * DAY],
  ])("%s is read", (text, ms) => {
    expect(parseInterval(text)).toBe(ms);
  });

  it.each(["", "0m", "5", "5s", "1.5h", "-1h", "week", "m", "123456m", "1h30m", "constructor", "__proto__"])(
    "%j is refused",
    (text) => {
      expect(parseInterval(text)).toBeNull();
    },
  );
});

describe("a range", () => {
  it.each([
    ["an hour", HOUR, MINUTE],
    ["a day", DAY, 5 * MINUTE],
    ["a week", 7 * DAY, HOUR],
    ["a month", 30 * DAY, 6 * HOUR],
    ["half a year", 180 * DAY, DAY],
    ["two years", 730 * DAY, 7 * DAY],
  ])("of %s gets an interval that fits", (_name, length, interval) => {
    expect(statsRange(NOW - length, NOW, null, NOW)).toMatchObject({ ok: true, value: { intervalMs: interval } });
  });

  it("of an hour three days ago gets hours, as its minutes are removed", () => {
    expect(statsRange(NOW - 3 * DAY, NOW - 3 * DAY + HOUR, null, NOW)).toMatchObject({
      ok: true,
      value: { intervalMs: HOUR },
    });
  });

  it("is widened to whole buckets", () => {
    const result = statsRange(NOW - HOUR, NOW, HOUR, NOW);
    expect(result).toEqual({
      ok: true,
      value: { from: Date.UTC(2026, 10, 24, 11), to: Date.UTC(2026, 10, 24, 13), intervalMs: HOUR, step: HOUR },
    });
  });

  it("names its fault", () => {
    expect(statsRange(NOW, NOW, null, NOW)).toMatchObject({ ok: false, error: { field: "from" } });
    expect(statsRange(NOW - DAY, NOW, MINUTE, NOW)).toMatchObject({
      ok: false,
      error: { field: "interval", detail: expect.stringContaining("1441 buckets, at most 1000") as string },
    });
    expect(statsRange(NOW - 3 * DAY, NOW - 3 * DAY + HOUR, MINUTE, NOW)).toMatchObject({
      ok: false,
      error: { field: "interval", detail: expect.stringContaining("kept for 48 hours") as string },
    });
    expect(statsRange(NOW - 100 * DAY, NOW - 99 * DAY, HOUR, NOW)).toMatchObject({
      ok: false,
      error: { field: "interval", detail: expect.stringContaining("kept for 90 days") as string },
    });
    expect(statsRange(0, NOW, null, NOW)).toMatchObject({ ok: false, error: { field: "from" } });
  });
});

describe("the stretches of a range", () => {
  const instant = fc.integer({ min: 0, max: 2_000 });

  it("cover each instant exactly once and use only complete counters", () => {
    fc.assert(
      fc.property(
        instant,
        fc.integer({ min: 1, max: 500 }),
        fc.constantFrom(MINUTE, HOUR, DAY),
        instant,
        instant,
        (start, length, step, hoursMark, daysMark) => {
          const from = Math.floor((start * HOUR) / step) * step;
          const to = from + length * step;
          const marks = { hours: hoursMark * HOUR, days: Math.min(Math.floor(daysMark / 24) * DAY, hoursMark * HOUR) };
          const stretches = splitRange({ from, to, step }, marks);
          let end = from;
          for (const stretch of stretches) {
            expect(stretch.from).toBe(end);
            end = stretch.to;
            expect(stretch.step).toBeLessThanOrEqual(step);
            if (stretch.step === HOUR) expect(stretch.to).toBeLessThanOrEqual(marks.hours);
            if (stretch.step === DAY) expect(stretch.to).toBeLessThanOrEqual(marks.days);
          }
          expect(end).toBe(to);
        },
      ),
    );
  });
});
