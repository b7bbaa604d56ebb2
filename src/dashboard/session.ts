// Reads the encrypted session cookie and gives the pages an API client with the session's token. Redirects to the login page without a valid session.
import type { MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { HOUR_MS, SECOND_MS } from "../kernel/durations.ts";
import { apiClient } from "./api-client.ts";
import type { Ctx, DashboardDeps, DashEnv } from "./deps.ts";

const SESSION_MS = 12 * HOUR_MS;

const isSecure = (c: Ctx): boolean => c.req.url.startsWith("https:");
/** Browsers accept a `__Host-` cookie only from exactly this host and over HTTPS. */
const cookieName = (c: Ctx): string => (isSecure(c) ? "__Host-sluice" : "sluice");

/** Opens a session for a token that the API has accepted. */
export async function openSession(c: Ctx, deps: DashboardDeps, token: string): Promise<void> {
  const session = { id: deps.randomText(), token, csrf: deps.randomText(), expires_at: deps.now() + SESSION_MS };
  // Lax, not Strict: a link in an alert must open with the session. Every change is a POST with the session's CSRF token.
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
    if (session === null || (await deps.endedSessions.has(session.id))) return toLogin(c);
    c.set("session", session);
    c.set("csrf", session.csrf);
    c.set("viewer", null);
    c.set("api", apiClient(deps.call, new URL(c.req.url).origin, session.token));
    await next();
  };

/** Redirects to the login page, which returns to the requested page afterwards. */
export function toLogin(c: Ctx): Response {
  const { pathname, search } = new URL(c.req.url);
  const next = c.req.method === "GET" && pathname !== "/" ? `?next=${encodeURIComponent(pathname + search)}` : "";
  return c.redirect(`/login${next}`, 303);
}
