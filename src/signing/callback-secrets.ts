// The secret that signs callbacks: one for the whole deployment, configured or derived from the master key.
import { toBase64, utf8 } from "../kernel/bytes.ts";
import { kindOfSigningSecret } from "./outbound/standard-webhooks.ts";

export interface CallbackSecretSettings {
  /** As `whsec_…`. */
  readonly callbackSecrets: readonly string[];
  readonly masterKey: string | null;
  readonly oldMasterKeys: readonly string[];
}

/**
 * As `whsec_…`, the current one first. All of them sign, so that a receiver can use any. Empty when there is neither a secret nor a master
 * key, or when a configured secret does not have this form.
 */
export function callbackSecrets(settings: CallbackSecretSettings): () => Promise<readonly string[]> {
  let known: Promise<readonly string[]> | null = null;
  return () => (known ??= readSecrets(settings));
}

async function readSecrets({
  callbackSecrets: configured,
  masterKey,
  oldMasterKeys,
}: CallbackSecretSettings): Promise<readonly string[]> {
  if (configured.length > 0)
    return configured.every((secret) => kindOfSigningSecret(secret) === "hmac") ? configured : [];
  return masterKey === null ? [] : Promise.all([masterKey, ...oldMasterKeys].map(derive));
}

async function derive(masterKey: string): Promise<string> {
  const key = await crypto.subtle.importKey("raw", utf8(masterKey), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, utf8("sluice callback secret, version 1"));
  return `whsec_${toBase64(new Uint8Array(mac))}`;
}
