// Reads who is signed in by Cloudflare Access from the assertion that it adds to each request, verified with the keys that the team
// publishes. Trusts no other header: a request that reaches the Worker without passing Access can carry any.
// https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/
import { errors, type JWTPayload } from "jose";
import { err, ok, type Result } from "../kernel/result.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { verifyPublished } from "./inbound/published-keys.ts";
import type { RemoteTexts } from "./inbound/remote-texts.ts";

const ASSERTION_HEADER = "cf-access-jwt-assertion";
/** The clocks of Cloudflare's machines differ a little. */
const CLOCK_TOLERANCE_SECONDS = 10;
/** RFC 5321: 64 characters, @, 255. */
const MAX_EMAIL_LENGTH = 320;
/** No spaces and no control or invisible characters. */
const EMAIL = /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u;

export interface AccessIdentity {
  readonly email: string;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
}

export type AccessFailure =
  "no_assertion" | "assertion_rejected" | "assertion_expired" | "no_email" | "keys_unavailable" | "unusable_keys";

/** @param team its origin, `https://yourteam.cloudflareaccess.com`, and the audience tags of the applications to accept */
export async function accessIdentity(
  headers: Headers,
  team: { readonly origin: string; readonly audiences: readonly string[] },
  nowMs: number,
  remote: RemoteTexts,
): Promise<Result<AccessIdentity, AccessFailure>> {
  const assertion = headers.get(ASSERTION_HEADER);
  if (assertion === null) return err("no_assertion");
  const options = {
    algorithms: ["RS256"],
    issuer: team.origin,
    audience: [...team.audiences],
    requiredClaims: ["exp"],
    currentDate: new Date(nowMs),
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };
  try {
    const result = await verifyPublished(assertion, `${team.origin}/cdn-cgi/access/certs`, options, nowMs, remote);
    return result.ok ? readIdentity(result.value) : result;
  } catch (error) {
    return err(error instanceof errors.JWTExpired ? "assertion_expired" : "assertion_rejected");
  }
}

/** A service token has no e-mail address. It belongs to a program, and programs use the API. */
function readIdentity({ email, exp = 0 }: JWTPayload): Result<AccessIdentity, "no_email"> {
  if (typeof email !== "string" || email.length > MAX_EMAIL_LENGTH || !EMAIL.test(email)) return err("no_email");
  return ok({ email, expires_at: exp * SECOND_MS });
}
