// The texts of alerts. Pure.
import type { AlertDetail, AlertRule, AlertSpec, Notice, NoticeKind } from "../model/alert.ts";

const HEAD: Readonly<Record<NoticeKind, string>> = {
  opened: "Alert",
  repeated: "Still open",
  resolved: "Resolved",
  test: "Test",
};

export const headline = (spec: Pick<AlertSpec, "name">, { kind }: Pick<Notice, "kind">): string =>
  `${HEAD[kind]}: ${spec.name}`;

/** One sentence: the measured value and the rule's limit. */
export function sentence({ rule }: Pick<AlertSpec, "rule">, { kind, value }: Pick<Notice, "kind" | "value">): string {
  if (kind === "test") return "This is a test. Nothing is wrong.";
  switch (rule.type) {
    case "dead_letters":
      return `${count(value, "dead letter")} within ${duration(rule.window_seconds)}; the rule allows ${rule.threshold}.`;
    case "success_rate":
      return value === null
        ? `No attempts within ${duration(rule.window_seconds)}.`
        : `${percent(value)} of the attempts within ${duration(rule.window_seconds)} succeeded; the rule asks for ${percent(rule.below)}.`;
    case "circuit_open":
      return value === 0 ? "No circuit is open." : `${count(value, "circuit")} open.`;
    case "destination_failing":
      return value === 0 ? "No destination is failing." : `${count(value, "destination")} failing.`;
    case "source_refusing":
      return value === 0
        ? "No source refuses everything."
        : `${count(value, "source")} ${value === 1 ? "refuses" : "refuse"} everything.`;
    case "oldest_message":
      return `The oldest waiting delivery has waited for ${duration(value ?? 0)}; the rule allows ${duration(rule.older_than_seconds)}.`;
    case "backlog":
      return `${count(value, "delivery", "deliveries")} waiting; the rule allows ${rule.threshold}.`;
    case "open_issues":
      return `${count(value, "open issue")}; the rule allows ${rule.threshold}.`;
    case "storage":
      return `The database has ${value ?? 0} % of the record's limit; the rule warns from ${rule.percent} % on.`;
  }
}

/** A detail's value with its unit. */
export function quantity(rule: AlertRule, { value }: AlertDetail): string {
  switch (rule.type) {
    case "dead_letters":
      return count(value, "dead letter");
    case "success_rate":
      return count(value, "failed attempt");
    case "circuit_open":
      return "open";
    case "destination_failing":
      return "failing";
    case "source_refusing":
      return "refuses everything";
    case "oldest_message":
      return duration(value);
    case "backlog":
      return count(value, "delivery", "deliveries");
    case "open_issues":
      return count(value, "failure");
    case "storage":
      return `${value} %`;
  }
}

const count = (value: number | null, one: string, many = `${one}s`): string =>
  `${value ?? 0} ${value === 1 ? one : many}`;
/** Rounded down: 99.96 % must not read as 100 %. */
const percent = (share: number): string => `${Math.floor(share * 1_000) / 10} %`;

function duration(seconds: number): string {
  for (const [size, unit] of [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
  ] as const) {
    if (seconds >= size) return `${Math.floor((seconds / size) * 10) / 10} ${unit}`;
  }
  return `${seconds} s`;
}
