// Sign-in through Cloudflare Access, through the whole app: with valid assertions, and with everything that an attacker could send instead.
import { env } from "cloudflare:workers";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { OuterVariables } from "../../../src/config/env.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { buildApp } from "../../../src/worker/ports/api.ts";
import { createClient, unique } from "../api/harness.ts";
import { csrfOf } from "./harness.ts";

const TEAM = "https://lock.cloudflareaccess.com";
const AUD = "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228";
const NOW = Date.UTC(2026, 10, 24, 12);
const ON: OuterVariables = { ACCESS_TEAM_DOMAIN: TEAM, ACCESS_AUD: AUD, ACCESS_ADMINS: "Boss@example.com" };

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let ours: Keys;
let others: Keys;
let certs: () => Promise<Response>;

beforeAll(async () => {
  const pair = () => generateKeyPair("RS256", { extractable: true });
  [ours, others] = await Promise.all([pair(), pair()]);
  const jwk = { ...(await exportJWK(ours.publicKey)), kid: "one", alg: "RS256", use: "sig" };
  certs = async () => Response.json({ keys: [jwk] });
});
afterEach(() => void vi.restoreAllMocks());

const CLAIMS: JWTPayload = {
  aud: [AUD],
  email: "Ana@example.com",
  iss: TEAM,
  iat: NOW / 1_000 - 60,
  nbf: NOW / 1_000 - 60,
  exp: NOW / 1_000 + 3_600,
  type: "app",
  sub: "7335d417-61da-459d-899c-0a01c76a2f94",
};
const sign = (change: JWTPayload = {}, key: Keys["privateKey"] = ours.privateKey): Promise<string> =>
  new SignJWT({ ...CLAIMS, ...change }).setProtectedHeader({ alg: "RS256", kid: "one", typ: "JWT" }).sign(key);
const base64url = (value: object): string => btoa(JSON.stringify(value)).replace(/=+$/, "");

const ORIGIN = "https://sluice.test";

/** A Sluice behind Access. @param answer the response of the team's key endpoint */
function createSluice(vars: OuterVariables = ON, answer: () => Promise<Response> = certs) {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    asked.push(input instanceof Request ? input.url : String(input));
    return answer();
  });
  const app = buildApp(createRuntime({ ...env, ...vars } as Env, () => NOW));
  const ctx = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
  const send = async (path: string, headers: Record<string, string>, fields?: Record<string, string>) => {
    const response = await app.fetch(
      new Request(ORIGIN + path, {
        method: fields === undefined ? "GET" : "POST",
        headers: {
          ...headers,
          ...(fields === undefined ? {} : { "content-type": "application/x-www-form-urlencoded", origin: ORIGIN }),
        },
        body: fields === undefined ? null : new URLSearchParams(fields).toString(),
        redirect: "manual",
      }),
      env,
      ctx,
    );
    return { status: response.status, headers: response.headers, html: await response.text() };
  };
  /** The browser of a person signed in through Access. */
  const as = async (email: string) => {
    const headers = { "cf-access-jwt-assertion": await sign({ email }) };
    const csrf = csrfOf((await send("/settings", headers)).html);
    return {
      csrf,
      get: (path: string) => send(path, headers),
      post: (path: string, fields: Record<string, string> = {}) => send(path, headers, { _csrf: csrf, ...fields }),
    };
  };
  return { asked, send, as };
}

