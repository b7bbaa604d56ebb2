// The marks of the record's database.
import { describe, expect, it } from "vitest";
import { readSettings } from "../../../src/config/env.ts";
import { levelOf, percentOf } from "../../../src/model/watermarks.ts";

const marks = (vars: Parameters<typeof readSettings>[0]) => readSettings(vars).watermarks;

describe("the record's limit [G13]", () => {
  it("is 10 GB with steps at 70, 85 and 95 % unless variables say otherwise", () => {
    expect(marks({})).toEqual({ limitBytes: 10_000_000_000, warn: 0.7, shed: 0.85, refuse: 0.95 });
    expect(marks({ RECORD_LIMIT_MB: "500", RECORD_LIMIT_STEPS: "50, 60,70" })).toEqual({
      limitBytes: 500_000_000,
      warn: 0.5,
      shed: 0.6,
      refuse: 0.7,
    });
  });

  it.each(["", "70,85", "85,70,95", "70,85,101", "0,85,95", "a,b,c", "70,70,95"])(
    "keeps its steps when the variable is not three ascending percentages: %s",
    (RECORD_LIMIT_STEPS) => {
      expect(marks({ RECORD_LIMIT_STEPS })).toEqual(marks({}));
    },
  );

  it("is never more than D1 holds, nor switched off", () => {
    for (const RECORD_LIMIT_MB of ["20000", "0", "-1", "x"])
      expect(marks({ RECORD_LIMIT_MB }).limitBytes).toBe(10_000_000_000);
  });

  it("is reached level by level", () => {
    const given = marks({ RECORD_LIMIT_MB: "20" });
    const levels = [13_999_999, 14_000_000, 16_999_999, 17_000_000, 18_999_999, 19_000_000, 30_000_000];
    expect(levels.map((bytes) => levelOf(bytes, given))).toEqual([
      "ok",
      "high",
      "high",
      "shedding",
      "shedding",
      "full",
      "full",
    ]);
    expect([13_999_999, 14_000_000, 21_000_000].map((bytes) => percentOf(bytes, given))).toEqual([69, 70, 105]);
  });
});
