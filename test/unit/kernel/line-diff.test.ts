// The difference of two texts.
import { describe, expect, it } from "vitest";
import { diffLines } from "../../../src/kernel/line-diff.ts";

const MARKS = { same: " ", removed: "-", added: "+" } as const;
const diff = (before: string, after: string, context?: number): string =>
  diffLines(before.split(""), after.split(""), context)
    .map(({ op, text }) => MARKS[op] + text)
    .join("");

describe("the difference of two texts", () => {
  it("shows what was removed and added, with what stands around it", () => {
    expect(diff("abcdefg", "abcxefg", 1)).toBe(" c-d+x e");
    expect(diff("abc", "abc")).toBe("");
    expect(diff("", "ab")).toBe("+a+b");
    expect(diff("ab", "")).toBe("-a-b");
    expect(diff("abcde", "xabcde", 0)).toBe("+x");
  });

  it("gives one text without what was added, and the other without what was removed", () => {
    for (const [before, after] of [
      ["kitten", "sitting"],
      ["abcabba", "cbabac"],
      ["aaaa", "aa"],
    ] as const) {
      const lines = diffLines(before.split(""), after.split(""), 99);
      const without = (op: string): string => lines.flatMap((line) => (line.op === op ? [] : line.text)).join("");
      expect([without("added"), without("removed")]).toEqual([before, after]);
    }
  });
});
