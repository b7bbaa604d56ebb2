// Converts between a form and the API's JSON. Pure. Validates only what cannot be written as JSON.
import { inexactNumbers } from "../../kernel/inexact-numbers.ts";
import { isObject } from "../../kernel/json-object.ts";
import type { FieldSpec, FormSpec, FormValues } from "./form-spec.ts";

type Json = Readonly<Record<string, unknown>>;
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

const at = (record: unknown, path: string): unknown =>
  path.split("/").reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), record);

/** The values of a new form. */
export const initialValues = ({ fields }: FormSpec): FormValues =>
  Object.fromEntries(fields.map(({ path, initial = [] }) => [path, typeof initial === "string" ? [initial] : initial]));

/** The values of the form of an existing record. */
export const storedValues = ({ fields }: FormSpec, record: unknown): FormValues =>
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
 * The request body.
 * @param stored the existing record, for an update: properties of objects that the form does not show are kept
 */
export function requestBody(
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
      body[group] ??= storedProperties(fields, group, values, stored);
      const into = body[group] as Record<string, unknown>;
      if (given !== undefined) into[key] = given;
      else if (field.kind !== "secret" && field.kind !== "secrets") delete into[key];
    }
  }
  return { body, faults };
}

/** The stored properties that an object keeps: all of them, unless the form changed its type. */
function storedProperties(fields: readonly FieldSpec[], group: string, values: FormValues, stored: Json | null): Json {
  const before = stored?.[group];
  if (!isObject(before)) return {};
  const decider = fields.find((field) => field.decides === true && field.path.startsWith(`${group}/`));
  if (decider !== undefined && (at(stored, decider.path) ?? "") !== (values[decider.path]?.[0] ?? "")) return {};
  return { ...before };
}

/** @returns undefined to leave the property out */
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
      // In a new form, an empty field means null only if it had an initial value; otherwise the API's default applies.
      if (text.trim() === "" && field.empty === "text") return "";
      if (text.trim() === "")
        return field.empty === "null" && (isChange || field.initial !== undefined) ? null : undefined;
      if (field.kind === "number") return number(text.trim());
      if (field.kind === "json") return json(text, fault);
      // Browsers send CRLF for every line break.
      return field.kind === "block" ? text.replaceAll("\r\n", "\n") : text.trim();
  }
}

/** Anything else stays text, so that the API can report it. */
const number = (text: string): number | string => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);

/** `{"secret": "NAME"}` refers to a Worker secret; anything else is the secret itself. */
function secret(text: string): unknown {
  const name = /^\{\s*"secret"\s*:\s*"([^"]*)"\s*\}$/.exec(text)?.[1];
  return name === undefined ? text : { secret: name };
}

function headers(lines: readonly string[], fault: (detail: string) => void): Json {
  const broken = lines.find((line) => !line.includes(":"));
  if (broken !== undefined) fault("must have a name, a colon and a value on each line");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]),
  );
}

function json(text: string, fault: (detail: string) => void): unknown {
  try {
    // Parsing rounds such a number before the API can see it.
    if (inexactNumbers(text).length > 0) fault("contains a number that cannot be represented exactly");
    return JSON.parse(text) as unknown;
  } catch (error) {
    fault(`is not valid JSON: ${error instanceof Error ? error.message : ""}`);
    return undefined;
  }
}
