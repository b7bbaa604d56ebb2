// Checks a JSON Web Token (RFC 7519) in a header, by shared secrets or by the key set that its issuer publishes.
// Such a token says who sends, not what: it does not cover the body.
import {
  createLocalJWKSet,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from "jose";
import { utf8 } from "../../kernel/bytes.ts";
import type { Verification } from "../../model/verification.ts";
import { failed, PASSED, type Verdict } from "./check.ts";
import type { RemoteTexts } from "./remote-texts.ts";
import type { RequestView } from "./request-view.ts";

/** A key set is asked for again at most so often for a key that it lacked: issuers rotate. */
const REFRESH_MS = 60_000;
const SYMMETRIC = ["HS256", "HS384", "HS512"];
const ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

export async function checkJwt(
  rule: Extract<Verification, { type: "jwt" }>,
  secrets: readonly string[],
  request: RequestView,
  nowMs: number,
  remote: RemoteTexts,
): Promise<Verdict> {
  const value = request.header(rule.header.toLowerCase());
  if (value === null) return failed("missing_signature");
  const token = value.replace(/^bearer +/i, "").trim();
  const options: JWTVerifyOptions = {
    currentDate: new Date(nowMs),
    clockTolerance: rule.tolerance_seconds,
    algorithms: rule.algorithms ?? (rule.jwks_url === undefined ? SYMMETRIC : ASYMMETRIC),
    ...(rule.issuer === undefined ? {} : { issuer: rule.issuer }),
    ...(rule.audience === undefined ? {} : { audience: rule.audience }),
  };
  if (rule.jwks_url === undefined) {
    const results = await Promise.all(
      secrets.map((secret) => verified(jwtVerify(token, utf8(secret), options), rule, nowMs)),
    );
    // What the right key found wrong says more than what all the others could not read.
    return (
      results.find((result) => result.ok) ??
      results.find((result) => !result.ok && result.cause !== "token_rejected") ??
      failed(secrets.length === 0 ? "no_usable_secret" : "token_rejected")
    );
  }
  for (const maxAgeMs of [undefined, REFRESH_MS]) {
    const published = await remote.get(rule.jwks_url, nowMs, maxAgeMs);
    if (published === "unavailable") return failed("keys_unavailable");
    const keys = published === "absent" ? null : parseKeys(published.text);
    if (keys === null) return failed("unusable_keys");
    try {
      return await verified(byAnyOf(keys, token, options), rule, nowMs, true);
    } catch {
      // The set has no key for it: once more with a fresh one.
    }
  }
  return failed("token_rejected");
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** A token that names no key may have been signed by any of those that fit. */
async function byAnyOf(keys: KeySet, token: string, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, keys, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (mismatch) {
        if (!(mismatch instanceof errors.JWSSignatureVerificationFailed)) throw mismatch;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** @param rethrow throws when the key set has no key for the token */
async function verified(
  verification: Promise<JWTVerifyResult>,
  rule: { readonly tolerance_seconds: number },
  nowMs: number,
  rethrow = false,
): Promise<Verdict> {
  try {
    const { payload } = await verification;
    // A token without an end is good only around the time it was made: it could be replayed for ever.
    if (payload.exp === undefined) {
      const age = payload.iat === undefined ? null : Math.abs(nowMs / 1_000 - payload.iat);
      if (age === null) return failed("missing_timestamp");
      if (age > rule.tolerance_seconds) return failed("timestamp_too_old");
    }
    return PASSED;
  } catch (error) {
    if (rethrow && error instanceof errors.JWKSNoMatchingKey) throw error;
    return failed(error instanceof errors.JWTExpired ? "timestamp_too_old" : "token_rejected");
  }
}

function parseKeys(text: string): KeySet | null {
  try {
    return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  } catch {
    return null;
  }
}
