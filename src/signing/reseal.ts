// Seals a record's secrets anew under the current master key, wherever in it they stand.
import { err, ok, type Result } from "../kernel/result.ts";
import type { OpenFailure, Vault, VaultMisconfigured } from "./vault.ts";

const isSealed = (value: object): value is { sealed: string } =>
  "sealed" in value &&
  typeof value.sealed === "string" &&
  /^v1\.[0-9a-f]{8}\./.test(value.sealed) &&
  Object.keys(value).length === 1;

/** The same JSON with every secret that another key has sealed sealed by the current one. All of it or nothing. */
export async function reseal(
  json: unknown,
  currentKeyId: string,
  vault: Vault,
): Promise<Result<unknown, OpenFailure | VaultMisconfigured>> {
  if (typeof json !== "object" || json === null) return ok(json);
  if (isSealed(json)) {
    if (json.sealed.startsWith(`v1.${currentKeyId}.`)) return ok(json);
    const opened = await vault.open(json);
    return opened.ok ? vault.seal(opened.value) : opened;
  }
  const entries: [string, unknown][] = [];
  for (const [key, value] of Object.entries(json)) {
    const result = await reseal(value, currentKeyId, vault);
    if (!result.ok) return err(result.error);
    entries.push([key, result.value]);
  }
  return ok(Array.isArray(json) ? entries.map(([, value]) => value) : Object.fromEntries(entries));
}
