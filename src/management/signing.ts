// Signing secrets of a destination: made when none is given, with the public keys of asymmetric ones.
import * as z from "zod";
import { isObject, type JsonObject } from "../kernel/json-object.ts";
import { randomBytes } from "../kernel/random.ts";
import type { DestinationSpec } from "../model/destination.ts";
import type { StoredSecret } from "../model/secret.ts";
import { configPlace, newSigningSecret, derivePublicKey, type Vault } from "../signing/index.ts";

export interface WithSigning {
  readonly input: JsonObject;
  /** Secrets that Sluice made just now: shown only once. */
  readonly made: readonly string[] | null;
}

const kindSchema = z.enum(["hmac", "ed25519"]).default("hmac").catch("hmac");

/** The input of a destination with its signing complete, still unsealed. Fields that only Sluice writes are taken from the stored record. */
export async function completeSigning(input: JsonObject, stored: JsonObject | null): Promise<WithSigning> {
  const given = input["signing"];
  if (!isObject(given) || given["type"] !== "standard_webhooks") return { input, made: null };
  const { retiring: _retiring, public_keys: _keys, ...signing } = given;
  if (signing["secrets"] !== undefined) return { input: { ...input, signing }, made: null };
  const before = stored?.["signing"];
  if (isObject(before) && before["type"] === "standard_webhooks") {
    const { public_keys = [], retiring = [] } = before;
    return { input: { ...input, signing: { ...signing, public_keys, retiring } }, made: null };
  }
  const made = [await newSigningSecret(kindSchema.parse(signing["algorithm"]), randomBytes)];
  return { input: { ...input, signing: { ...signing, secrets: made } }, made };
}

/** The public halves of asymmetric secrets. @param destination its id */
export async function publicKeys(
  secrets: readonly StoredSecret[],
  destination: string,
  vault: Vault,
): Promise<string[]> {
  const opened = await vault.openSecrets(secrets, configPlace(destination, "signing/secrets"));
  const keys = await Promise.all(opened.map(derivePublicKey));
  return keys.filter((key) => key !== null);
}

/** The checked record with the public keys of its secrets, where those are new. */
export async function withPublicKeys(
  spec: DestinationSpec,
  destination: string,
  input: JsonObject,
  vault: Vault,
): Promise<DestinationSpec> {
  const given = input["signing"];
  if (spec.signing.type === "none" || !isObject(given) || given["public_keys"] !== undefined) return spec;
  return {
    ...spec,
    signing: { ...spec.signing, public_keys: await publicKeys(spec.signing.secrets, destination, vault) },
  };
}
