// The input of a record, completed: signing secrets made, secrets sealed, merged with the stored record, checked.
import type { JsonObject } from "../kernel/json-object.ts";
import type { DestinationSpec } from "../model/destination.ts";
import { invalid } from "../model/problem.ts";
import type { Kind } from "../store/index.ts";
import { refuseDroppedSecrets } from "./dropped-secrets.ts";
import { refuseMovedSecrets } from "./moved-secrets.ts";
import type { ManagementPorts } from "./ports.ts";
import { sealSecrets } from "./secrets.ts";
import { completeSigning, withPublicKeys } from "./signing.ts";
import { checkSpec, parseSpec, type Spec } from "./specs.ts";

export interface Complete {
  readonly spec: Spec;
  /** Signing secrets that Sluice made; null when it made none. */
  readonly made: readonly string[] | null;
}

/**
 * @param id of the record, which its secrets are bound to
 * @param stored the record's spec as it stands; null for a new record
 * @param withDefaults fills in fields that follow from others
 * @throws Problem that names every field that is wrong
 */
export async function completeSpec(
  kind: Kind,
  id: string,
  given: JsonObject,
  stored: JsonObject | null,
  ports: ManagementPorts,
  withDefaults: (input: JsonObject) => Promise<JsonObject> = async (input) => input,
): Promise<Complete> {
  if (kind === "destinations" && stored !== null) {
    if (given["type"] !== undefined && given["type"] !== stored["type"])
      throw invalid("/type", "cannot be changed: make another destination");
    refuseMovedSecrets(given, stored);
  }
  const { input, made } = kind === "destinations" ? await completeSigning(given, stored) : { input: given, made: null };
  const sealed = await sealSecrets(kind, id, input, stored, ports.vault);
  const spec = parseSpec(kind, await withDefaults({ ...stored, ...sealed }));
  if (kind === "sources" && stored !== null) refuseDroppedSecrets(given, stored, spec);
  await checkSpec(kind, spec, ports);
  if (kind !== "destinations") return { spec, made };
  return { spec: await withPublicKeys(spec as DestinationSpec, id, input, ports.vault), made };
}
