import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { createVault } from "../../../src/signing/index.ts";
import { configPlace } from "../../../src/signing/index.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { now } from "../clock.ts";
import { createClient, unique, type Json } from "./harness.ts";

const url = "https://api.example.com/";
const { call } = createClient();
const runtime = createRuntime(env);

const destination = async (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  call("POST", "/destinations", { slug: unique("dst"), url, ...body }, headers);
const specOf = async (slug: unknown): Promise<Record<string, Record<string, unknown>>> => {
  const row = await env.DB.prepare("SELECT spec FROM destinations WHERE slug = ?").bind(slug).first<{ spec: string }>();
  return JSON.parse(row?.spec ?? "{}") as Record<string, Record<string, unknown>>;
};
/** @param place id of the record, then the field */
const opened = async (stored: unknown, ...place: [record: string, field: string]) =>
  (await runtime.vault.openSecrets([stored as { sealed: string }], configPlace(...place)))[0];

/** The contents of D1 and KV, as text. */
async function allThatIsKept(): Promise<string> {
  const { results } = await env.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all<{
    name: string;
  }>();
  const tables = results.map((row) => row.name).filter((name) => !/^(sqlite_|_cf_)/.test(name));
  const rows = await Promise.all(
    tables.map(async (name) => (await env.DB.prepare(`SELECT * FROM ${name}`).all()).results),
  );
  const keys = (await env.ROUTES.list()).keys.map((key) => key.name);
  const documents = await Promise.all(keys.map((key) => env.ROUTES.get(key)));
  expect(tables).toContain("idempotency_keys");
  return JSON.stringify([rows, documents]);
}

const EVERY_AUTH: readonly Record<string, unknown>[] = [
  { type: "basic", username: "user", password: "planted-password" },
  { type: "bearer", token: "planted-token" },
  { type: "api_key", name: "x-api-key", value: "planted-value" },
  { type: "api_key", name: "key", in: "query", value: "planted-value" },
  { type: "hmac", secret: "planted-secret" },
  {
    type: "oauth2_client_credentials",
    token_url: "https://id.example.com/token",
    client_id: "id",
    client_secret: "planted-client",
  },
  {
    type: "aws_sigv4",
    access_key_id: "AKIDEXAMPLE",
    secret_access_key: "planted-key",
    session_token: "planted-session",
    region: "eu-west-1",
    service: "sqs",
  },
];

describe("secrets of sources and destinations", () => {
  it("are never in D1, KV, logs or answers as plain text [G8]", async () => {
    const lines: string[] = [];
    const log = (message: string, fields = {}): void => void lines.push(JSON.stringify([message, fields]));
    const publish = (sources: readonly string[], removed: readonly string[]) =>
      runtime.routes.publish(sources, removed);
    const client = createClient({ log: { debug: log, info: log, error: log }, publish });
    const source = unique("src");
    const verification = { type: "github", secrets: ["planted-source-secret", { secret: "PARTNER_TOKEN" }] };
    const verified = await client.call("POST", "/sources", { slug: source, verification });
    const answers: string[] = [verified.text, (await client.call("GET", `/sources/${source}`)).text];
    expect(verified.json.verification).toMatchObject({
      secrets_set: { secrets: ["sealed", { secret: "PARTNER_TOKEN" }] },
    });
    for (const auth of EVERY_AUTH) {
      const slug = unique("sealed");
      const key = { "idempotency-key": unique("key") };
      const signing = { type: "standard_webhooks", secrets: [`whsec_${btoa("planted-signing-secret-24-bytes")}`] };
      const body = { slug, url, auth, signing };
      const created = await client.call("POST", "/destinations", body, key);
      expect(created.status).toBe(201);
      await client.call("POST", "/connections", { source, destination: slug });
      for (const answer of [
        created,
        await client.call("POST", "/destinations", body, key),
        await client.call("GET", `/destinations/${slug}`),
        await client.call("GET", "/destinations"),
        await client.call("PATCH", `/destinations/${slug}`, { auth }),
        await client.call("PATCH", `/destinations/${slug}`, { auth, timeout_ms: 1 }),
      ])
        answers.push(answer.text);
    }
    const signingPart = btoa("planted-signing-secret-24-bytes");
    for (const text of [await allThatIsKept(), lines.join("\n"), answers.join("\n")]) {
      expect(text.includes("planted-")).toBe(false);
      expect(text.includes(signingPart)).toBe(false);
    }
    expect(answers.join("\n")).not.toContain("v1.");
    expect(JSON.stringify((await env.ROUTES.get(`route/${source}`)) ?? "")).toContain("sealed");
  });

  it.each(EVERY_AUTH)("are shown as set, and a PATCH without them keeps them: $type $in", async (auth) => {
    const created = await destination({ auth });
    const shown = created.json.auth as Json;
    const secretFields = Object.entries(auth)
      .filter(([, value]) => String(value).startsWith("planted-"))
      .map(([name]) => name);
    expect(shown.secrets_set).toEqual(Object.fromEntries(secretFields.map((field) => [field, "sealed"])));
    for (const field of secretFields) expect(shown).not.toHaveProperty(field);
    const patched = await call("PATCH", `/destinations/${created.json.slug}`, { auth: shown });
    expect([patched.status, patched.json.auth]).toEqual([200, shown]);
    const spec = await specOf(created.json.slug);
    for (const field of secretFields)
      expect(await opened(spec.auth?.[field], created.json.id, `auth/${field}`)).toBe(auth[field]);
  });

  it("may refer to a secret of the Worker, which is shown by its name", async () => {
    const { json } = await destination({ auth: { type: "bearer", token: { secret: "PARTNER_TOKEN" } } });
    expect(json.auth).toEqual({ type: "bearer", secrets_set: { token: { secret: "PARTNER_TOKEN" } } });
    expect(JSON.stringify(await specOf(json.slug))).not.toContain("planted-worker-secret");
  });

  it.each([
    [{ type: "bearer" }, "/auth/token"],
    [{ type: "bearer", token: "line\nend" }, "/auth/token"],
    [{ type: "bearer", token: { sealed: "v1.00000000.AAAA" } }, "/auth/token"],
    [{ type: "bearer", token: { secret: "NOWHERE" } }, "/auth/token/secret"],
    [{ type: "bearer", token: { secret: "SLUICE_MASTER_KEY" } }, "/auth/token/secret"],
    [{ type: "bearer", token: "x", extra: 1 }, "/auth/extra"],
    [{ type: "basic", username: "a:b", password: "x" }, "/auth/username"],
    [{ type: "basic", username: "a" }, "/auth/password"],
    [{ type: "api_key", name: "bad name", value: "x" }, "/auth/name"],
    [{ type: "api_key", name: "x-key", value: "ä" }, "/auth/value"],
    [{ type: "hmac", secret: "xyz", secret_encoding: "hex" }, "/auth/secret"],
    [{ type: "hmac", secret: "x", template: "{all}" }, "/auth/template"],
    [
      { type: "oauth2_client_credentials", token_url: "ftp://x", client_id: "a", client_secret: "x" },
      "/auth/token_url",
    ],
    [{ type: "oauth2_client_credentials", token_url: "https://x.test/", client_id: "a" }, "/auth/client_secret"],
    [{ type: "aws_sigv4", access_key_id: "A", region: "eu", service: "sqs" }, "/auth/secret_access_key"],
    [{ type: "mtls", binding: "NOWHERE" }, "/auth/binding"],
    [{ type: "kerberos" }, "/auth/type"],
  ])("that are wrong get a 422 that names the field and nothing is stored [G12]: %j", async (auth, pointer) => {
    const slug = unique("refused");
    const answer = await call("POST", "/destinations", { slug, url, auth });
    expect(answer.status).toBe(422);
    expect(answer.json.errors?.map((error) => error.pointer)).toContain(pointer);
    expect((await call("GET", `/destinations/${slug}`)).status).toBe(404);
  });

  it("must be given again when the type changes [G12]", async () => {
    const { json } = await destination({ auth: { type: "bearer", token: "planted-token" } });
    const answer = await call("PATCH", `/destinations/${json.slug}`, {
      auth: { type: "basic", username: "u" },
    });
    expect([answer.status, answer.json.errors?.[0]?.pointer]).toEqual([422, "/auth/password"]);
    expect((await specOf(json.slug))["auth"]?.["type"]).toBe("bearer");
  });

  it("get 503 without a usable master key; input without secrets is accepted", async () => {
    const vault = createVault({
      masterKey: "not-a-key",
      oldMasterKeys: [],
      randomBytes: (length) => new Uint8Array(length),
      secretNamed: () => null,
    });
    const keyless = createClient({ vault });
    const slug = unique("keyless");
    const refused = await keyless.call("POST", "/destinations", {
      slug,
      url,
      auth: { type: "bearer", token: "planted" },
    });
    expect([refused.status, refused.json.code]).toEqual([503, "not_configured"]);
    expect(refused.json.detail).toContain("SLUICE_MASTER_KEY must be base64 of 32 bytes");
    expect((await keyless.call("POST", "/destinations", { slug, url })).status).toBe(201);
  });

  it("may refer to an mTLS certificate binding of the Worker", async () => {
    const { status, json } = await destination({ auth: { type: "mtls", binding: "CLIENT_CERTIFICATE" } });
    expect([status, json.auth]).toEqual([201, { type: "mtls", binding: "CLIENT_CERTIFICATE" }]);
  });
});

describe("signing secrets", () => {
  const signing = (json: Json): Record<string, unknown> => json.signing as Record<string, unknown>;
  const on = { type: "standard_webhooks" };

  it("are made when none is given, and shown only in that answer and its repetition by idempotency key [G8]", async () => {
    const key = { "idempotency-key": unique("key") };
    const body = { slug: unique("signed"), url, signing: on };
    const first = await call("POST", "/destinations", body, key);
    const [secret = ""] = signing(first.json)["secrets"] as string[];
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const again = await call("POST", "/destinations", body, key);
    expect([again.headers.get("idempotency-replayed"), again.json]).toEqual(["true", first.json]);
    expect(await allThatIsKept()).not.toContain(secret.slice("whsec_".length));
    const read = await call("GET", `/destinations/${body.slug}`);
    expect(signing(read.json)).toEqual({
      type: "standard_webhooks",
      algorithm: "hmac",
      public_keys: [],
      retiring: [],
      secrets_set: { secrets: ["sealed"] },
    });
    const kept = (await specOf(body.slug))["signing"]?.["secrets"] as unknown[];
    expect(await opened(kept[0], read.json.id, "signing/secrets")).toBe(secret);
  });

  it("of ed25519 have a readable public key", async () => {
    const { json } = await destination({ signing: { ...on, algorithm: "ed25519" } });
    const [secret = ""] = signing(json)["secrets"] as string[];
    expect(secret).toMatch(/^whsk_/);
    const read = signing((await call("GET", `/destinations/${json.slug}`)).json);
    expect(read.public_keys).toEqual([expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/)]);
    expect(read).not.toHaveProperty("secrets");
  });

  it("still sign after a rotation until their grace ends", async () => {
    const { json } = await destination({ signing: on });
    const slug = json.slug;
    const [former = ""] = signing(json)["secrets"] as string[];
    const rotated = await call("POST", `/destinations/${slug}/rotate-secret`, { grace_seconds: 3_600 });
    expect(rotated.status).toBe(200);
    const [fresh = ""] = signing(rotated.json)["secrets"] as string[];
    expect(fresh).not.toBe(former);
    const [retiring] = signing(rotated.json)["retiring"] as { expires_at: string }[];
    expect(Date.parse(retiring?.expires_at ?? "") - now()).toBeGreaterThan(3_590_000);
    const spec = (await specOf(slug))["signing"] as { secrets: unknown[]; retiring: { secret: unknown }[] };
    const open = (stored: unknown) => opened(stored, json.id, "signing/secrets");
    expect([await open(spec.secrets[0]), await open(spec.retiring[0]?.secret)]).toEqual([fresh, former]);
    expect(new Webhook(fresh)).toBeDefined();
    const later = createClient({ now: () => now() + 3_601_000 });
    expect(signing((await later.call("GET", `/destinations/${slug}`)).json)["retiring"]).toEqual([]);
  });

  it("that were replaced number ten at most, and none after a rotation without grace", async () => {
    const { json } = await destination({ signing: on });
    const path = `/destinations/${json.slug}/rotate-secret`;
    for (let turn = 0; turn < 12; turn++) await call("POST", path, {});
    const kept = await call("GET", `/destinations/${json.slug}`);
    expect(signing(kept.json)["retiring"]).toHaveLength(10);
    expect(signing((await call("POST", path, { grace_seconds: 0 })).json)["retiring"]).toEqual([]);
  });

  it("survive two rotations at once: both answered secrets sign", async () => {
    const { json } = await destination({ signing: on });
    const slug = json.slug;
    const answers = await Promise.all([1, 2].map(() => call("POST", `/destinations/${slug}/rotate-secret`, {})));
    const handedOut = answers.map((answer) => (signing(answer.json)["secrets"] as string[])[0]);
    const spec = (await specOf(slug))["signing"] as { secrets: unknown[]; retiring: { secret: unknown }[] };
    const signs = await Promise.all(
      [...spec.secrets, ...spec.retiring.map((old) => old.secret)].map((stored) =>
        opened(stored, json.id, "signing/secrets"),
      ),
    );
    for (const secret of handedOut) expect(signs).toContain(secret);
  });

  it("may be given in the forms of the standard", async () => {
    const secret = `whsec_${btoa("a-secret-of-24-bytes-or-more")}`;
    const { json } = await destination({ signing: { ...on, secrets: [secret] } });
    expect(signing(json)).not.toHaveProperty("secrets");
    const path = `/destinations/${json.slug}/rotate-secret`;
    expect((await call("POST", path, { secret })).status).toBe(200);
    for (const [body, pointer] of [
      [{ secret: "weak" }, "/secret"],
      [{ secret: { secret: "NOWHERE" } }, "/secret/secret"],
      [{ grace_seconds: 604_801 }, "/grace_seconds"],
      [{ algorithm: "rsa" }, "/algorithm"],
      [[], "/"],
    ] as const) {
      const answer = await call("POST", path, body);
      expect([answer.status, answer.json.errors?.[0]?.pointer]).toEqual([422, pointer]);
    }
    const weak = await destination({ signing: { ...on, secrets: [secret, "weak"] } });
    expect([weak.status, weak.json.errors?.[0]?.pointer]).toEqual([422, "/signing/secrets/1"]);
  });

  it("cannot be rotated without signing or without a destination", async () => {
    const { json } = await destination({});
    const off = await call("POST", `/destinations/${json.slug}/rotate-secret`, {});
    expect([off.status, off.json.errors?.[0]?.pointer]).toEqual([422, "/signing/type"]);
    expect((await call("POST", "/destinations/nowhere/rotate-secret", {})).status).toBe(404);
  });

  it("and their predecessors are kept when a PATCH sends back what was read", async () => {
    const { json } = await destination({ signing: on });
    const slug = json.slug;
    await call("POST", `/destinations/${slug}/rotate-secret`, {});
    const before = await specOf(slug);
    const read = await call("GET", `/destinations/${slug}`);
    const patched = await call("PATCH", `/destinations/${slug}`, { signing: signing(read.json) });
    expect(patched.status).toBe(200);
    expect((await specOf(slug))["signing"]).toEqual(before.signing);
  });
});

describe("the OpenAPI document", () => {
  it("distinguishes inputs from answers", async () => {
    const { app } = createClient();
    const document = await (
      await app.request("http://sluice.test/openapi.json")
    ).json<{ components: { schemas: Json } }>();
    const { Auth, AuthInput, Signing, SigningInput, Destination, NewDestination } = document.components.schemas;
    expect(JSON.stringify(AuthInput)).toContain('"token":{"$ref":"#/components/schemas/Secret"}');
    expect(JSON.stringify(NewDestination)).toMatch(/AuthInput".*SigningInput"/);
    expect(JSON.stringify([AuthInput, SigningInput])).not.toMatch(/SecretsSet|retiring|public_keys/);
    expect(JSON.stringify(Destination)).toMatch(/Auth".*Signing"/);
    expect(JSON.stringify([Auth, Signing])).not.toMatch(/schemas\/Secret"|"sealed":/);
    expect(JSON.stringify(Signing)).toMatch(/secrets_set.*public_keys.*retiring/);
  });
});
