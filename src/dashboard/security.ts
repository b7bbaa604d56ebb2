// Security headers of every dashboard response, and the checks on forms. Pages contain no inline scripts or styles, so the policy allows none.
import type { MiddlewareHandler } from "hono";
import { constantTimeEqualText } from "../kernel/bytes.ts";
import type { Ctx, DashEnv } from "./deps.ts";

/**
 * Scripts, styles and images come from `/assets/` only: the same origin also serves responses that people configure on sources.
 * @param origin of the request @param signInAt an additional origin that forms may be redirected to
 */
const contentSecurityPolicy = (origin: string, signInAt: string | null): string =>
  [
    "default-src 'none'",
    `script-src ${origin}/assets/`,
    `style-src ${origin}/assets/`,
    `img-src ${origin}/assets/`,
    "connect-src 'self'",
    `form-action 'self'${signInAt === null ? "" : ` ${signInAt}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // `no-referrer` would also remove the Origin header from our own forms.
  "referrer-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** @param signInAt origin of Cloudflare Access, which redirects a form to itself when its session has expired; null without Access */
export const secureHeaders =
  (signInAt: string | null): MiddlewareHandler<DashEnv> =>
  async (c, next) => {
    await next();
    // A 101 response holds a WebSocket, which would be lost if the response were copied to set headers.
    if (c.res.status === 101) return;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value);
    c.res.headers.set("content-security-policy", contentSecurityPolicy(new URL(c.req.url).origin, signInAt));
    if (c.req.url.startsWith("https:")) c.res.headers.set("strict-transport-security", "max-age=31536000");
  };

/** False if the browser says that the request comes from another origin. */
export function isSameOrigin(request: Request): boolean {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  if (origin !== null && origin !== new URL(request.url).origin) return false;
  return site === null || site === "same-origin" || site === "none";
}

/** @returns whether the form contains the session's CSRF token */
export async function carriesCsrf(c: Ctx): Promise<boolean> {
  const given = (await c.req.parseBody())["_csrf"];
  return typeof given === "string" && constantTimeEqualText(given, c.get("csrf"));
}

/** A path on this host; null for anything else, such as another host. */
export const localPath = (given: unknown): string | null =>
  typeof given === "string" && /^\/(?![/\\])[\x21-\x7e]*$/.test(given) ? given : null;
