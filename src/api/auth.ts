// Bearer authentication: the admin token, compared in constant time, or a token of the API's, found by its hash; then the scope. The
// dashboard's own requests may come with a principal in place of a token.
// Nothing is remembered between requests: a token that is revoked is refused from the next request on.
import type { MiddlewareHandler } from "hono";
import { TOKEN_USE_MS } from "../config/limits.ts";
import { constantTimeEqual, toHex, utf8 } from "../kernel/bytes.ts";
import { ADMIN_PRINCIPAL, covers, isTokenText, type Principal } from "../model/token.ts";
import { describeError } from "../telemetry/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { Problem } from "../model/problem.ts";
import { scopeOf } from "./scopes.ts";
import { markUsed, tokenByHash } from "../store/index.ts";

type AuthDeps = Pick<ApiDeps, "settings" | "db" | "now" | "log" | "vouchedFor">;

const digest = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)));

/** What is kept of a token. 256 random bits need no salt. */
export const tokenHash = async (token: string): Promise<string> => toHex(await digest(token));

async function principalOf(given: string, adminToken: string, deps: AuthDeps): Promise<Principal | null> {
  // Digests have one length, so the comparison tells nothing of the token's.
  if (constantTimeEqual(await digest(given), await digest(adminToken))) return ADMIN_PRINCIPAL;
  if (!isTokenText(given)) return null;
  const token = await tokenByHash(deps.db, await tokenHash(given));
  const now = deps.now();
  if (token === null || (token.expires_at !== null && token.expires_at <= now)) return null;
  const since = now - TOKEN_USE_MS;
  if (token.last_used_at === null || token.last_used_at <= since) {
    // When it was last used is worth no failed request.
    await markUsed(deps.db, token.id, now, since).catch((error: unknown) =>
      deps.log.error("token use not recorded", { token: token.id, error: describeError(error) }),
    );
  }
  return token;
}

export const authenticate =
  (deps: AuthDeps): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const { adminToken } = deps.settings;
    if (adminToken === null) {
      throw new Problem("not_configured", "Set the secret SLUICE_ADMIN_TOKEN, then send it as a bearer token.");
    }
    const given = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const principal =
      deps.vouchedFor(c.req.raw) ?? (given === undefined ? null : await principalOf(given, adminToken, deps));
    if (principal === null) throw new Problem("unauthorized", "Send Authorization: Bearer <token>.");
    const needed = scopeOf(c.req.method, c.req.path.replace(/^\/api\/v1/, ""));
    if (!covers(principal.scope, needed)) {
      throw new Problem("forbidden", `This needs a token of scope ${needed}; this one has ${principal.scope}.`);
    }
    c.set("principal", principal);
    await next();
  };
