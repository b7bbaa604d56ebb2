// Between a form and the API's JSON, both ways. Pure. Nothing is checked here but what has no JSON form at all.
import { inexactNumbers } from "../../kernel/inexact-numbers.ts";
import type { FieldSpec, FormSpec, FormValues } from "./form-spec.ts";

type Json = Readonly<Record<string, unknown>>;
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const at = (record: unknown, path: string): unknown =>
  path.split("/").reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), record);

/** What an empty form holds. */
export const initialValues = ({ fields }: FormSpec): FormValues =>
  Object.fromEntries(fields.map(({ path, initial = [] }) => [path, typeof initial === "string" ? [initial] : initial]));

/** What the form of a record holds. */
export const valuesOf = ({ fields }: FormSpec, record: unknown): FormValues =>
  Object.fromEntries(fields.map((field) => [field.path, shown(field, at(record, field.path))]));

function shown({ kind }: FieldSpec, value: unknown): readonly string[] {
  if (value === undefined || value === null || kind === "secret" || kind === "secrets") return [];
  switch (kind) {
    case "check":
      return value === true ? ["on"] : [];
    case "set":
      return (value as unknown[]).map(String);
    case "lines":
      return [(value as unknown[]).join("\n")];
    case "list":
    case "numbers":
      return [(value as unknown[]).join(", ")];
    case "headers":
      return [
        Object.entries(value)
          .map(([name, text]) => `${name}: ${text}`)
          .join("\n"),
      ];
    case "json":
      return [JSON.stringify(value, null, 2)];
    default:
      return [typeof value === "string" ? value : JSON.stringify(value)];
  }
}

/**
 * The body to send.
 * @param stored the record as it is, for a change: what the form does not show of an object stays as it is there
 */
export function bodyOf(
  { fields, nullable = {} }: FormSpec,
  values: FormValues,
  stored: Json | null = null,
): { readonly body: Json; readonly faults: readonly Fault[] } {
  const body: Record<string, unknown> = {};
  const faults: Fault[] = [];
  const isEmpty = (path: string): boolean => (values[path] ?? []).join("").trim() === "";
  for (const field of fields) {
    const [group = "", key] = field.path.split("/");
    const given = read(field, values[field.path] ?? [], stored !== null, (detail) =>
      faults.push({ pointer: `/${field.path}`, detail }),
    );
    if (key === undefined) {
      if (given !== undefined) body[group] = given;
      continue;
    }
    const decider = nullable[group];
    if (decider !== undefined && isEmpty(`${group}/${decider}`)) body[group] = null;
    else {
      body[group] ??= beneath(fields, group, values, stored);
      const into = body[group] as Record<string, unknown>;
      if (given !== undefined) into[key] = given;
      else if (field.kind !== "secret" && field.kind !== "secrets") delete into[key];
    }
  }
  return { body, faults };
}

/** What an object keeps of what is stored: everything, unless the form has made it one of another kind. */
function beneath(fields: readonly FieldSpec[], group: string, values: FormValues, stored: Json | null): Json {
  const before = stored?.[group];
  if (!isObject(before)) return {};
  const decider = fields.find((field) => field.decides === true && field.path.startsWith(`${group}/`));
  if (decider !== undefined && (at(stored, decider.path) ?? "") !== (values[decider.path]?.[0] ?? "")) return {};
  return { ...before };
}

/** @returns undefined to leave the place out */
function read(field: FieldSpec, given: readonly string[], isChange: boolean, fault: (detail: string) => void): unknown {
  const text = (given[0] ?? "").replaceAll("\r\n", "\n");
  const items = (separator: RegExp): string[] =>
    text
      .split(separator)
      .map((item) => item.trim())
      .filter((item) => item !== "");
  switch (field.kind) {
    case "check":
      return text !== "";
    case "set":
      return given;
    case "lines":
      return items(/\n/);
    case "list":
    case "numbers": {
      const list = items(/[,\s]+/);
      return list.length === 0 ? undefined : field.kind === "list" ? list : list.map(number);
    }
    case "headers":
      return headers(items(/\n/), fault);
    case "secret":
      return text.trim() === "" ? undefined : secret(text.trim());
    case "secrets":
      return items(/\n/).length === 0 ? undefined : items(/\n/).map(secret);
    default:
      // Of a new form only what has been emptied says anything: what never held something is left to the API.
      if (text.trim() === "")
        return field.empty === "null" && (isChange || field.initial !== undefined) ? null : undefined;
      if (field.kind === "number") return number(text.trim());
      if (field.kind === "json") return json(text, fault);
      // A form sends CRLF for every end of line, whatever was typed.
      return field.kind === "block" ? text.replaceAll("\r\n", "\n") : text.trim();
  }
}

/** What is no number goes on as it is: the API says what is wrong with it, and where. */
const number = (text: string): number | string => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);

/** `{"secret": "NAME"}` names a secret of the Worker; anything else is the secret itself. */
function secret(text: string): unknown {
  const name = /^\{\s*"secret"\s*:\s*"([^"]*)"\s*\}$/.exec(text)?.[1];
  return name === undefined ? text : { secret: name };
}

function headers(lines: readonly string[], fault: (detail: string) => void): Json {
  const broken = lines.find((line) => !line.includes(":"));
  if (broken !== undefined) fault("needs a name, a colon and a value in each line");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]),
  );
}

function json(text: string, fault: (detail: string) => void): unknown {
  try {
    // What this page reads is written anew for the API, which could not see any more that it was rounded.
    if (inexactNumbers(text).length > 0) fault("holds a number that cannot be kept exactly");
    return JSON.parse(text) as unknown;
  } catch (error) {
    fault(`is no JSON: ${error instanceof Error ? error.message : ""}`);
    return undefined;
  }
}
