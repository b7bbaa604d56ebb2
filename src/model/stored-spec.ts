// Reads configuration as stored, where a newer release may have written fields that this one does not know: they are left out of what is read
// and put back on write. So releases can run side by side, and an upgrade can be rolled back.
import type * as z from "zod";
import { isObject, type JsonObject } from "../kernel/json-object.ts";
import { jsonEqual } from "../kernel/json-equal.ts";

type Path = readonly PropertyKey[];

interface Read<T> {
  readonly spec: T;
  /** Fields that the schema does not know. */
  readonly unknown: readonly { readonly path: Path; readonly value: unknown }[];
}

/** @param json a spec as stored @throws ZodError when it has a value that this release cannot read */
export const readSpec = <S extends z.ZodType>(schema: S, json: string): z.output<S> =>
  read(schema, JSON.parse(json)).spec;

/** The same for a spec that is parsed already. */
export const readSpecObject = <S extends z.ZodType>(schema: S, stored: unknown): z.output<S> =>
  read(schema, stored).spec;

/**
 * What to store in place of `stored`. Other releases must be able to read it: a default that `stored` does not spell out is not written, and
 * fields of `stored` that this release does not know are kept, nested ones if nothing else has changed beside them.
 * @param next as the schema has read it
 */
export function specToStore(schema: z.ZodType, stored: JsonObject, next: object): JsonObject {
  const { spec, unknown } = read(schema, stored);
  const out = structuredClone(withoutNewDefaults({ ...next }, spec as JsonObject, stored));
  for (const { path, value } of unknown) {
    const [parent, field] = [path.slice(0, -1), path.at(-1) ?? ""];
    if (parent.length > 0 && !jsonEqual(memberAt(next, parent), memberAt(spec, parent))) continue;
    (memberAt(out, parent) as Record<PropertyKey, unknown>)[field] = value;
  }
  return out;
}

/** @param before `stored` with its defaults */
function withoutNewDefaults(next: JsonObject, before: JsonObject, stored: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [field, value] of Object.entries(next)) {
    const [was, spelled] = [before[field], stored[field]];
    if (spelled === undefined && jsonEqual(value, was)) continue;
    out[field] =
      isObject(value) && isObject(was) && isObject(spelled) ? withoutNewDefaults(value, was, spelled) : value;
  }
  return out;
}

function read<S extends z.ZodType>(schema: S, stored: unknown): Read<z.output<S>> {
  const unknown: { path: Path; value: unknown }[] = [];
  let known = stored;
  for (;;) {
    const result = schema.safeParse(known);
    if (result.success) return { spec: result.data, unknown };
    const paths = unknownFields(result.error.issues);
    if (paths.length === 0) throw result.error;
    if (known === stored) known = structuredClone(stored);
    for (const path of paths) {
      const parent = memberAt(known, path.slice(0, -1)) as Record<PropertyKey, unknown>;
      const field = path.at(-1) ?? "";
      unknown.push({ path, value: parent[field] });
      delete parent[field];
    }
  }
}

function unknownFields(issues: readonly z.core.$ZodIssue[]): Path[] {
  return issues.flatMap((issue): Path[] => {
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => [...issue.path, key]);
    if (issue.code !== "invalid_union") return [];
    // The variant that fits once its unknown fields are left out; of several, the one with the fewest such fields.
    const [fewest] = issue.errors
      .map((errors) => ({ errors, fields: unknownFields(errors) }))
      .filter(({ errors, fields }) => fields.length > 0 && errors.every((error) => unknownFields([error]).length > 0))
      .sort((a, b) => a.fields.length - b.fields.length);
    return fewest?.fields.map((path) => [...issue.path, ...path]) ?? [];
  });
}

const memberAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (member, key) =>
      Array.isArray(member) || isObject(member) ? (member as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
