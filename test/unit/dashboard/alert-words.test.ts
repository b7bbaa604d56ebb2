import { describe, expect, it } from "vitest";
import { failureWords, ruleWords, valueWords } from "../../../src/dashboard/pages/alert-words.ts";
import type { AlertRule } from "../../../src/model/alert.ts";

const CASES: readonly (readonly [rule: AlertRule, words: string, value: number, found: string])[] = [
  [{ type: "dead_letters", threshold: 0, window_seconds: 3_600 }, "any dead letter within 1 h", 2, "2 dead"],
  [
    { type: "dead_letters", threshold: 1_000, window_seconds: 90 },
    "more than 1,000 dead letters within 1.5 min",
    1_001,
    "1,001 dead",
  ],
  [{ type: "dead_letters", threshold: 1, window_seconds: 60 }, "more than 1 dead letter within 1 min", 2, "2 dead"],
  [
    { type: "success_rate", below: 0.995, window_seconds: 600, min_attempts: 20 },
    "success rate below 99.5 % within 10 min, with at least 20 attempts",
    0.9136,
    "91.36 % success",
  ],
  [{ type: "circuit_open" }, "a circuit is open", 1, "1 open"],
  [
    { type: "oldest_message", older_than_seconds: 600 },
    "the oldest waiting event is older than 10 min",
    7_200,
    "2 h old",
  ],
  [{ type: "backlog", threshold: 5 }, "more than 5 deliveries wait", 1_234, "1,234 waiting"],
  [{ type: "storage", percent: 85 }, "the database has 85 % of the record's limit or more", 91, "91 % full"],
  [{ type: "backlog", threshold: 0 }, "any delivery waits", 1, "1 waiting"],
];

describe("an alert as text", () => {
  it.each(CASES)("describes the condition and the value of %j", (rule, words, value, found) => {
    expect([ruleWords(rule), valueWords({ rule, value })]).toEqual([words, found]);
    expect(valueWords({ rule, value: null })).toBe("–");
  });

  it("describes why a notice failed", () => {
    expect(failureWords("http_404")).toBe("the target responded with 404");
    expect(failureWords("blocked_address")).toBe("address not allowed");
  });
});