describe("a person signed in through Access", () => {
  it("sees the pages without a login page and with their name on them; the keys are fetched once", async () => {
    const sluice = createSluice();
    const ana = await sluice.as("Ana@example.com");
    for (const path of ["/", "/events", "/sources", "/settings"]) expect((await ana.get(path)).status).toBe(200);
    const { html } = await ana.get("/settings");
    expect(html).toContain("ana@example.com");
    expect(html).toContain(`Cloudflare Access, ${TEAM}`);
    const login = await ana.get("/login");
    expect([login.status, login.headers.get("location")]).toEqual([303, "/"]);
    expect(sluice.asked).toEqual([`${TEAM}/cdn-cgi/access/certs`]);
  });

  it("has scope read by default and admin if listed; the audit log shows each change with the e-mail address", async () => {
    const sluice = createSluice();
    const [ana, boss] = [await sluice.as("Ana@example.com"), await sluice.as("BOSS@example.com")];
    const name = unique("by-access");
    const refused = await ana.post("/sources", { name });
    expect(refused.html).toContain("This needs a token of scope write");
    expect((await boss.post("/sources", { name, "verification/type": "none", allowed_methods: "POST" })).status).toBe(
      303,
    );
    const audit = await createClient().call("GET", "/audit?actor=access:boss@example.com");
    expect(audit.json.data.map((entry) => [entry.actor_name, entry.resource_name])).toEqual([
      ["boss@example.com", name],
    ]);
    expect((await createClient().call("GET", "/audit?actor=access:ana@example.com")).json.data).toEqual([]);
  });

  it("is no admin if the address only resembles an admin's after Unicode lower-casing", async () => {
    const sluice = createSluice({ ...ON, ACCESS_ADMINS: "frank@example.com" });
    const [real, other] = [await sluice.as("FranK@example.com"), await sluice.as("fran\u212a@example.com")];
    expect((await real.get("/settings/tokens")).html).toContain("Create token");
    expect((await other.get("/settings/tokens")).html).not.toContain("Create token");
  });

  it("has the scope that ACCESS_SCOPE sets", async () => {
    const ana = await createSluice({ ...ON, ACCESS_SCOPE: "write" }).as("ana@example.com");
    const made = await ana.post("/sources", {
      name: unique("w"),
      "verification/type": "none",
      allowed_methods: "POST",
    });
    expect(made.status).toBe(303);
    expect((await ana.get("/settings/tokens")).html).toContain("This needs a token of scope admin");
  });

  it("needs a CSRF token that is bound to the person in each form", async () => {
    const sluice = createSluice();
    const [boss, ana] = [await sluice.as("boss@example.com"), await sluice.as("ana@example.com")];
    expect(boss.csrf).toMatch(/^[0-9a-f]{64}$/);
    expect(boss.csrf).not.toBe(ana.csrf);
    for (const _csrf of ["", "0".repeat(64), ana.csrf]) {
      expect((await boss.post("/sources", { _csrf, name: unique("forged") })).status).toBe(403);
    }
    const assertion = { "cf-access-jwt-assertion": await sign({ email: "boss@example.com" }) };
    const foreign = await sluice.send(
      "/logout",
      { ...assertion, "sec-fetch-site": "cross-site" },
      { _csrf: boss.csrf },
    );
    expect(foreign.status).toBe(403);
  });

  it("signs out at Access, and forms may redirect there", async () => {
    const ana = await createSluice().as("ana@example.com");
    const out = await ana.post("/logout");
    expect([out.status, out.headers.get("location")]).toEqual([303, "/cdn-cgi/access/logout"]);
    expect(out.headers.get("content-security-policy")).toContain(`form-action 'self' ${TEAM};`);
  });
});

