// Credentials never follow a changed URL to another origin.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createClient, unique } from "../api/harness.ts";
import { createBrowser } from "../dashboard/harness.ts";

const HERE = "https://api.example.com/hook";
const ELSEWHERE = [
  "https://attacker.example.net/hook",
  "https://api.example.com.attacker.example.net/hook",
  "https://api.example.com:8443/hook",
  "http://api.example.com/hook",
];
const TOKEN_URL = "https://id.example.com/token";
const AGAIN = "must be given again: the stored secret was for another origin";
const SIGV4 = { type: "aws_sigv4", access_key_id: "A", region: "eu-west-1", service: "sqs" };
const OAUTH = { type: "oauth2_client_credentials", token_url: TOKEN_URL, client_id: "id" };

const CASES: readonly (readonly [
  auth: Readonly<Record<string, unknown>>,
  secrets: Readonly<Record<string, string>>,
])[] = [
  [{ type: "bearer" }, { token: "planted" }],
  [{ type: "basic", username: "user" }, { password: "planted" }],
  [{ type: "api_key", name: "x-api-key" }, { value: "planted" }],
  [{ type: "hmac" }, { secret: "planted" }],
  [OAUTH, { client_secret: "planted" }],
  [SIGV4, { secret_access_key: "planted", session_token: "planted" }],
];

const { call } = createClient();
const destination = async (auth: unknown): Promise<string> => {
  const { json, status } = await call("POST", "/destinations", { slug: unique("dst"), url: HERE, auth });
  expect(status).toBe(201);
  return json.slug;
};
const specOf = async (slug: string): Promise<string> =>
  (await env.DB.prepare("SELECT spec FROM destinations WHERE slug = ?1").bind(slug).first<string>("spec")) ?? "";

describe("a destination whose URL moves to another origin", () => {
  it.for(CASES)("must be given its credentials again [G8]: %j", async ([auth, secrets], { task }) => {
    const slug = await destination({ ...auth, ...secrets });
    const before = await specOf(slug);
    const wanted = Object.keys(secrets).map((field) => ({ pointer: `/auth/${field}`, detail: AGAIN }));
    const changes = ELSEWHERE.flatMap((url) => [{ url }, { url, auth }]);
    for (const change of changes) {
      const refused = await call("PATCH", `/destinations/${slug}`, change);
      expect([refused.status, refused.json.code, refused.json.errors]).toEqual([422, "invalid", wanted]);
    }
    task.meta.tried = changes.length;
    expect(await specOf(slug)).toBe(before);
  });

  it("moves with credentials that are given again, or with others, or without any", async () => {
    const [url] = ELSEWHERE;
    for (const auth of [
      { type: "bearer", token: "given again" },
      { type: "none" },
      { type: "hmac", secret: "other" },
    ]) {
      const slug = await destination({ type: "bearer", token: "planted" });
      expect((await call("PATCH", `/destinations/${slug}`, { url, auth })).status).toBe(200);
      expect(JSON.parse(await specOf(slug))).toMatchObject({ url, auth: { type: auth.type } });
    }
  });

  it("must be given its client secret again when the token URL moves", async () => {
    const slug = await destination({ ...OAUTH, client_secret: "planted" });
    const change = { auth: { ...OAUTH, token_url: "https://attacker.example.net/token" } };
    const refused = await call("PATCH", `/destinations/${slug}`, change);
    expect([refused.status, refused.json.errors]).toEqual([422, [{ pointer: "/auth/client_secret", detail: AGAIN }]]);
    const given = { auth: { ...change.auth, client_secret: "given again" } };
    expect((await call("PATCH", `/destinations/${slug}`, given)).status).toBe(200);
  });

  it("keeps its credentials within its origin, and its signing secret everywhere: that one is never sent", async () => {
    const slug = await destination({ ...OAUTH, client_secret: "planted" });
    const within = { url: "https://api.example.com/v2?x=1", auth: { ...OAUTH, token_url: `${TOKEN_URL}/v2` } };
    expect((await call("PATCH", `/destinations/${slug}`, within)).status).toBe(200);
    const signing = { type: "standard_webhooks" };
    const signed = await call("POST", "/destinations", { slug: unique("dst"), url: HERE, signing });
    const moved = await call("PATCH", `/destinations/${signed.json.id}`, { url: ELSEWHERE[0] });
    expect(moved.status).toBe(200);
  });
});

