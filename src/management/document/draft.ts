// One record of a document, checked as the single endpoints check it and compared with the stored record of its slug.
import type { Clock } from "../../kernel/clock.ts";
import { jsonEqual } from "../../kernel/json-equal.ts";
import { newConnectionId, newDestinationId, newSourceId } from "../../model/ids.ts";
import type { DestinationSpec } from "../../model/destination.ts";
import type { DestinationSigning } from "../../model/destination-auth.ts";
import type { Vault } from "../../signing/index.ts";
import { checkSpec, parseSpec, type CheckPorts, type Spec } from "../specs.ts";
import { refuseFaults } from "../../model/problem.ts";
import { refuseDroppedSecrets } from "../dropped-secrets.ts";
import { sealSecrets } from "../secrets.ts";
import type { JsonObject } from "../../kernel/json-object.ts";
import { completeSigning, withPublicKeys } from "../signing.ts";
import { fullItem, type Ends } from "./items.ts";
import { withKept } from "./kept-secrets.ts";
import type { Stored } from "./stored.ts";
import type { Kind } from "../../store/index.ts";

type Signing = Exclude<DestinationSigning, { readonly type: "none" }>;

export interface Draft {
  readonly kind: Kind;
  /** The stored record's, or a new one. */
  readonly id: string;
  readonly slug: string;
  /** The record that it changes; null when it is new. */
  readonly stored: Stored | null;
  readonly spec: Spec;
  readonly paused: boolean;
  readonly ends: Ends | null;
  readonly item: JsonObject;
  readonly changed: boolean;
  /** Signing secrets that Sluice made for it. */
  readonly made: readonly string[] | null;
}

export type DraftPorts = CheckPorts & { readonly vault: Vault; readonly now: Clock };

const NEW_ID = { sources: newSourceId, destinations: newDestinationId, connections: newConnectionId } as const;

/** Fields of an item that are not part of the record's spec. */
const BESIDES: Readonly<Record<Kind, readonly string[]>> = {
  sources: [],
  destinations: ["paused"],
  connections: ["paused", "source", "destination"],
};

/** @throws Problem whose pointers begin at the record. An unchanged record's host names are not looked up again. */
export async function makeDraft(
  kind: Kind,
  given: JsonObject,
  found: Stored | null,
  ports: DraftPorts,
): Promise<Draft> {
  const slug = String(given["slug"]);
  const ends =
    kind === "connections" ? { source: String(given["source"]), destination: String(given["destination"]) } : null;
  const moved = ends !== null && (found?.ends?.source !== ends.source || found.ends.destination !== ends.destination);
  // A connection's source and destination cannot be changed: a new connection replaces it.
  const stored = moved ? null : found;
  const fields = Object.entries(given).filter(([field]) => !BESIDES[kind].includes(field));
  const id = stored?.id ?? NEW_ID[kind](ports.now());
  const spec = await makeSpec(kind, id, { name: slug, ...Object.fromEntries(fields) }, stored, ports);
  const paused = typeof given["paused"] === "boolean" ? given["paused"] : (found?.paused ?? false);
  const item = fullItem(kind, spec.spec, paused, ends);
  const changed = stored === null || !jsonEqual(stored.item, item);
  if (changed) await checkSpec(kind, spec.spec, ports);
  return { kind, id, slug, stored, paused, ends, item, changed, ...spec };
}

async function makeSpec(
  kind: Kind,
  id: string,
  given: JsonObject,
  stored: Stored | null,
  { vault }: DraftPorts,
): Promise<Pick<Draft, "spec" | "made">> {
  const kept = await withKept(kind, id, given, stored?.spec ?? null, vault);
  if (kept.faults.length > 0) refuseFaults(kept.faults);
  if (kind !== "destinations") {
    const spec = parseSpec(kind, await sealSecrets(kind, id, kept.input, null, vault));
    if (kind === "sources" && stored !== null) refuseDroppedSecrets(given, { ...stored.spec }, spec);
    return { spec, made: null };
  }
  const { input, made } = await completeSigning(kept.input, null);
  const spec = parseSpec(kind, await sealSecrets(kind, id, input, null, vault)) as DestinationSpec;
  const former = (stored?.spec as DestinationSpec | undefined)?.signing;
  // The same secrets keep their public keys, and the former secrets that still sign.
  if (spec.signing.type !== "none" && former !== undefined && former.type !== "none")
    if (jsonEqual(former.secrets, spec.signing.secrets))
      return { spec: { ...spec, signing: { ...former, ...configured(spec.signing) } }, made };
  return { spec: await withPublicKeys(spec, id, input, vault), made };
}

function configured({ public_keys: _keys, retiring: _retiring, ...rest }: Signing): Partial<Signing> {
  return rest;
}
