// The form of an alert. The selected types decide which fields the rule and the target have.
import { knowsDestinations, knowsSources, SEVERITIES, type AlertTarget, type RuleType } from "../../model/alert.ts";
import type { Choices } from "../components/choice.tsx";
import type { FieldSpec, FormSpec, FormValues } from "./form-spec.ts";

export const RULES: Readonly<Record<RuleType, string>> = {
  dead_letters: "Dead letters",
  success_rate: "Success rate",
  open_issues: "Open issues",
  destination_failing: "Failing destinations",
  source_refusing: "Sources that refuse everything",
  circuit_open: "Open circuits",
  oldest_message: "Oldest message",
  backlog: "Backlog",
  storage: "Storage",
};

export const TARGETS: Readonly<Record<AlertTarget["type"], string>> = {
  slack: "Slack",
  discord: "Discord",
  teams: "Microsoft Teams",
  pagerduty: "PagerDuty",
  webhook: "Signed webhook",
};

const number = (path: string, label: string, initial: string, hint?: string): FieldSpec => ({
  path,
  label,
  kind: "number",
  required: true,
  ...(initial === "" ? {} : { initial }),
  ...(hint === undefined ? {} : { hint }),
});

const WINDOW = number("rule/window_seconds", "Window (seconds)", "3600", "60 to 86,400.");

const RULE_FIELDS: Readonly<Record<RuleType, readonly FieldSpec[]>> = {
  dead_letters: [number("rule/threshold", "Fires above", "0", "Dead letters within the window."), WINDOW],
  success_rate: [
    number("rule/below", "Fires below a success rate of", "0.95", "0.95 is 95 %."),
    WINDOW,
    number(
      "rule/min_attempts",
      "Minimum attempts",
      "20",
      "With fewer attempts in the window, the alert keeps its state.",
    ),
  ],
  open_issues: [number("rule/threshold", "Fires above", "0", "Issues that are neither acknowledged nor muted.")],
  destination_failing: [],
  source_refusing: [],
  circuit_open: [],
  oldest_message: [
    number(
      "rule/older_than_seconds",
      "Fires above an age of (seconds)",
      "600",
      "Scheduled and paused deliveries do not count.",
    ),
  ],
  backlog: [number("rule/threshold", "Fires above", "1000", "Waiting deliveries, without scheduled and paused ones.")],
  storage: [number("rule/percent", "Fires from (percent of the record's limit)", "70", "1 to 100.")],
};

const KEPT =
  'Stored encrypted and never shown again. Leave empty to keep the current value. {"secret": "NAME"} refers to a Worker secret.';
const TARGET_URL: FieldSpec = { path: "target/url", label: "URL", kind: "secret", hint: KEPT };
const PAGERDUTY: readonly FieldSpec[] = [
  { path: "target/routing_key", label: "Integration key", kind: "secret", hint: KEPT },
  {
    path: "target/url",
    label: "URL of another service region",
    kind: "secret",
    hint: "For the EU: https://events.eu.pagerduty.com/v2/enqueue",
  },
];

export const ruleOf = (values: FormValues): RuleType =>
  chosen<RuleType>(values["rule/type"]?.[0], RULES, "dead_letters");
export const targetOf = (values: FormValues): AlertTarget["type"] =>
  chosen<AlertTarget["type"]>(values["target/type"]?.[0], TARGETS, "slack");

const chosen = <T extends string>(given: string | undefined, among: Readonly<Record<T, string>>, first: T): T =>
  given !== undefined && Object.hasOwn(among, given) ? (given as T) : first;

/** What an alert can be limited to. */
export interface Ends {
  readonly source: Choices;
  readonly destination: Choices;
}

const scope = (path: "source" | "destination", label: string, all: string, ends: Ends | null): FieldSpec => ({
  path,
  label,
  kind: "choice",
  placeholder: all,
  empty: "null",
  ...(ends === null ? {} : { choices: ends[path] }),
});

/** The fields in the page's groups. @param values types of rule and target @param ends null where the form is only read */
export function alertGroups(values: FormValues, ends: Ends | null): Readonly<Record<string, readonly FieldSpec[]>> {
  const type = ruleOf(values);
  return {
    "": [
      { path: "name", label: "Name", kind: "text", required: true, hint: "The title of its notices." },
      { path: "severity", label: "Severity", kind: "select", options: SEVERITIES, initial: "error" },
      {
        path: "enabled",
        label: "Enabled",
        kind: "check",
        initial: "on",
        hint: "Disabling a firing alert resolves it.",
      },
    ],
    Condition: [
      {
        path: "rule/type",
        label: "Rule",
        kind: "select",
        help: "alerts",
        options: Object.entries(RULES),
        initial: "dead_letters",
        decides: true,
      },
      ...RULE_FIELDS[type],
      ...(knowsSources({ type }) ? [scope("source", "Source", "all sources", ends)] : []),
      ...(knowsDestinations({ type }) ? [scope("destination", "Destination", "all destinations", ends)] : []),
    ],
    Timing: [
      number("for_seconds", "Fires after it has held for (seconds)", "0"),
      {
        path: "repeat_minutes",
        label: "Repeat every (minutes)",
        kind: "number",
        initial: "60",
        empty: "null",
        hint: "Empty: no repetition.",
      },
      number("resolve_after_seconds", "Resolves after it has been gone for (seconds)", "120"),
    ],
    Notify: [
      {
        path: "target/type",
        label: "Target",
        kind: "select",
        options: Object.entries(TARGETS),
        initial: "slack",
        decides: true,
      },
      ...(targetOf(values) === "pagerduty" ? PAGERDUTY : [TARGET_URL]),
    ],
  };
}

export const alertForm = (values: FormValues): FormSpec => ({
  fields: Object.values(alertGroups(values, null)).flat(),
});
