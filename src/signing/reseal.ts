// Seals a record's secrets again under the current key, wherever in it they are.
import { err, ok, type Result } from "../kernel/result.ts";
import { SECRET_PLACES } from "../model/secret.ts";
import { configPlace, type OpenFailure, type Vault, type VaultMisconfigured } from "./vault.ts";

/** Every field that holds secrets, as `fieldAt` names it. */
const FIELDS = new Set(
  Object.values<Readonly<Record<string, readonly string[]>>>(SECRET_PLACES).flatMap((parts) =>
    Object.entries(parts).flatMap(([part, fields]) => fields.map((field) => `${part}/${field}`)),
  ),
);

/** Elsewhere, as in a response or a filter, text of this form is the user's own. */
const isSealed = (value: object, path: readonly string[]): value is { sealed: string } =>
  FIELDS.has(fieldAt(path)) &&
  "sealed" in value &&
  typeof value.sealed === "string" &&
  /^v1\.[0-9a-f]{8}\./.test(value.sealed) &&
  Object.keys(value).length === 1;

/** The field that a secret at this path has in its place: without positions in lists, and the same for a signing secret that is being retired. */
const fieldAt = (path: readonly string[]): string => {
  const names = path.filter((name) => !/^\d+$/.test(name));
  return names[0] === "signing" ? "signing/secrets" : names.join("/");
};

/**
 * The same JSON, with each secret that another key sealed now sealed by the current key. All of them or none.
 * @param record the id of the record
 */
export async function reseal(
  json: unknown,
  record: string,
  currentKeyId: string,
  vault: Vault,
  path: readonly string[] = [],
): Promise<Result<unknown, OpenFailure | VaultMisconfigured>> {
  if (typeof json !== "object" || json === null) return ok(json);
  if (isSealed(json, path)) {
    if (json.sealed.startsWith(`v1.${currentKeyId}.`)) return ok(json);
    const place = configPlace(record, fieldAt(path));
    const opened = await vault.open(json, place);
    return opened.ok ? vault.seal(opened.value, place) : opened;
  }
  const entries: [string, unknown][] = [];
  for (const [key, value] of Object.entries(json)) {
    const result = await reseal(value, record, currentKeyId, vault, [...path, key]);
    if (!result.ok) return err(result.error);
    entries.push([key, result.value]);
  }
  return ok(Array.isArray(json) ? entries.map(([, value]) => value) : Object.fromEntries(entries));
}
