// Standard Webhooks, version 1: signatures over `id.timestamp.body`, HMAC-SHA256 (`v1`, secrets `whsec_…`) and ed25519 (`v1a`, secrets
// `whsk_…`, public keys `whpk_…`). https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { createHmac } from "node:crypto";
import { concatBytes, fromBase64, toBase64, utf8, type Bytes } from "../../kernel/bytes.ts";
import type { BodySigner } from "./body-signer.ts";

const SEED_BYTES = 32;
// RFC 8410, section 7: the bytes before the seed in the PKCS #8 form of an ed25519 key.
// prettier-ignore
const PKCS8_HEAD = new Uint8Array([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);

export type SigningSecretKind = "hmac" | "ed25519";

const bytesAfter = (prefix: string, secret: string): Bytes | null =>
  secret.startsWith(prefix) ? fromBase64(secret.slice(prefix.length)) : null;

/** The HMAC key. Null unless it is a `whsec_` secret of 24 to 64 bytes, as the specification demands. */
function hmacKey(secret: string): Bytes | null {
  const bytes = bytesAfter("whsec_", secret);
  return bytes !== null && bytes.byteLength >= 24 && bytes.byteLength <= 64 ? bytes : null;
}

/** The seed of an ed25519 key. The secret is the seed alone, or followed by the public key as in libsodium. */
function ed25519Seed(secret: string): Bytes | null {
  const bytes = bytesAfter("whsk_", secret);
  return bytes?.byteLength === SEED_BYTES || bytes?.byteLength === 2 * SEED_BYTES ? bytes.slice(0, SEED_BYTES) : null;
}

export const kindOfSigningSecret = (secret: string): SigningSecretKind | null =>
  hmacKey(secret) !== null ? "hmac" : ed25519Seed(secret) !== null ? "ed25519" : null;

const importSeed = (seed: Bytes, extractable: boolean): Promise<CryptoKey> =>
  crypto.subtle.importKey("pkcs8", concatBytes([PKCS8_HEAD, seed]), "Ed25519", extractable, ["sign"]);

/** The `whpk_…` of a `whsk_…`. Null for any other secret. */
export async function derivePublicKey(secret: string): Promise<string | null> {
  const seed = ed25519Seed(secret);
  if (seed === null) return null;
  const jwk = (await crypto.subtle.exportKey("jwk", await importSeed(seed, true))) as JsonWebKey;
  return `whpk_${toBase64(fromBase64(jwk.x ?? "") ?? new Uint8Array())}`;
}

/** @param random strong random bytes */
export async function newSigningSecret(kind: SigningSecretKind, random: (length: number) => Bytes): Promise<string> {
  if (kind === "hmac") return `whsec_${toBase64(random(32))}`;
  const seed = random(SEED_BYTES);
  const publicKey = bytesAfter("whpk_", (await derivePublicKey(`whsk_${toBase64(seed)}`)) ?? "") ?? new Uint8Array();
  return `whsk_${toBase64(concatBytes([seed, publicKey]))}`;
}

/** Whether one of the secrets needs the whole body in memory. */
export const needsWholeBody = (secrets: readonly string[]): boolean =>
  secrets.some((secret) => ed25519Seed(secret) !== null);

/** @param secrets all of them sign; `kindOfSigningSecret` must know each @param timestamp in seconds */
export function signStandardWebhooks(secrets: readonly string[], id: string, timestamp: number): BodySigner {
  const head = utf8(`${id}.${timestamp}.`);
  const macs = secrets.map((secret) => {
    const key = hmacKey(secret);
    return key === null ? null : createHmac("sha256", key).update(head);
  });
  const whole: Uint8Array[] | null = needsWholeBody(secrets) ? [head] : null;
  return {
    update(chunk) {
      for (const mac of macs) mac?.update(chunk);
      whole?.push(chunk);
    },
    async finish() {
      const message = whole === null ? null : concatBytes(whole);
      const signatures = await Promise.all(
        secrets.map(async (secret, index) => {
          const mac = macs[index];
          if (mac != null) return `v1,${mac.digest("base64")}`;
          const key = await importSeed(ed25519Seed(secret) ?? new Uint8Array(SEED_BYTES), false);
          return `v1a,${toBase64(new Uint8Array(await crypto.subtle.sign("Ed25519", key, message ?? head)))}`;
        }),
      );
      return [
        ["webhook-id", id],
        ["webhook-timestamp", String(timestamp)],
        ["webhook-signature", signatures.join(" ")],
      ];
    },
  };
}
