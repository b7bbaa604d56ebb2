// Sign-in through Cloudflare Access: the assertion is checked on each request and not stored. Session cookies and API tokens are not accepted.
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
      return refuseAccess(c, seen.error === "keys_unavailable" ? 503 : 403);
    }
    const principal = seen.value;
    c.set("session", null);
    c.set("csrf", await deps.sessions.csrfFor(principal.id));
    c.set("viewer", principal.name);
    c.set("api", apiClient(deps.call, new URL(c.req.url).origin, principal));
    await next();
  };

/** The page does not say why; the log does. */
export const refuseAccess = (c: Ctx, status: 403 | 503): Response | Promise<Response> =>
  c.html(
    <Bare title="Not signed in">
      <div class="card login">
        <h1>Not signed in</h1>
        <p>
          {status === 503
            ? "Your identity cannot be verified at the moment. Try again in a minute."
            : "Sign-in is handled by Cloudflare Access, and this request has no valid Access session. Open the dashboard at the host name that Access protects."}
        </p>
      </div>
    </Bare>,
    status,
  );
