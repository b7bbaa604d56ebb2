// Bearer authentication against the admin token, compared in constant time.
import type { MiddlewareHandler } from "hono";
import { constantTimeEqual, utf8 } from "../kernel/bytes.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { Problem } from "./problem.ts";

const digest = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)));

export const authenticate =
  ({ settings }: Pick<ApiDeps, "settings">): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    if (settings.adminToken === null) {
      throw new Problem("not_configured", "Set the secret SLUICE_ADMIN_TOKEN, then send it as a bearer token.");
    }
    const given = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    // Digests have one length, so the comparison tells nothing of the token's.
    if (given === undefined || !constantTimeEqual(await digest(given), await digest(settings.adminToken))) {
      throw new Problem("unauthorized", "Send Authorization: Bearer <token>.");
    }
    await next();
  };
