// The forms of secrets, by provider: a secret of the wrong form is refused when it is configured, not at every request.
import { fromBase64, fromHex, utf8, type Bytes } from "../kernel/bytes.ts";
import type { Verification } from "./verification.ts";

export type SecretForm =
  "text" | "token_or_whsec" | "whsec" | "hex" | "base64" | "ed25519" | "p256_spki" | "user_password";

const FORMS: Partial<Record<Verification["type"], SecretForm>> = {
  standard_webhooks: "whsec",
  svix: "whsec",
  clerk: "whsec",
  resend: "whsec",
  openai: "whsec",
  gitlab: "token_or_whsec",
  discord: "ed25519",
  sendgrid: "p256_spki",
  adyen: "hex",
  airtable: "base64",
  basic: "user_password",
  postmark: "user_password",
  chargebee: "user_password",
};

const FAULTS: Record<SecretForm, string> = {
  text: "must not be empty",
  token_or_whsec: "must be a token, or whsec_ and base64",
  whsec: "must be base64, after whsec_ (secret) or whpk_ (public key of 32 bytes)",
  hex: "must be an even number of hexadecimal digits",
  base64: "must be base64",
  ed25519: "must be an ed25519 public key: 64 hexadecimal digits",
  p256_spki: "must be an ECDSA P-256 public key in base64 (SubjectPublicKeyInfo)",
  user_password: "must be username:password",
};

/** Forms in which white space around a secret cannot be part of it. */
const ENCODED: readonly SecretForm[] = ["whsec", "hex", "base64", "ed25519", "p256_spki"];

/** The part of a verification that determines the form of its secrets. */
interface Verified {
  readonly type: Verification["type"];
  readonly secret_encoding?: string;
}

/** The form of a verification's secrets. */
export function secretFormOf(verification: Verified): SecretForm {
  if (verification.type === "hmac")
    return verification.secret_encoding === "hex" || verification.secret_encoding === "base64"
      ? verification.secret_encoding
      : "text";
  return (Object.hasOwn(FORMS, verification.type) ? FORMS[verification.type] : null) ?? "text";
}

/** Whether a verification's secrets are an encoding of bytes, so that white space around them means nothing. */
export const isSecretEncoded = (verification: Verified): boolean => ENCODED.includes(secretFormOf(verification));

export const PUBLIC_KEY_PREFIX = "whpk_";
const HMAC_PREFIX = "whsec_";

/** Whether a secret of this form is the key of an HMAC: some are public keys, or tokens that are sent as they are. */
export const isMacKey = (form: SecretForm, secret: string): boolean =>
  form === "token_or_whsec"
    ? secret.startsWith(HMAC_PREFIX)
    : form !== "whsec" || !secret.startsWith(PUBLIC_KEY_PREFIX);

// RFC 5480: id-ecPublicKey on secp256r1, then the point uncompressed.
const P256_SPKI_HEAD = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
const P256_SPKI_BYTES = 91;

const decoded = (bytes: Bytes | null): Bytes | null => (bytes === null || bytes.byteLength === 0 ? null : bytes);

/** The key's bytes, or null when the text has another form. */
export function secretBytes(form: SecretForm, secret: string): Bytes | null {
  switch (form) {
    case "text":
      return decoded(utf8(secret));
    case "token_or_whsec":
      return decoded(secret.startsWith(HMAC_PREFIX) ? fromBase64(secret.slice(HMAC_PREFIX.length)) : utf8(secret));
    case "hex":
      return decoded(fromHex(secret));
    case "base64":
      return decoded(fromBase64(secret));
    case "ed25519": {
      const key = fromHex(secret);
      return key?.byteLength === 32 ? key : null;
    }
    case "whsec": {
      const isPublic = secret.startsWith(PUBLIC_KEY_PREFIX);
      const key = decoded(fromBase64(secret.replace(/^(whsec_|whpk_)/, "")));
      return isPublic && key?.byteLength !== 32 ? null : key;
    }
    case "p256_spki": {
      const head = fromHex(P256_SPKI_HEAD) ?? new Uint8Array();
      const key = fromBase64(secret.replace(/-----(BEGIN|END) PUBLIC KEY-----|\s/g, ""));
      return key?.byteLength === P256_SPKI_BYTES && head.every((byte, index) => key[index] === byte) ? key : null;
    }
    case "user_password":
      return secret.includes(":") ? utf8(secret) : null;
  }
}

/** What is wrong with a secret for this verification, in words that do not contain it; null when it is valid. */
export function secretFault(verification: Verified, secret: string): string | null {
  const form = secretFormOf(verification);
  return secretBytes(form, secret) === null ? FAULTS[form] : null;
}
