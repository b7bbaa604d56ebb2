// A record as the document writes it: source and destination by slug, secrets as marks, defaults left out.
import { jsonEqual } from "../../kernel/json-equal.ts";
import { SECRET_PLACES, type StoredSecret } from "../../model/secret.ts";
import { fieldsOf, type Spec } from "../specs.ts";
import { isObject, type JsonObject } from "../../kernel/json-object.ts";
import type { Kind } from "../../store/index.ts";

/** In place of a stored secret: keep it. */
const WRITE_ONLY = { write_only: true } as const;

export const isWriteOnly = (value: unknown): boolean => jsonEqual(value, WRITE_ONLY);

/** The slugs of a connection's source and destination. */
export interface Ends {
  readonly source: string;
  readonly destination: string;
}

/** Every field, with secrets in their stored form. */
export function fullItem(kind: Kind, spec: Spec, paused: boolean, ends: Ends | null): JsonObject {
  const { slug, name, ...rest } = spec;
  return { slug, name, ...ends, ...rest, ...(kind === "sources" ? {} : { paused }) };
}

const markSecret = (secret: StoredSecret): object => ("secret" in secret ? secret : WRITE_ONLY);

/** The secrets of an item that are set: JSON pointer to stored form. */
export function secretsIn(kind: Kind, item: JsonObject): Map<string, StoredSecret | readonly StoredSecret[]> {
  const found = new Map<string, StoredSecret | readonly StoredSecret[]>();
  for (const [part, fields] of Object.entries(SECRET_PLACES[kind])) {
    const value = item[part];
    if (!isObject(value)) continue;
    for (const field of fields as readonly string[])
      if (value[field] !== undefined) found.set(`/${part}/${field}`, value[field] as StoredSecret);
  }
  return found;
}

/** The item with marks in place of its secrets, and without the fields that Sluice itself writes beside them. */
export function maskedItem(kind: Kind, item: JsonObject): JsonObject {
  const out: Record<string, unknown> = { ...item };
  const { signing } = item;
  if (isObject(signing)) {
    const { public_keys: _keys, retiring: _retiring, ...configured } = signing;
    out["signing"] = configured;
  }
  for (const [pointer, secret] of secretsIn(kind, item)) {
    const [, part = "", field = ""] = pointer.split("/");
    const mark = Array.isArray(secret) ? secret.map(markSecret) : markSecret(secret as StoredSecret);
    out[part] = { ...(out[part] as JsonObject), [field]: mark };
  }
  return out;
}

/** The item as the document holds it: masked, defaults left out. Reading it gives the same record. */
export function writtenItem(kind: Kind, item: JsonObject): JsonObject {
  const shape: Readonly<Record<string, FieldSchema>> = fieldsOf(kind, item);
  const out: JsonObject = {};
  for (const [field, value] of Object.entries(item)) {
    const schema = shape[field];
    const written =
      field === "name" && value === item["slug"]
        ? undefined
        : field === "paused"
          ? value === true || undefined
          : schema === undefined
            ? value
            : withoutDefaults(schema, value);
    if (written !== undefined) out[field] = written;
  }
  return maskedItem(kind, out);
}

interface FieldSchema {
  safeParse(value: unknown): { readonly success: boolean; readonly data?: unknown };
}

/** The smallest input that the schema reads as this value; undefined when no input is needed. */
function withoutDefaults(schema: FieldSchema, value: unknown): unknown {
  const saysIt = (input: unknown): boolean => {
    const read = schema.safeParse(input);
    return read.success && jsonEqual(read.data, value);
  };
  if (saysIt(undefined)) return undefined;
  if (!isObject(value)) return value;
  let least = value;
  for (const key of Object.keys(value)) {
    const { [key]: _left, ...rest } = least;
    if (saysIt(rest)) least = rest;
  }
  return least;
}
