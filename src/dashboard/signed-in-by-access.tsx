// Who is signed in where Cloudflare Access does that: checked on each request, kept nowhere. No cookie of ours and no token lets anybody in.
import type { MiddlewareHandler } from "hono";
import type { AccessGate } from "./access-gate.ts";
import { apiClient } from "./api-client.ts";
import type { Ctx, DashboardDeps, DashEnv } from "./deps.ts";
import { Bare } from "./layout.tsx";

export const signedInByAccess =
  (gate: AccessGate, deps: DashboardDeps): MiddlewareHandler<DashEnv> =>
  async (c, next) => {
    const seen = await gate.principalOf(c.req.raw);
    if (!seen.ok) {
      deps.log.info("access refused", { request_id: c.env.requestId, reason: seen.error });
      return shutOut(c, seen.error === "keys_unavailable" ? 503 : 403);
    }
    const principal = seen.value;
    c.set("csrf", await deps.sessions.csrfOf(principal.id));
    c.set("viewer", principal.name);
    c.set("api", apiClient(deps.call, new URL(c.req.url).origin, principal));
    await next();
  };

/** Says nothing of why: that is in the log. */
export const shutOut = (c: Ctx, status: 403 | 503): Response | Promise<Response> =>
  c.html(
    <Bare title="Not signed in">
      <div class="card login">
        <h1>Not signed in</h1>
        <p>
          {status === 503
            ? "Who you are cannot be checked at the moment. Try again in a minute."
            : "Cloudflare Access signs in here, and has not signed you in. Open the dashboard under the address that Access protects."}
        </p>
      </div>
    </Bare>,
    status,
  );
