// What every answer of the dashboard carries, and what every form must prove. Pages hold no inline script or style, so the policy allows none.
import type { MiddlewareHandler } from "hono";
import { constantTimeEqualText } from "../kernel/bytes.ts";
import type { Ctx, DashEnv } from "./deps.ts";

/** @param signInAt where a form may be led besides */
const contentSecurityPolicy = (signInAt: string | null): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    `form-action 'self'${signInAt === null ? "" : ` ${signInAt}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // `no-referrer` would also take the Origin off our own forms.
  "referrer-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** @param signInAt Cloudflare Access, which answers a form with a way to itself when its session is over; null where nobody else signs in */
export const secureHeaders = (signInAt: string | null): MiddlewareHandler<DashEnv> => {
  const headers = { "content-security-policy": contentSecurityPolicy(signInAt), ...SECURITY_HEADERS };
  return async (c, next) => {
    await next();
    // The answer to an upgrade carries a socket that no copy of it would have.
    if (c.res.status === 101) return;
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
    if (c.req.url.startsWith("https:")) c.res.headers.set("strict-transport-security", "max-age=31536000");
  };
};

/** Whether a browser that says where a request comes from says that it comes from here. */
export function isSameOrigin(request: Request): boolean {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  if (origin !== null && origin !== new URL(request.url).origin) return false;
  return site === null || site === "same-origin" || site === "none";
}

/** @returns whether the form carries the session's own token, or the viewer's */
export async function carriesCsrf(c: Ctx): Promise<boolean> {
  const given = (await c.req.parseBody())["_csrf"];
  return typeof given === "string" && constantTimeEqualText(given, c.get("csrf"));
}

/** A path of this host to go to; null for what is none, or another's. */
export const localPath = (given: unknown): string | null =>
  typeof given === "string" && /^\/(?![/\\])[\x21-\x7e]*$/.test(given) ? given : null;
