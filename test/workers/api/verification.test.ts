// A source's verification in the API.
import { describe, expect, it } from "vitest";
import { createClient, unique } from "./harness.ts";

const { call } = createClient();
const create = (verification: unknown) => call("POST", "/sources", { slug: unique("src"), verification });

describe("the verification of a source", () => {
  it.each<[string, Record<string, unknown>]>([
    ["a provider", { type: "stripe", secrets: ["whsec_1", "whsec_2"] }],
    ["a provider with options", { type: "github", secrets: ["s"], allow_sha1: true }],
    [
      "a secret with a line end that is not part of it",
      { type: "svix", secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"] },
    ],
    ["GitLab's tokens of both kinds", { type: "gitlab", secrets: ["plain", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }],
    ["a public key", { type: "discord", secrets: ["00".repeat(32)] }],
    ["an HMAC", { type: "hmac", secrets: ["s"], header: "X-Sign", algorithm: "sha512", encoding: "base64" }],
    ["a name and password", { type: "basic", secrets: ["user:pass"], on_failure: "accept" }],
    ["a key in the query", { type: "api_key", in: "query", name: "key", secrets: ["s"] }],
    ["a key set", { type: "jwt", jwks_url: "https://issuer.example.com/jwks.json", audience: "sluice" }],
    ["SNS topics", { type: "aws_sns", topic_arns: ["arn:aws:sns:eu-central-1:123456789012:orders"] }],
    ["addresses alone", { type: "none", allowed_ips: ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"] }],
  ])("can be %s", async (_what, verification) => {
    const { status, json } = await create(verification);
    expect(status).toBe(201);
    const { secrets: _secrets, ...shown } = verification;
    expect(json.verification).toMatchObject({ on_failure: "reject", ...shown });
    expect(JSON.stringify(json)).not.toContain("whsec_1");
  });

  it.each([{ type: "stripe" }, { type: "bearer", secrets: [] }, { type: "asana" }, { type: "jwt", secrets: [] }])(
    "may wait for its secret: %o",
    async (verification) => {
      const { json } = await create(verification);
      expect(json["awaiting_secret"]).toBe(true);
      const path = `/sources/${json.id}`;
      const given = await call("PATCH", path, { verification: { ...verification, secrets: ["s:cret"] } });
      expect(given.json["awaiting_secret"]).toBe(false);
      const dropped = await call("PATCH", path, { verification: { type: "github" } });
      expect([dropped.status, dropped.json.errors?.[0]?.pointer]).toEqual([422, "/verification/secrets"]);
      const exported = await call("GET", "/config");
      const again = await call("PUT", "/config?dry_run=true", exported.text);
      expect([again.status, again.json.summary]).toMatchObject([200, { create: 0, update: 0, delete: 0 }]);
    },
  );

  it.each<[string, string, Record<string, unknown>]>([
    ["an unknown provider", "/verification/type", { type: "paypal", secrets: ["s"] }],
    ["a whsec_ that is no base64", "/verification/secrets/1", { type: "svix", secrets: ["whsec_QUJD", "whsec_!"] }],
    ["an ed25519 key that is no hexadecimal", "/verification/secrets/0", { type: "discord", secrets: ["zz"] }],
    ["a public key on another curve", "/verification/secrets/0", { type: "sendgrid", secrets: ["QUJD"] }],
    ["basic without a colon", "/verification/secrets/0", { type: "postmark", secrets: ["user"] }],
    [
      "an HMAC key of the wrong form",
      "/verification/secrets/0",
      { type: "hmac", header: "x", secret_encoding: "hex", secrets: ["x"] },
    ],
    ["an option of another type", "/verification/header", { type: "stripe", secrets: ["s"], header: "x" }],
    [
      "a tolerance where no time is signed",
      "/verification/tolerance_seconds",
      { type: "shopify", secrets: ["s"], tolerance_seconds: 5 },
    ],
    [
      "a tolerance of nothing",
      "/verification/tolerance_seconds",
      { type: "slack", secrets: ["s"], tolerance_seconds: 0 },
    ],
    ["a token with a line end", "/verification/secrets/0", { type: "telegram", secrets: ["t0ken\n"] }],
    ["a signing token that is no base64", "/verification/secrets/0", { type: "gitlab", secrets: ["whsec_!"] }],
    ["an HMAC without its header", "/verification/header", { type: "hmac", secrets: ["s"] }],
    ["a header that is none", "/verification/header", { type: "hmac", secrets: ["s"], header: "x y" }],
    [
      "a template without the body",
      "/verification/signed",
      { type: "hmac", secrets: ["s"], header: "x", signed: "{url}" },
    ],
    [
      "an unknown placeholder",
      "/verification/signed",
      { type: "hmac", secrets: ["s"], header: "x", signed: "{body}{user}" },
    ],
    ["a lone brace", "/verification/signed", { type: "hmac", secrets: ["s"], header: "x", signed: "{body}{" }],
    [
      "a time that is not sent",
      "/verification/timestamp_header",
      { type: "hmac", secrets: ["s"], header: "x", signed: "{timestamp}{body}" },
    ],
    [
      "a time that is not signed",
      "/verification/signed",
      { type: "hmac", secrets: ["s"], header: "x", timestamp_header: "y" },
    ],
    ["a range that is none", "/verification/allowed_ips/0", { type: "none", allowed_ips: ["10.0.0.0/33"] }],
    ["a JWT without keys", "/verification/jwks_url", { type: "jwt" }],
    ["keys over http", "/verification/jwks_url", { type: "jwt", jwks_url: "http://issuer.example.com/" }],
    [
      "public keys with a secret's algorithm",
      "/verification/algorithms",
      { type: "jwt", jwks_url: "https://a.example/", algorithms: ["HS256"] },
    ],
    ["a topic that is no ARN", "/verification/topic_arns/0", { type: "aws_sns", topic_arns: ["orders"] }],
    ["another end of a failure", "/verification/on_failure", { type: "none", on_failure: "ignore" }],
  ])("is refused with %s, and the field named [G12]", async (_what, pointer, verification) => {
    const { status, json } = await create(verification);
    expect(status).toBe(422);
    expect(json).toMatchObject({ code: "invalid", errors: [{ pointer }] });
    expect(JSON.stringify(json)).not.toMatch(/whsec_!|zz/);
  });

  it("changes from a shared secret to a key set at once, and drops the secret", async () => {
    const { json } = await create({ type: "jwt", secrets: ["s".repeat(32)] });
    const change = { type: "jwt", jwks_url: "https://issuer.example.com/jwks.json" };
    const { status, json: changed } = await call("PATCH", `/sources/${json.id}`, { verification: change });
    expect(status).toBe(200);
    expect(changed.verification).not.toHaveProperty("secrets_set");
  });

  it("needs the secrets again when their encoding changes [G12]", async () => {
    const hmac = { type: "hmac", header: "x-sign", secrets: ["not hexadecimal"] };
    const { json } = await create(hmac);
    const change = { type: "hmac", header: "x-sign", secret_encoding: "hex" };
    const { status, json: problem } = await call("PATCH", `/sources/${json.id}`, { verification: change });
    expect(status).toBe(422);
    expect(problem.errors?.[0]?.pointer).toBe("/verification/secrets");
  });
});

describe("the place of a source's event type", () => {
  it("is a header or a path of a JSON body, changed and taken back", async () => {
    const slug = unique("typed");
    const created = await call("POST", "/sources", { slug, event_type: { header: "X-Kind" } });
    expect([created.status, created.json["event_type"]]).toEqual([201, { header: "X-Kind" }]);
    const changed = await call("PATCH", `/sources/${slug}`, { event_type: { json: "data.items[0].kind" } });
    expect([changed.status, changed.json["event_type"]]).toEqual([200, { json: "data.items[0].kind" }]);
    expect((await call("PATCH", `/sources/${slug}`, { event_type: null })).json["event_type"]).toBeNull();
  });

  it.each([{ header: "no header" }, { json: "a..b" }, { header: "x", json: "y" }, {}, "x-kind"])(
    "is refused as %j, with the field named",
    async (event_type) => {
      const { status, json } = await call("POST", "/sources", { slug: unique("typed"), event_type });
      expect(status).toBe(422);
      expect(json.errors?.[0]?.pointer).toMatch(/^\/event_type/);
    },
  );
});
