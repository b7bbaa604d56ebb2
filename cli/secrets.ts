// `{"env": "NAME"}` in place of a secret: a variable of the command's environment. In no other place.
import { SECRET_PLACES } from "../src/model/secret.ts";
import { isObject } from "./data.ts";
import { Failure } from "./errors.ts";
import type { Io } from "./io.ts";

/**
 * Replaces them in lists of records by kind: `{sources: [...], destinations: [...]}`.
 * @param document changed in place @param label for the error @returns whether anything was replaced
 * @throws Failure if a variable is not set
 */
export function fillSecrets(document: unknown, env: Io["env"], label: string): boolean {
  const missing: string[] = [];
  let changed = false;
  const filled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(filled);
    if (!isObject(value) || Object.keys(value).join() !== "env" || typeof value["env"] !== "string") return value;
    const found = env[value["env"]];
    changed = true;
    if (!found) missing.push(value["env"]);
    return found;
  };
  for (const [kind, parts] of Object.entries(SECRET_PLACES)) {
    const items = isObject(document) ? document[kind] : null;
    for (const item of Array.isArray(items) ? (items as unknown[]) : [])
      for (const [part, fields] of Object.entries(parts)) {
        const place = isObject(item) ? item[part] : null;
        if (isObject(place)) for (const field of fields) if (field in place) place[field] = filled(place[field]);
      }
  }
  if (missing.length > 0)
    throw new Failure(`${label} refers to environment variables that are not set: ${[...new Set(missing)].join(", ")}`);
  return changed;
}
