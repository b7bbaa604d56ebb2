// Paths to fields in `$ref` and in the templates of transforms: `a.b[0]["odd name"][$index]`, optionally after `$.`. Only the part of
// JSONPath that names a single field.
import { err, ok, type Result } from "../kernel/result.ts";

/** `$index` is the index of the array element that encloses the comparison; the outermost array comes first. */
type Step = string | number | { readonly index: true };
export type Reference = readonly Step[];

const STEP = /\.?([^.[\]"'\s$][^.[\]"'\s]*)|\.?\[(\d{1,9})\]|\.?\[(\$index)\]|\.?\["([^"]*)"\]|\.?\['([^']*)'\]/y;

/** Fails with a message for the user. */
export function parseReference(text: string): Result<Reference, string> {
  const steps: Step[] = [];
  let at = text.startsWith("$") && !text.startsWith("$index") ? 1 : 0;
  while (at < text.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    if (match === null) return err("must be the path of a field, such as data.items[0].id");
    const [, name, index, current, double, single] = match;
    if (index !== undefined) steps.push(Number(index));
    else if (current !== undefined) steps.push({ index: true });
    else steps.push(name ?? double ?? single ?? "");
    at = STEP.lastIndex;
  }
  return steps.length === 0 ? err("must name a field") : ok(steps);
}

/** The value at the path; undefined when there is none. Own fields only, so that no path reaches a prototype. */
export function resolve(root: unknown, reference: Reference, indexes: readonly number[]): unknown {
  let value = root;
  let arrays = 0;
  for (const step of reference) {
    const key = typeof step === "object" ? indexes[arrays++] : step;
    if (typeof value !== "object" || value === null || key === undefined || !Object.hasOwn(value, key))
      return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}