describe("a document of the configuration", () => {
  const WRITE_ONLY = { write_only: true };
  const apply = (slug: string, change: Record<string, unknown>) =>
    call("PUT", "/config", { destinations: [{ slug, ...change }] });

  it("cannot keep credentials for another origin [G8]", async () => {
    for (const [auth, secrets] of CASES) {
      const slug = await destination({ ...auth, ...secrets });
      const before = await specOf(slug);
      const marks = Object.fromEntries(Object.keys(secrets).map((field) => [field, WRITE_ONLY]));
      const kept = { ...auth, ...marks };
      for (const url of ELSEWHERE) {
        const refused = await apply(slug, { url, auth: kept });
        const wanted = Object.keys(secrets).map((field) => ({
          pointer: `/destinations/0/auth/${field}`,
          detail: AGAIN,
        }));
        expect([refused.status, refused.json.errors]).toEqual([422, wanted]);
      }
      expect(await specOf(slug)).toBe(before);
      expect((await apply(slug, { url: `${HERE}/v2`, auth: kept })).status).toBe(200);
      expect((await apply(slug, { url: ELSEWHERE[0], auth: { ...auth, ...secrets } })).status).toBe(200);
    }
  });

  it("cannot keep a client secret for another token URL [G8]", async () => {
    const slug = await destination({ ...OAUTH, client_secret: "planted" });
    const auth = { ...OAUTH, token_url: "https://attacker.example.net/token", client_secret: WRITE_ONLY };
    const refused = await apply(slug, { url: HERE, auth });
    expect(refused.json.errors).toEqual([{ pointer: "/destinations/0/auth/client_secret", detail: AGAIN }]);
  });
});

describe("an alert", () => {
  const ALERT = { name: "Dead", rule: { type: "dead_letters" } };

  it("must be given its routing key again when its URL moves to another origin [G8]", async () => {
    const target = { type: "pagerduty", routing_key: "planted" };
    const { json } = await call("POST", "/alerts", { ...ALERT, target });
    const path = `/alerts/${json.id}`;
    const moved = { type: "pagerduty", url: "https://attacker.example.net/" };
    const refused = await call("PATCH", path, { target: moved });
    expect([refused.status, refused.json.errors]).toEqual([422, [{ pointer: "/target/routing_key", detail: AGAIN }]]);
    expect((await call("PATCH", path, { target: { ...moved, routing_key: "given again" } })).status).toBe(200);
    const back = await call("PATCH", path, { target: { type: "pagerduty", url: "https://events.pagerduty.com/v2" } });
    expect(back.json.errors).toEqual([{ pointer: "/target/routing_key", detail: AGAIN }]);
    const within = await call("PATCH", path, { target: { ...moved, url: "https://attacker.example.net/v2" } });
    expect(within.status).toBe(200);
  });
});

describe("the dashboard's form of a destination", () => {
  it("asks for the credentials again beside their field", async () => {
    const browser = createBrowser();
    await browser.signIn();
    const slug = await destination({ type: "bearer", token: "planted" });
    const { html, status } = await browser.fill(`/destinations/${slug}/edit`, `/destinations/${slug}`, {
      url: ELSEWHERE[0] ?? "",
    });
    expect([status, html.includes(AGAIN)]).toEqual([422, true]);
    expect(html).toMatch(/name="auth\/token"[^>]*aria-invalid="true"/);
    const given = await browser.fill(`/destinations/${slug}/edit`, `/destinations/${slug}`, {
      url: ELSEWHERE[0] ?? "",
      "auth/token": "given again",
    });
    expect([given.status, JSON.parse(await specOf(slug))]).toMatchObject([303, { url: ELSEWHERE[0] }]);
  });
});
