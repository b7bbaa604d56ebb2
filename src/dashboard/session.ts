// Who is signed in: reads the sealed cookie, hands the pages an API client that acts with its token, sends everybody else to the login page.
import type { MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { HOUR_MS, SECOND_MS } from "../kernel/durations.ts";
import { apiClient } from "./api-client.ts";
import type { Ctx, DashboardDeps, DashEnv } from "./deps.ts";

const SESSION_MS = 12 * HOUR_MS;

const isSecure = (c: Ctx): boolean => c.req.url.startsWith("https:");
/** Browsers take a `__Host-` cookie from this very host only, and over https only. */
const cookieName = (c: Ctx): string => (isSecure(c) ? "__Host-sluice" : "sluice");

/** Opens a session for a token that the API has taken. */
export async function openSession(c: Ctx, deps: DashboardDeps, token: string): Promise<void> {
  const session = { token, csrf: deps.randomText(), expires_at: deps.now() + SESSION_MS };
  // Lax, not Strict: a link in an alert must find its reader signed in. What changes anything is a POST with a token of the session.
  setCookie(c, cookieName(c), await deps.sessions.seal(session), {
    path: "/",
    httpOnly: true,
    secure: isSecure(c),
    sameSite: "Lax",
    maxAge: SESSION_MS / SECOND_MS,
  });
}

export const closeSession = (c: Ctx): void => void deleteCookie(c, cookieName(c), { path: "/", secure: isSecure(c) });

export const signedIn =
  (deps: DashboardDeps): MiddlewareHandler<DashEnv> =>
  async (c, next) => {
    const sealed = getCookie(c, cookieName(c));
    const session = sealed === undefined ? null : await deps.sessions.open(sealed, deps.now());
    if (session === null) return toLogin(c);
    c.set("csrf", session.csrf);
    c.set("viewer", null);
    c.set("api", apiClient(deps.call, new URL(c.req.url).origin, session.token));
    await next();
  };

/** After signing in the viewer comes to the page that was asked for. */
export function toLogin(c: Ctx): Response {
  const { pathname, search } = new URL(c.req.url);
  const next = c.req.method === "GET" && pathname !== "/" ? `?next=${encodeURIComponent(pathname + search)}` : "";
  return c.redirect(`/login${next}`, 303);
}
