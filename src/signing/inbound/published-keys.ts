// Checks a JSON Web Token (RFC 7519) with the key set that its issuer publishes (RFC 7517). The set is cached, and fetched again when it
// lacks the token's key.
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTPayload, type JWTVerifyOptions } from "jose";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { RemoteTexts } from "./remote-texts.ts";

/** Issuers rotate keys: a set that lacks a key is fetched again, at most this often. */
const REFRESH_MS = 60_000;

/** @returns the claims of a valid token @throws jose's error for an invalid one */
export async function verifyPublished(
  token: string,
  url: string,
  options: JWTVerifyOptions,
  nowMs: number,
  remote: RemoteTexts,
): Promise<Result<JWTPayload, "keys_unavailable" | "unusable_keys">> {
  const verify = async (maxAgeMs?: number): ReturnType<typeof verifyPublished> => {
    const published = await remote.get(url, nowMs, maxAgeMs);
    if (published === "unavailable") return err("keys_unavailable");
    const keys = published === "absent" ? null : parseKeys(published.text);
    if (keys === null) return err("unusable_keys");
    const payload = await verifyWithAny(keys, token, options);
    remote.prove(url);
    return ok(payload);
  };
  try {
    return await verify();
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    return verify(REFRESH_MS);
  }
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** A token that names no key may be signed by any key that fits. */
async function verifyWithAny(keys: KeySet, token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (mismatch) {
        if (!(mismatch instanceof errors.JWSSignatureVerificationFailed)) throw mismatch;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function parseKeys(text: string): KeySet | null {
  try {
    return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  } catch {
    return null;
  }
}
