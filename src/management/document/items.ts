// A record as the document writes it: ends by slug, secrets as what they are set to, and nothing that goes without saying.
import { jsonEqual } from "../../kernel/json-equal.ts";
import { SECRET_PLACES, type StoredSecret } from "../../model/secret.ts";
import { SPEC_SCHEMAS, type Spec } from "../specs.ts";
import { isObject, type JsonObject } from "../../kernel/json-object.ts";
import type { Kind } from "../../store/index.ts";

/** In place of a stored secret: it stays as it is. */
const WRITE_ONLY = { write_only: true } as const;

export const isWriteOnly = (value: unknown): boolean => jsonEqual(value, WRITE_ONLY);

/** The slugs that a connection goes from and to. */
export interface Ends {
  readonly source: string;
  readonly destination: string;
}

/** Every field, secrets in their stored forms. */
export function fullItem(kind: Kind, spec: Spec, paused: boolean, ends: Ends | null): JsonObject {
  const { slug, name, ...rest } = spec;
  return { slug, name, ...ends, ...rest, ...(kind === "sources" ? {} : { paused }) };
}

const markOf = (secret: StoredSecret): object => ("secret" in secret ? secret : WRITE_ONLY);

/** Places of secrets in an item that are set, as JSON pointers, with what is stored there. */
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

/** The item with marks in place of its secrets, and without what Sluice itself keeps beside them. */
export function maskedItem(kind: Kind, item: JsonObject): JsonObject {
  const out: Record<string, unknown> = { ...item };
  const { signing } = item;
  if (isObject(signing)) {
    const { public_keys: _keys, retiring: _retiring, ...configured } = signing;
    out["signing"] = configured;
  }
  for (const [pointer, secret] of secretsIn(kind, item)) {
    const [, part = "", field = ""] = pointer.split("/");
    const mark = Array.isArray(secret) ? secret.map(markOf) : markOf(secret as StoredSecret);
    out[part] = { ...(out[part] as JsonObject), [field]: mark };
  }
  return out;
}

/** As it stands in the document: masked, and without the defaults. Reading it makes the same record. */
export function writtenItem(kind: Kind, item: JsonObject): JsonObject {
  const shape: Record<string, FieldSchema> = SPEC_SCHEMAS[kind].shape;
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

/** The least that the schema reads as this value; undefined when nothing is enough. */
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