describe("a request without a valid Access assertion", () => {
  const assertions: Record<string, () => Promise<Record<string, string>>> = {
    "nothing at all": async () => ({}),
    "an address without a signature": async () => ({ "cf-access-authenticated-user-email": "boss@example.com" }),
    "an assertion in a cookie only": async () => ({ cookie: `CF_Authorization=${await sign()}` }),
    "an assertion as a bearer token": async () => ({ authorization: `Bearer ${await sign()}` }),
    "an empty assertion": async () => by(""),
    "what is no token": async () => by("x.y.z"),
    "alg none": async () => by(`${base64url({ alg: "none", kid: "one" })}.${base64url(CLAIMS)}.`),
    "the public key used as a secret": async () => {
      const secret = new TextEncoder().encode(await exportSPKI(ours.publicKey));
      return by(await new SignJWT(CLAIMS).setProtectedHeader({ alg: "HS256", kid: "one" }).sign(secret));
    },
    "another's key under our key's name": async () => by(await sign({}, others.privateKey)),
    "claims that were changed": async () => {
      const [head, , signature] = (await sign()).split(".");
      return by(`${head}.${base64url({ ...CLAIMS, email: "boss@example.com" })}.${signature}`);
    },
    "another audience": async () => by(await sign({ aud: ["another-application"] })),
    "no audience": async () => by(await sign({ aud: undefined as never })),
    "another team": async () => by(await sign({ iss: "https://other.cloudflareaccess.com" })),
    "an expired assertion": async () => by(await sign({ exp: NOW / 1_000 - 11 })),
    "one without an end": async () => by(await sign({ exp: undefined as never })),
    "one that is not yet valid": async () => by(await sign({ nbf: NOW / 1_000 + 60 })),
    "a service token": async () => by(await sign({ email: undefined as never, common_name: "e367.access", sub: "" })),
    "an address with more than can be seen": async () => by(await sign({ email: "boss@example.com\u202e" })),
    "an address of two lines": async () => by(await sign({ email: "boss@example.com\n" })),
  };
  const by = (assertion: string): Record<string, string> => ({
    "cf-access-jwt-assertion": assertion,
    "cf-access-authenticated-user-email": "boss@example.com",
  });

  it.each(Object.keys(assertions))("is refused everywhere: %s", async (what) => {
    const sluice = createSluice();
    const headers = (await assertions[what]?.()) ?? {};
    for (const path of ["/", "/settings/tokens", "/login", "/nothing-here"]) {
      const { status, html } = await sluice.send(path, headers);
      expect([path, status]).toEqual([path, 403]);
      expect(html).toContain("Not signed in");
      expect(html).not.toContain("<nav");
    }
    expect((await sluice.send("/live", { ...headers, upgrade: "websocket" })).status).toBe(403);
    const { csrf } = await sluice.as("boss@example.com");
    const name = unique("unseen");
    expect((await sluice.send("/sources", headers, { _csrf: csrf, name })).status).toBe(403);
    expect((await createClient().call("GET", `/sources/${name}`)).status).toBe(404);
  });

  it("is not accepted with a token or with a session", async () => {
    const open = createSluice({});
    const signedIn = await open.send("/login", {}, { token: "test-admin-token-of-the-tests", next: "/" });
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect((await open.send("/", { cookie })).status).toBe(200);
    const sluice = createSluice();
    expect((await sluice.send("/", { cookie })).status).toBe(403);
    const tried = await sluice.send("/login", {}, { token: "test-admin-token-of-the-tests", next: "/" });
    expect([tried.status, tried.headers.get("set-cookie")]).toEqual([403, null]);
  });

  it.each<[string, OuterVariables]>([
    ["no audience", { ACCESS_TEAM_DOMAIN: TEAM }],
    ["no team", { ACCESS_AUD: AUD }],
    ["a team that is no host", { ...ON, ACCESS_TEAM_DOMAIN: "http://lock.cloudflareaccess.com/path" }],
    ["a scope that there is not", { ...ON, ACCESS_SCOPE: "root" }],
    ["only who is an admin", { ACCESS_ADMINS: "boss@example.com" }],
  ])("nor is anybody while the variables name %s", async (_what, vars) => {
    const sluice = createSluice(vars);
    const headers = { "cf-access-jwt-assertion": await sign({ email: "boss@example.com" }) };
    expect((await sluice.send("/", headers)).status).toBe(403);
    expect((await sluice.send("/login", {}, { token: "test-admin-token-of-the-tests" })).status).toBe(403);
    const settings = await sluice.send("/api/v1/settings", { authorization: "Bearer test-admin-token-of-the-tests" });
    expect(JSON.parse(settings.html)).toMatchObject({ access: { team: null, scope: null } });
  });

  it("gets 503 while the team's keys cannot be fetched", async () => {
    const headers = { "cf-access-jwt-assertion": await sign() };
    const down = await createSluice(ON, async () => new Response(null, { status: 500 })).send("/", headers);
    expect([down.status, down.html.includes("<nav")]).toEqual([503, false]);
    const moved = await createSluice(ON, async () => new Response(null, { status: 404 })).send("/", headers);
    expect([moved.status, moved.html.includes("<nav")]).toEqual([403, false]);
  });
});

describe("the API", () => {
  it("accepts tokens as before, and ignores assertions and identity headers", async () => {
    const sluice = createSluice();
    const claims = {
      "cf-access-jwt-assertion": await sign({ email: "boss@example.com" }),
      "cf-access-authenticated-user-email": "boss@example.com",
      "x-principal": "access:boss@example.com",
      principal: JSON.stringify({ id: "admin_token", scope: "admin" }),
    };
    expect((await sluice.send("/api/v1/sources", claims)).status).toBe(401);
    expect(
      (await sluice.send("/api/v1/sources", { authorization: "Bearer test-admin-token-of-the-tests" })).status,
    ).toBe(200);
    expect((await sluice.send("/metrics", claims)).status).toBe(401);
  });

  it("accepts a principal only with the dashboard's own request object", async () => {
    const principal = { id: "access:a@b", name: "a@b", scope: "admin", expires_at: null } as const;
    const made = new Request("http://sluice.test/api/v1/tokens/self");
    const { app } = createClient({ vouchedFor: (request) => (request === made ? principal : null) });
    expect((await app.fetch(new Request(made), env)).status).toBe(401);
    expect(await (await app.fetch(made, env)).json()).toMatchObject({ id: "access:a@b" });
  });
});

describe("the team domain", () => {
  it.each(["lock", "lock.cloudflareaccess.com", `${TEAM}/`, " HTTPS://Lock.CloudflareAccess.com "])(
    "can be written as %s",
    async (given) => {
      const ana = await createSluice({ ...ON, ACCESS_TEAM_DOMAIN: given }).as("ana@example.com");
      expect((await ana.get("/")).status).toBe(200);
    },
  );
});
