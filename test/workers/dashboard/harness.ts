// A browser without JavaScript: it keeps cookies, follows redirects and posts forms to the app.
import { env } from "cloudflare:workers";
import { createDashboard } from "../../../src/dashboard/index.ts";
import { createSessions } from "../../../src/signing/index.ts";
import { endSession, hasEnded } from "../../../src/store/index.ts";
import type { Principal } from "../../../src/model/token.ts";
import { createLogger } from "../../../src/telemetry/index.ts";
import { createClient } from "../api/harness.ts";
import { now } from "../clock.ts";
import { formFields } from "./forms.ts";

export const ORIGIN = "http://sluice.test";

export function createBrowser(
  change: {
    now?: () => number;
    mayTryLogin?: () => Promise<boolean>;
    origin?: string;
    client?: ReturnType<typeof createClient>;
    access?: NonNullable<Parameters<typeof createDashboard>[0]["access"]>;
  } = {},
) {
  const origin = change.origin ?? ORIGIN;
  const vouched = new WeakMap<Request, Principal>();
  const client = change.client ?? createClient({ vouchedFor: (request) => vouched.get(request) ?? null });
  const dashboard = createDashboard({
    call: async (request, principal) => {
      if (principal !== null) vouched.set(request, principal);
      return client.app.fetch(request, env);
    },
    access: change.access ?? null,
    sessions: createSessions("test"),
    endedSessions: {
      has: (id) => hasEnded(env.DB, id),
      add: ({ id, expires_at }) => endSession(env.DB, id, expires_at, (change.now ?? now)()),
    },
    watch: async () => new Response("watched"),
    mayTryLogin: change.mayTryLogin ?? (async () => true),
    randomText: () => crypto.randomUUID(),
    now: change.now ?? now,
    log: createLogger("silent"),
  });
  let cookie = "";
  const send = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (cookie !== "") headers.set("cookie", cookie);
    const response = await dashboard.fetch(new Request(origin + path, { ...init, headers, redirect: "manual" }), {
      requestId: "test",
    });
    const set = response.headers.get("set-cookie");
    if (set !== null) cookie = /max-age=0/i.test(set) ? "" : (set.split(";")[0] ?? "");
    const html = await response.text();
    return { status: response.status, headers: response.headers, location: response.headers.get("location"), html };
  };
  const browser = {
    client,
    get: (path: string, headers: Record<string, string> = {}) => send(path, { headers }),
    /** A form as a browser sends it. */
    post: (path: string, fields: Record<string, string>, headers: Record<string, string> = { origin }) =>
      send(path, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body: new URLSearchParams(fields).toString(),
      }),
    /** Submits the form of a page with its own values, except for the given fields. */
    fill: async (path: string, action: string, fields: Readonly<Record<string, string>> = {}) => {
      const body = new URLSearchParams(formFields((await browser.get(path)).html));
      for (const [name, value] of Object.entries(fields)) body.set(name, value);
      return send(action, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", origin },
        body: body.toString(),
      });
    },
    signIn: (token = "test-admin-token-of-the-tests", next = "/events") => browser.post("/login", { token, next }),
    csrf: async (path = "/events"): Promise<string> => csrfOf((await browser.get(path)).html),
    cookie: () => cookie,
    setCookie: (text: string) => void (cookie = text),
  };
  return browser;
}

export const csrfOf = (html: string): string => /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? "";
