// Alerts as text: the condition of a rule and its current value. Pure.
import type { AlertRule } from "../../model/alert.ts";
import { codeWords } from "../../model/error-words.ts";
import { count, percent } from "../components/number.ts";
import { span } from "../components/time.tsx";
import type { AlertShape } from "../shapes.ts";

const seconds = (value: number): string => span(value * 1_000);

/** The condition: `more than 5 dead letters within 1 h`. */
export function ruleWords(rule: AlertRule): string {
  switch (rule.type) {
    case "dead_letters":
      return rule.threshold === 0
        ? `any dead letter within ${seconds(rule.window_seconds)}`
        : `more than ${count(rule.threshold)} dead letter${rule.threshold === 1 ? "" : "s"} within ${seconds(rule.window_seconds)}`;
    case "success_rate":
      return `success rate below ${percent(rule.below)} within ${seconds(rule.window_seconds)}, with at least ${count(rule.min_attempts)} attempts`;
    case "open_issues":
      return rule.threshold === 0 ? "any issue is open" : `more than ${count(rule.threshold)} issues are open`;
    case "circuit_open":
      return "a circuit is open";
    case "destination_failing":
      return "a destination is failing or its circuit is open";
    case "source_refusing":
      return "a source refuses everything";
    case "oldest_message":
      return `the oldest waiting event is older than ${seconds(rule.older_than_seconds)}`;
    case "backlog":
      return rule.threshold === 0 ? "any delivery waits" : `more than ${count(rule.threshold)} deliveries wait`;
    case "storage":
      return `the database has ${count(rule.percent)} % of the record's limit or more`;
  }
}

/** The value measured last, with its unit. */
export function valueWords({ rule, value }: Pick<AlertShape, "rule" | "value">): string {
  if (value === null) return "–";
  switch (rule.type) {
    case "dead_letters":
      return `${count(value)} dead`;
    case "success_rate":
      return `${percent(value)} success`;
    case "open_issues":
    case "circuit_open":
      return `${count(value)} open`;
    case "destination_failing":
      return `${count(value)} failing`;
    case "source_refusing":
      return `${count(value)} refusing`;
    case "oldest_message":
      return `${seconds(value)} old`;
    case "backlog":
      return `${count(value)} waiting`;
    case "storage":
      return `${count(value)} % full`;
  }
}

/** Why a notice failed: `http_404` is the target's response. */
export function failureWords(error: string): string {
  const status = /^http_(\d+)$/.exec(error)?.[1];
  return status === undefined ? codeWords(error) : `the target responded with ${status}`;
}
