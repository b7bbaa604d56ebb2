// The differences between two versions of a record, field by field. Pure. Of a secret it says only that it changes.
import { jsonEqual } from "../../kernel/json-equal.ts";
import { pointerTo } from "../../model/problem.ts";
import { isObject, type JsonObject } from "../../kernel/json-object.ts";
import { maskedItem, secretsIn } from "./items.ts";
import type { Kind } from "../../store/index.ts";

/** Without `from` the field is new; without `to` it is removed. */
export interface FieldChange {
  readonly pointer: string;
  readonly from?: unknown;
  readonly to?: unknown;
  /** The value changes and is not shown. */
  readonly secret?: true;
}

/** @param before,after full items */
export function differences(kind: Kind, before: JsonObject, after: JsonObject): FieldChange[] {
  const [was, is] = [secretsIn(kind, before), secretsIn(kind, after)];
  const [from, to] = [maskedItem(kind, before), maskedItem(kind, after)];
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter((at) => !jsonEqual(was.get(at), is.get(at)));
  const plain = compare([], from, to).filter((field) => !changed.includes(field.pointer));
  const secret = changed.map((pointer): FieldChange => ({
    ...change(pointer, memberAt(from, pointer), memberAt(to, pointer)),
    secret: true,
  }));
  return [...plain, ...secret];
}

/** Every field of an item that is created or deleted. */
export function everyField(item: JsonObject, side: "from" | "to"): FieldChange[] {
  const fields = Object.entries(item).filter(([field]) => field !== "slug");
  return fields.map(([field, value]) => ({ pointer: pointerTo(field), [side]: value }));
}

function compare(path: readonly string[], from: unknown, to: unknown): FieldChange[] {
  if (jsonEqual(from, to)) return [];
  if (!isObject(from) || !isObject(to)) return [change(pointerTo(...path), from, to)];
  const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...keys].flatMap((key) => compare([...path, key], from[key], to[key]));
}

const change = (pointer: string, from: unknown, to: unknown): FieldChange => ({
  pointer,
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
});

function memberAt(item: JsonObject, pointer: string): unknown {
  const [, part = "", field = ""] = pointer.split("/");
  const value = item[part];
  return isObject(value) ? value[field] : undefined;
}
