// The form of an alert. Which fields rule and target have follows from the type chosen.
import { knowsSources, SEVERITIES, type AlertTarget, type RuleType } from "../../model/alert.ts";
import type { FieldSpec, FormSpec, FormValues } from "./form-spec.ts";

type Options = NonNullable<FieldSpec["options"]>;

export const RULES: Readonly<Record<RuleType, string>> = {
  dead_letters: "Dead letters",
  success_rate: "Success rate",
  circuit_open: "Open circuits",
  oldest_message: "Oldest message",
  backlog: "Backlog",
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

const WINDOW = number("rule/window_seconds", "within, in seconds", "3600", "60 to 86,400.");

const RULE_FIELDS: Readonly<Record<RuleType, readonly FieldSpec[]>> = {
  dead_letters: [number("rule/threshold", "Fires at more than", "0", "Deliveries that ended dead."), WINDOW],
  success_rate: [
    number("rule/below", "Fires below a share of", "0.95", "Of attempts that succeed: 0.95 is 95 %."),
    WINDOW,
    number("rule/min_attempts", "of at least so many attempts", "20", "Fewer say nothing."),
  ],
  circuit_open: [],
  oldest_message: [
    number("rule/older_than_seconds", "Fires when older than, in seconds", "600", "What waits by wish does not count."),
  ],
  backlog: [number("rule/threshold", "Fires at more than", "1000", "Waiting deliveries, but for those by wish.")],
};

const KEPT = 'Kept encrypted, never shown again; left empty it stays. {"secret": "NAME"} names a secret of the Worker.';
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

/** What an alert can be narrowed to, for its selects: id and name. */
export interface Ends {
  readonly sources: Options;
  readonly destinations: Options;
}

const scope = (path: "source" | "destination", label: string, all: string, options: Options): FieldSpec => ({
  path,
  label,
  kind: "select",
  options: [["", all], ...options],
  empty: "null",
});

/** In groups, as the page shows them. @param values what decides: types of rule and target */
export function alertGroups(values: FormValues, ends: Ends): Readonly<Record<string, readonly FieldSpec[]>> {
  const type = ruleOf(values);
  return {
    "": [
      { path: "name", label: "Name", kind: "text", required: true, hint: "What its notices are headed with." },
      { path: "severity", label: "Severity", kind: "select", options: SEVERITIES, initial: "error" },
      { path: "enabled", label: "Enabled", kind: "check", initial: "on", hint: "Switching it off ends it." },
    ],
    "What to watch": [
      {
        path: "rule/type",
        label: "Condition",
        kind: "select",
        options: Object.entries(RULES),
        initial: "dead_letters",
        decides: true,
      },
      ...RULE_FIELDS[type],
      ...(knowsSources({ type }) ? [scope("source", "From", "all sources", ends.sources)] : []),
      scope("destination", "To", "all destinations", ends.destinations),
    ],
    "When to tell": [
      number("for_seconds", "Once it has held for, in seconds", "0"),
      {
        path: "repeat_minutes",
        label: "Again every, in minutes",
        kind: "number",
        initial: "60",
        empty: "null",
        hint: "Empty: told once.",
      },
      number("resolve_after_seconds", "Over once gone for, in seconds", "120"),
    ],
    "Whom to tell": [
      {
        path: "target/type",
        label: "Receiver",
        kind: "select",
        options: Object.entries(TARGETS),
        initial: "slack",
        decides: true,
      },
      ...(targetOf(values) === "pagerduty" ? PAGERDUTY : [TARGET_URL]),
    ],
  };
}

export const alertForm = (values: FormValues, ends: Ends): FormSpec => ({
  fields: Object.values(alertGroups(values, ends)).flat(),
});
