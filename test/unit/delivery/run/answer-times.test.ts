import { describe, expect, it } from "vitest";
import { AnswerTimes } from "../../../../src/delivery/run/answer-times.ts";

const start = Date.UTC(2026, 10, 24);

describe("what an isolate knows of answer times", () => {
  it("is nothing before the first answer, then a mean that follows the latest", () => {
    const times = new AnswerTimes();
    expect(times.of("a", start)).toBeNull();
    times.learn("a", 100, start);
    expect(times.of("a", start)).toBe(100);
    times.learn("a", 200, start);
    expect(times.of("a", start)).toBe(130);
    expect(times.of("b", start)).toBeNull();
  });

  it("holds for a minute where answers are quick, and for ten seconds where they are not", () => {
    const times = new AnswerTimes();
    times.learn("quick", 100, start);
    times.learn("slow", 8_000, start);
    expect(times.of("slow", start + 9_999)).toBe(8_000);
    expect(times.of("slow", start + 10_000)).toBeNull();
    expect(times.of("quick", start + 59_999)).toBe(100);
    expect(times.of("quick", start + 60_000)).toBeNull();
  });

  it("forgets one slow answer among quick ones", () => {
    const times = new AnswerTimes();
    times.learn("a", 100, start);
    times.learn("a", 2_000, start);
    expect(times.of("a", start)).toBeLessThan(1_000);
  });
});
