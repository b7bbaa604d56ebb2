// Checks an ed25519 or ECDSA P-256 signature over a template of the request. The secrets are public keys.
import { BoundedMap } from "../../kernel/bounded-map.ts";
import { concatBytes, fromBase64, fromHex, toBase64, toHex, utf8, type Bytes } from "../../kernel/bytes.ts";
import { PUBLIC_KEY_PREFIX, secretBytes } from "../../model/secret-forms.ts";
import type { Check } from "../../model/request-check.ts";
import { decided, failed, PASSED } from "./check.ts";
import { signatureItems, signaturesAmong, timeFault, timeText } from "./presented.ts";
import type { Encoding, PublicKeyRule } from "./rules.ts";
import { signedText } from "./signed-text.ts";
import type { Subject } from "./subject.ts";
import { withWholeBody } from "./whole-body.ts";

const importedKeys = new BoundedMap<string, CryptoKey>(200);

const importKey = (algorithm: PublicKeyRule["algorithm"], key: Bytes): Promise<CryptoKey> =>
  importedKeys.getOrMake(`${algorithm}:${toBase64(key)}`, () =>
    algorithm === "ed25519"
      ? crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"])
      : crypto.subtle.importKey("spki", key, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]),
  );

export function beginPublicKey(rule: PublicKeyRule, subject: Subject): Check {
  const { request } = subject;
  const items = signatureItems(rule.signature, request);
  if (items === null) return decided(failed("missing_signature"));
  const signatures = signaturesAmong(items, rule.signature)
    .map((text) => decodeSignature(rule, text))
    .filter((signature) => signature !== null);
  if (signatures.length === 0) return decided(failed("malformed_signature"));
  const keys = subject.secrets
    .filter((secret) => subject.form !== "whsec" || secret.startsWith(PUBLIC_KEY_PREFIX))
    .map((secret) => secretBytes(subject.form, secret))
    .filter((key) => key !== null);
  if (keys.length === 0) return decided(failed("no_usable_secret"));
  const time = rule.time === undefined ? null : timeText(rule.time, items, request, null);
  const fault =
    rule.time === undefined ? null : timeFault(time, rule.time.unit, subject.nowMs, subject.toleranceSeconds);
  if (fault !== null) return decided(failed(fault));
  const text = signedText(rule.signed, request, time, request.url);
  if (text === null) return decided(failed("missing_signed_header"));

  const algorithm = rule.algorithm === "ed25519" ? { name: "Ed25519" } : { name: "ECDSA", hash: "SHA-256" };
  return withWholeBody(async (body) => {
    const message = concatBytes([utf8(text.before), body, utf8(text.after)]);
    for (const bytes of keys) {
      // A key that is not a point on its curve matches nothing.
      const key = await importKey(rule.algorithm, bytes).catch(() => null);
      if (key === null) continue;
      for (const signature of signatures) {
        if (await crypto.subtle.verify(algorithm, key, signature, message)) return PASSED;
      }
    }
    return failed("signature_mismatch");
  });
}

/** The 64 bytes that WebCrypto expects. Null unless the text is their canonical form. */
function decodeSignature(rule: PublicKeyRule, text: string): Bytes | null {
  const bytes = canonical(text, rule.encoding);
  const signature = bytes !== null && rule.algorithm === "ecdsa_p256_der" ? fromDer(bytes) : bytes;
  return signature?.byteLength === 64 ? signature : null;
}

function canonical(text: string, encoding: Encoding): Bytes | null {
  if (encoding === "hex") {
    const bytes = fromHex(text);
    return bytes !== null && toHex(bytes) === text.toLowerCase() ? bytes : null;
  }
  const bytes = fromBase64(text);
  return bytes !== null && toBase64(bytes) === text ? bytes : null;
}

/** RFC 3279, section 2.2.3: SEQUENCE of two INTEGERs, each at most 33 bytes. Returns r and s of 32 bytes each, or null for anything else. */
function fromDer(der: Uint8Array): Bytes | null {
  if (der[0] !== 0x30 || der[1] !== der.byteLength - 2) return null;
  const out = new Uint8Array(64);
  let at = 2;
  for (const half of [0, 32]) {
    const length = der[at + 1] ?? 0;
    const number = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 0x02 || length === 0 || number.byteLength !== length) return null;
    const digits = number[0] === 0 && length > 1 ? number.subarray(1) : number;
    if (digits.byteLength > 32) return null;
    out.set(digits, half + 32 - digits.byteLength);
    at += 2 + length;
  }
  return at === der.byteLength ? out : null;
}
