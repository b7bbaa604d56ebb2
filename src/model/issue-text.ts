// What is wrong with a field, in the words of the other problems, where its schema does not say so itself.
import type * as z from "zod";

const TYPES: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "true or false",
  int: "a whole number",
  object: "an object",
  record: "an object",
};
const UNITS: Readonly<Record<string, string>> = { string: "characters", array: "entries", record: "fields" };

const oneOf = (values: readonly unknown[]): string =>
  values.length === 1 ? `must be ${String(values[0])}` : `must be one of ${values.join(", ")}`;

function bound(origin: string, words: string, value: number | bigint): string {
  const unit = UNITS[origin];
  return unit === undefined ? `must be ${words} ${value}` : `must have ${words} ${value} ${unit}`;
}

/** @returns nothing for what zod says well enough */
export function issueText(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is missing" : `must be ${TYPES[issue.expected] ?? `a ${issue.expected}`}`;
    case "invalid_value":
      return issue.input === undefined ? "is missing" : oneOf(issue.values);
    case "invalid_union":
      return "options" in issue && Array.isArray(issue["options"])
        ? oneOf(issue["options"].filter((option) => option !== undefined))
        : undefined;
    case "invalid_key":
      return `has the name ${JSON.stringify(String(issue.input).slice(0, 60))}, which ${issue.issues[0]?.message ?? "is not allowed"}`;
    case "too_small":
      if (issue.origin === "string" && issue.minimum === 1) return "must not be empty";
      return bound(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
    case "too_big":
      return bound(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
    case "invalid_format":
      return issue.format === "datetime" ? "must be a date and time such as 2026-11-24T12:00:00Z" : undefined;
    default:
      return undefined;
  }
}
