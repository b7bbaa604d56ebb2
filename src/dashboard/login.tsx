// Signing in with an API token, and signing out.
import type { Hono } from "hono";
import { apiClient, SignedOut, type Answer, type ProblemBody } from "./api-client.ts";
import { Field } from "./components/fields.tsx";
import type { Ctx, DashboardDeps, DashEnv } from "./deps.ts";
import { Bare } from "./layout.tsx";
import { isSameOrigin, localPath } from "./security.ts";
import { closeSession, openSession } from "./session.ts";

/** The page to open after signing in. */
const safeTarget = (given: unknown): string => localPath(given) ?? "/";

const LoginPage = ({ next, error }: { next: string; error?: string | undefined }) => (
  <Bare title="Sign in">
    <form class="card login" method="post" action="/login">
      <h1>Sluice</h1>
      <p class="muted">Webhooks, delivered at the rate your APIs can handle.</p>
      <input type="hidden" name="next" value={next} />
      <Field
        label="API token"
        name="token"
        type="password"
        autocomplete="current-password"
        error={error}
        hint="npm start prints one. In production, use the SLUICE_ADMIN_TOKEN secret or a token created under Settings."
        required
      />
      <button class="button primary" type="submit">
        Sign in
      </button>
    </form>
  </Bare>
);

async function signIn(c: Ctx, deps: DashboardDeps): Promise<Response> {
  const form = await c.req.parseBody();
  const next = safeTarget(form["next"]);
  const again = (error: string, status: 401 | 403 | 429 | 503): Response | Promise<Response> =>
    c.html(<LoginPage next={next} error={error} />, status);
  if (!isSameOrigin(c.req.raw)) return again("This form was sent from another site. Please try again.", 403);
  if (!(await deps.mayTryLogin(c.req.header("cf-connecting-ip") ?? "local")))
    return again("Too many attempts. Try again in a minute.", 429);
  const token = typeof form["token"] === "string" ? form["token"].trim() : "";
  if (!/^[\x21-\x7e]+$/.test(token)) return again("This token is not valid.", 401);
  const answer = await tryToken(c, deps, token);
  if (answer === null) return again("This token is not valid.", 401);
  if (!answer.ok && answer.status >= 500) return again(await faultBehind(answer, c, deps, token), 503);
  await openSession(c, deps, token);
  return c.redirect(next, 303);
}

/** Null if the API rejects the token. */
async function tryToken(c: Ctx, deps: DashboardDeps, token: string): Promise<Answer<unknown> | null> {
  try {
    return await apiClient(deps.call, new URL(c.req.url).origin, token).send("GET", "/sources", undefined, {
      limit: 1,
    });
  } catch (error) {
    if (error instanceof SignedOut) return null;
    throw error;
  }
}

/** In words: a token cannot be tried without the tables, for instance, and `GET /readyz` says so. */
async function faultBehind(
  { status, problem }: Extract<Answer<unknown>, { readonly ok: false }>,
  c: Ctx,
  deps: DashboardDeps,
  token: string,
): Promise<string> {
  if (status !== 500) return problem.detail;
  const headers = { authorization: `Bearer ${token}` };
  const response = await deps.call(new Request(new URL("/readyz", c.req.url), { headers }), null);
  return response.ok ? problem.detail : (await response.json<ProblemBody>()).detail;
}

export function mountLogin(app: Hono<DashEnv>, deps: DashboardDeps): void {
  app.get("/login", (c) => c.html(<LoginPage next={safeTarget(c.req.query("next"))} />));
  app.post("/login", (c) => signIn(c, deps));
}

/** Ends the viewer's Cloudflare Access session. */
const ACCESS_LOGOUT = "/cdn-cgi/access/logout";

/** Mounted behind the session check, so that another site cannot sign a viewer out. */
export function mountLogout(app: Hono<DashEnv>, { endedSessions }: Pick<DashboardDeps, "endedSessions">): void {
  app.post("/logout", async (c) => {
    const session = c.get("session");
    if (session === null) return c.redirect(ACCESS_LOGOUT, 303);
    await endedSessions.add(session);
    closeSession(c);
    return c.redirect("/login", 303);
  });
}
