// Input for a record, made whole: its secrets made where none are given, sealed, laid over what is stored, checked.
import type { JsonObject } from "../kernel/json-object.ts";
import type { DestinationSpec } from "../model/destination.ts";
import type { Kind } from "../store/index.ts";
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
 * @param withDefaults fills in what follows from other fields
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
  const { input, made } = kind === "destinations" ? await completeSigning(given, stored) : { input: given, made: null };
  const sealed = await sealSecrets(kind, id, input, stored, ports.vault);
  const spec = parseSpec(kind, await withDefaults({ ...stored, ...sealed }));
  await checkSpec(kind, spec, ports);
  if (kind !== "destinations") return { spec, made };
  return { spec: await withPublicKeys(spec as DestinationSpec, id, input, ports.vault), made };
}
