// Bearer authentication: the admin token, compared in constant time, or a token of the API's, found by its hash; then the scope. The
// dashboard's own requests may carry a principal instead of a token.
// No token is cached: a revoked one is refused from the next request on.
import type { Context, MiddlewareHandler } from "hono";
import { TOKEN_USE_MS } from "../config/limits.ts";
import { constantTimeEqual, toHex, utf8 } from "../kernel/bytes.ts";
import { ADMIN_PRINCIPAL, covers, isTokenText, type Principal } from "../model/token.ts";
import { describeError } from "../telemetry/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { Problem } from "../model/problem.ts";
import { limitFailures } from "./failed-attempts.ts";
import { scopeOf } from "./scopes.ts";
import { markUsed, tokenByHash } from "../store/index.ts";

export const NO_ADMIN_TOKEN = "Set the secret SLUICE_ADMIN_TOKEN, then send it as a bearer token.";

type AuthDeps = Pick<ApiDeps, "settings" | "db" | "now" | "log" | "vouchedFor" | "mayTry">;

const digest = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)));

/** The form in which a token is stored. 256 random bits need no salt. */
export const tokenHash = async (token: string): Promise<string> => toHex(await digest(token));

async function findPrincipal(given: string, adminToken: string, deps: AuthDeps): Promise<Principal | null> {
  // Digests have one length, so the comparison does not reveal the token's length.
  if (constantTimeEqual(await digest(given), await digest(adminToken))) return ADMIN_PRINCIPAL;
  if (!isTokenText(given)) return null;
  const token = await tokenByHash(deps.db, await tokenHash(given));
  const now = deps.now();
  if (token === null || (token.expires_at !== null && token.expires_at <= now)) return null;
  const since = now - TOKEN_USE_MS;
  if (token.last_used_at === null || token.last_used_at <= since) {
    // A request does not fail because its token's last use could not be written.
    await markUsed(deps.db, token.id, now, since).catch((error: unknown) =>
      deps.log.error("token use not recorded", { token: token.id, error: describeError(error) }),
    );
  }
  return token;
}

/** Finds out whose bearer token a request carries; null for none that is valid. @throws Problem `too_many_attempts` */
export function callerFinder(deps: AuthDeps): (c: Context<ApiEnv>, adminToken: string) => Promise<Principal | null> {
  const limited = limitFailures(deps);
  return async (c, adminToken) => {
    const given = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (given === undefined) return null;
    const address = c.req.header("cf-connecting-ip") ?? null;
    return limited(address, await tokenHash(given), () => findPrincipal(given, adminToken, deps));
  };
}

export function authenticate(deps: AuthDeps): MiddlewareHandler<ApiEnv> {
  const findCaller = callerFinder(deps);
  return async (c, next) => {
    const { adminToken, adminTokenFault } = deps.settings;
    if (adminToken === null) throw new Problem("not_configured", adminTokenFault ?? NO_ADMIN_TOKEN);
    const principal = deps.vouchedFor(c.req.raw) ?? (await findCaller(c, adminToken));
    if (principal === null) throw new Problem("unauthorized", "Send Authorization: Bearer <token>.");
    const needed = scopeOf(c.req.method, c.req.path.replace(/^\/api\/v1/, ""));
    if (!covers(principal.scope, needed)) {
      throw new Problem("forbidden", `This needs a token of scope ${needed}; this one has ${principal.scope}.`);
    }
    c.set("principal", principal);
    await next();
  };
}
