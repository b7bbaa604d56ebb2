// Checks a JSON Web Token (RFC 7519) in a header, with shared secrets or with the key set that its issuer publishes.
// Such a token identifies the sender. It does not cover the body.
import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from "jose";
import { utf8 } from "../../kernel/bytes.ts";
import type { Verification } from "../../model/verification.ts";
import type { Verdict } from "../../model/request-check.ts";
import { failed, PASSED } from "./check.ts";
import { verifyPublished } from "./published-keys.ts";
import type { RemoteTexts } from "./remote-texts.ts";
import type { RequestView } from "./request-view.ts";

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
      secrets.map((secret) =>
        jwtVerify(token, utf8(secret), options).then(({ payload }) => judge(payload, rule, nowMs), refusal),
      ),
    );
    // The result of the matching key is more specific than the failure of every other key.
    return (
      results.find((result) => result.ok) ??
      results.find((result) => !result.ok && result.cause !== "token_rejected") ??
      failed(secrets.length === 0 ? "no_usable_secret" : "token_rejected")
    );
  }
  try {
    const result = await verifyPublished(token, rule.jwks_url, options, nowMs, remote);
    return result.ok ? judge(result.value, rule, nowMs) : failed(result.error);
  } catch (error) {
    return refusal(error);
  }
}

/** Judges the time in a token whose signature is valid. */
function judge(payload: JWTPayload, rule: { readonly tolerance_seconds: number }, nowMs: number): Verdict {
  // A token without an expiry is valid only around the time of its issue; otherwise it could be replayed for ever.
  if (payload.exp === undefined) {
    const age = payload.iat === undefined ? null : Math.abs(nowMs / 1_000 - payload.iat);
    if (age === null) return failed("missing_timestamp");
    if (age > rule.tolerance_seconds) return failed("timestamp_too_old");
  }
  return PASSED;
}

const refusal = (error: unknown): Verdict =>
  failed(error instanceof errors.JWTExpired ? "timestamp_too_old" : "token_rejected");
