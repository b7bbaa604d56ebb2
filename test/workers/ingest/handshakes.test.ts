// Handshakes over the whole app: what the provider gets, headers and all, and what Sluice keeps of it.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHmac } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { buildApp } from "../../../src/worker/ports/api.ts";
import { unique } from "../api/harness.ts";
import { selfSigned } from "./certificate.ts";

const runtime = createRuntime(env);
const app = buildApp(runtime);
const sent = vi.spyOn(env.EVENTS, "send");
let network: { mockRestore: () => void } | null = null;
afterEach(() => network?.mockRestore());

const fetchApp = async (path: string, init: RequestInit = {}, on = app): Promise<Response> => {
  return on.fetch(new Request(`https://edge.test${path}`, init), env, createExecutionContext());
};
const api = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const response = await fetchApp(`/api/v1${path}`, {
    method,
    headers: { authorization: "Bearer test-admin-token-of-the-tests", "content-type": "application/json", ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: response.status, json: await response.json<Record<string, unknown>>() };
};
const source = async (verification: Record<string, unknown>): Promise<string> => {
  const slug = unique("shake");
  const { status, json } = await api("POST", "/sources", { slug, verification });
  expect([status, json.errors ?? null]).toEqual([201, null]);
  return slug;
};
const hmac = (secret: string, text: string, form: "hex" | "base64" = "hex"): string =>
  createHmac("sha256", secret).update(text).digest(form);
const seconds = (): string => String(Math.floor(Date.now() / 1000));

/** What came back, and that no event was made of it. */
const answered = async (path: string, init: RequestInit = {}) => {
  const before = sent.mock.calls.length;
  const response = await fetchApp(path, init);
  expect(sent.mock.calls.length).toBe(before);
  expect(response.headers.get("sluice-event-id")).toBeNull();
  return { status: response.status, headers: response.headers, text: await response.text() };
};
/** A request whose public answer is that of any forgery. */
const refused = async (path: string, init: RequestInit = {}, why = "verification_failed"): Promise<void> => {
  const { status, text } = await answered(path, init);
  expect([status, (JSON.parse(text) as { code: string }).code]).toEqual([401, why]);
};

describe("handshakes that come as GET where GET is not allowed", () => {
  it("of Meta are answered for the right verify token alone", async () => {
    const slug = await source({ type: "meta", secrets: ["app-secret"], verify_token: "meaty" });
    const query = (token: string, challenge = "11582"): string =>
      `/in/${slug}?hub.mode=subscribe&hub.challenge=${encodeURIComponent(challenge)}&hub.verify_token=${token}`;
    const { status, headers, text } = await answered(query("meaty", "<b>1</b>"));
    expect([status, text]).toEqual([200, "<b>1</b>"]);
    expect([headers.get("content-type"), headers.get("x-content-type-options")]).toEqual([
      "text/plain; charset=utf-8",
      "nosniff",
    ]);
    await refused(query("wrong"));
    await refused(query(""));
    expect((await answered(`/in/${slug}`)).status).toBe(405);
    expect((await answered(query("meaty", "1\r\nset-cookie: a=b"))).status).toBe(405);
    const bare = await source({ type: "whatsapp", secrets: ["app-secret"] });
    await refused(query("meaty").replace(slug, bare));
  });

  it("of X, Dropbox and Okta are answered", async () => {
    const x = await answered(`/in/${await source({ type: "twitter", secrets: ["consumer"] })}?crc_token=abc&nonce=1`);
    expect(JSON.parse(x.text)).toEqual({ response_token: `sha256=${hmac("consumer", "abc", "base64")}` });
    expect(x.headers.get("content-type")).toContain("application/json");
    const dropbox = await answered(`/in/${await source({ type: "dropbox", secrets: ["app"] })}?challenge=a%26b`);
    expect([dropbox.status, dropbox.text]).toEqual([200, "a&b"]);
    const okta = await answered(`/in/${await source({ type: "okta", secrets: ["authorization"] })}`, {
      headers: { "x-okta-verification-challenge": 'a"b' },
    });
    expect(JSON.parse(okta.text)).toEqual({ verification: 'a"b' });
  });

  it("are none for sources of another kind", async () => {
    const slug = await source({ type: "stripe", secrets: ["whsec_x"] });
    for (const query of ["?crc_token=abc", "?challenge=abc", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token="]) {
      expect((await answered(`/in/${slug}${query}`)).status).toBe(405);
    }
  });
});

describe("the validation of Microsoft Graph", () => {
  it("is answered in plain text, decoded, while notifications need their clientState", async () => {
    const slug = await source({ type: "microsoft_graph", secrets: ["state"] });
    const { status, headers, text } = await answered(`/in/${slug}?validationToken=Validation%3A+a%2Bb%3Cscript%3E`, {
      method: "POST",
    });
    expect([status, text]).toEqual([200, "Validation: a+b<script>"]);
    expect([headers.get("content-type"), headers.get("x-content-type-options")]).toEqual([
      "text/plain; charset=utf-8",
      "nosniff",
    ]);
    await refused(`/in/${slug}?validationToken=${"x".repeat(3_000)}`, { method: "POST" });
    await refused(`/in/${slug}?validationToken=a%0d%0ab`, { method: "POST" });
  });
});

describe("signed handshakes", () => {
  it("of Slack are answered, and refused with a wrong or an old signature", async () => {
    const slug = await source({ type: "slack", secrets: ["signing"] });
    const ask = (secret: string, at: string, body = '{"type":"url_verification","challenge":"3eZ"}'): RequestInit => ({
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "x-slack-request-timestamp": at,
        "x-slack-signature": `v0=${hmac(secret, `v0:${at}:${body}`)}`,
      },
    });
    const { status, text } = await answered(`/in/${slug}`, ask("signing", seconds()));
    expect([status, text]).toEqual([200, "3eZ"]);
    await refused(`/in/${slug}`, ask("wrong", seconds()));
    await refused(`/in/${slug}`, ask("signing", "1000000000"));
    await refused(`/in/${slug}`, { method: "POST", body: '{"type":"url_verification","challenge":"3eZ"}' });
    const before = sent.mock.calls.length;
    const event = await fetchApp(`/in/${slug}`, ask("signing", seconds(), '{"type":"event_callback"}'));
    expect(sent.mock.calls.length).toBe(before + 1);
    expect(event.headers.get("sluice-event-id")).toMatch(/^evt_/);
  });

  it("are not answered unverified even where a source accepts what fails", async () => {
    const slug = await source({ type: "slack", secrets: ["signing"], on_failure: "accept" });
    const response = await fetchApp(`/in/${slug}`, {
      method: "POST",
      body: '{"type":"url_verification","challenge":"3eZ"}',
    });
    expect(response.status).toBe(202);
    expect(await response.text()).not.toContain("3eZ");
  });

  it("of Zoom are answered with the token's HMAC", async () => {
    const slug = await source({ type: "zoom", secrets: ["next", "token"] });
    const body = '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8"}}';
    const at = seconds();
    const ask = (signature: string): RequestInit => ({
      method: "POST",
      body,
      headers: { "x-zm-request-timestamp": at, "x-zm-signature": `v0=${signature}` },
    });
    const { text } = await answered(`/in/${slug}`, ask(hmac("token", `v0:${at}:${body}`)));
    expect(JSON.parse(text)).toEqual({ plainToken: "qgg8", encryptedToken: hmac("token", "qgg8") });
    await refused(`/in/${slug}`, ask(hmac("wrong", `v0:${at}:${body}`)));
  });

  it("of Twitch are answered with the bare challenge", async () => {
    const slug = await source({ type: "twitch", secrets: ["s3cret"] });
    const body = '{"challenge":"pogchamp","subscription":{}}';
    const at = new Date().toISOString();
    const ask = (secret: string): RequestInit => ({
      method: "POST",
      body,
      headers: {
        "twitch-eventsub-message-id": "m1",
        "twitch-eventsub-message-timestamp": at,
        "twitch-eventsub-message-type": "webhook_callback_verification",
        "twitch-eventsub-message-signature": `sha256=${hmac(secret, `m1${at}${body}`)}`,
      },
    });
    expect(await answered(`/in/${slug}`, ask("s3cret"))).toMatchObject({ status: 200, text: "pogchamp" });
    await refused(`/in/${slug}`, ask("wrong"));
  });

  it("of Discord are answered in kind", async () => {
    const keys = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
    const hex = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString("hex");
    const publicKey = hex((await crypto.subtle.exportKey("raw", keys.publicKey)) as ArrayBuffer);
    const slug = await source({ type: "discord", secrets: [publicKey] });
    const ask = async (body: string): Promise<RequestInit> => {
      const at = seconds();
      const signature = await crypto.subtle.sign("Ed25519", keys.privateKey, new TextEncoder().encode(at + body));
      return { method: "POST", body, headers: { "x-signature-ed25519": hex(signature), "x-signature-timestamp": at } };
    };
    const ping = await answered(`/in/${slug}`, await ask('{"type":1}'));
    expect([ping.status, ping.headers.get("content-type"), ping.text]).toEqual([
      200,
      "application/json; charset=utf-8",
      '{"type":1}',
    ]);
    expect((await answered(`/in/${slug}`, await ask('{"type":0}'))).status).toBe(204);
    await refused(`/in/${slug}`, { ...(await ask('{"type":1}')), body: '{"type":0}' });
  });
});

describe("the subscription of AWS SNS", () => {
  const SUBSCRIBE = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t";
  const CERTIFICATE = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-";
  let serial = 0;

  const setUp = async (confirmation: () => Response) => {
    const { pem, sign } = await selfSigned();
    const url = `${CERTIFICATE}${String(++serial).padStart(32, "0")}.pem`;
    const fetched: string[] = [];
    network = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      fetched.push(input as string);
      expect(init?.redirect).toBe("manual");
      return input === url ? new Response(pem) : confirmation();
    });
    const ask = async (
      change: Record<string, string> = {},
      after: Record<string, string> = {},
    ): Promise<RequestInit> => {
      const message: Record<string, string> = {
        Type: "SubscriptionConfirmation",
        MessageId: "1",
        Token: "t",
        TopicArn: "arn:aws:sns:us-east-1:1:topic",
        Message: "confirm",
        SubscribeURL: SUBSCRIBE,
        Timestamp: new Date().toISOString(),
        SignatureVersion: "2",
        SigningCertURL: url,
        ...change,
      };
      const fields = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
      message["Signature"] = await sign(fields.map((name) => `${name}\n${message[name] ?? ""}\n`).join(""));
      return {
        method: "POST",
        body: JSON.stringify({ ...message, ...after }),
        headers: { "content-type": "text/plain" },
      };
    };
    return { fetched, ask, url };
  };

  it("is confirmed by fetching its URL", async () => {
    const { fetched, ask, url } = await setUp(() => new Response("<ConfirmSubscriptionResponse/>"));
    const slug = await source({ type: "aws_sns" });
    expect((await answered(`/in/${slug}`, await ask())).status).toBe(200);
    expect(fetched).toEqual([url, SUBSCRIBE]);
  });

  it("is not confirmed with a wrong signature, another topic or a URL that leads elsewhere", async () => {
    const { fetched, ask, url } = await setUp(() => new Response("ok"));
    const slug = await source({ type: "aws_sns", topic_arns: ["arn:aws:sns:us-east-1:1:topic"] });
    await refused(`/in/${slug}`, await ask({}, { SubscribeURL: `${SUBSCRIBE}&x` }));
    await refused(`/in/${slug}`, await ask({ TopicArn: "arn:aws:sns:us-east-1:2:other" }));
    for (const SubscribeURL of [
      "http://169.254.169.254/?Action=ConfirmSubscription",
      "https://evil.test/?Action=ConfirmSubscription",
    ])
      await refused(`/in/${slug}`, await ask({ SubscribeURL }));
    expect(new Set(fetched)).toEqual(new Set([url]));
  });

  it("is asked for again when the confirmation fails", async () => {
    const { ask } = await setUp(() => new Response("no", { status: 500 }));
    const { status, headers } = await answered(`/in/${await source({ type: "aws_sns" })}`, await ask());
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
  });

  it("that ends is acknowledged and not taken up again", async () => {
    const { fetched, ask, url } = await setUp(() => new Response("ok"));
    const slug = await source({ type: "aws_sns" });
    expect((await answered(`/in/${slug}`, await ask({ Type: "UnsubscribeConfirmation" }))).status).toBe(200);
    expect(fetched).toEqual([url]);
  });
});

interface Row {
  spec: string;
  version: number;
  published_version: number;
}
const rowOf = async (slug: string): Promise<Row> => {
  const row = await env.DB.prepare("SELECT spec, version, published_version FROM sources WHERE slug = ?")
    .bind(slug)
    .first<Row>();
  if (row === null) throw new Error("no such source");
  return row;
};

describe("a secret that comes in the handshake", () => {
  const hook = (secret: string): RequestInit => ({ method: "POST", headers: { "x-hook-secret": secret } });
  const event = (secret: string, body = '{"events":[]}'): RequestInit => ({
    method: "POST",
    body,
    headers: { "x-hook-signature": hmac(secret, body) },
  });

  it("of Asana is echoed, sealed, published, and signs what follows [G8]", async () => {
    const slug = await source({ type: "asana" });
    await refused(`/in/${slug}`, event("b537"), "awaiting_secret");
    const before = await rowOf(slug);
    const { status, headers } = await answered(`/in/${slug}`, hook("b537"));
    expect([status, headers.get("x-hook-secret")]).toEqual([200, "b537"]);
    const after = await rowOf(slug);
    expect(after.version).toBe(before.version + 1);
    expect(after.published_version).toBe(after.version);
    expect(after.spec).not.toContain("b537");
    expect(JSON.parse(after.spec)).toMatchObject({
      verification: { secrets: [{ sealed: expect.stringMatching(/^v1\./) }] },
    });
    expect((await fetchApp(`/in/${slug}`, event("b537"))).headers.get("sluice-event-id")).toMatch(/^evt_/);
    await refused(`/in/${slug}`, event("wrong"));
    const elsewhere = buildApp(createRuntime(env));
    expect((await fetchApp(`/in/${slug}`, event("b537"), elsewhere)).status).toBe(202);
  });

  it("is not replaced by another, answered again for the same, and learned anew once it is cleared [G9]", async () => {
    const slug = await source({ type: "asana" });
    await answered(`/in/${slug}`, hook("first"));
    await refused(`/in/${slug}`, hook("second"));
    expect((await answered(`/in/${slug}`, hook("first"))).status).toBe(200);
    await refused(`/in/${slug}`, event("second"));
    await api("PATCH", `/sources/${slug}`, { verification: { type: "asana", secrets: [] } });
    expect((await answered(`/in/${slug}`, hook("second"))).status).toBe(200);
    expect((await fetchApp(`/in/${slug}`, event("second"))).status).toBe(202);
  });

  it("is learned once when two come at the same time", async () => {
    const slug = await source({ type: "asana" });
    const statuses = await Promise.all(
      ["one", "two", "three"].map(async (name) => (await fetchApp(`/in/${slug}`, hook(name))).status),
    );
    expect(statuses.sort((a, b) => a - b)).toEqual([200, 401, 401]);
  });

  it.each([
    ["two words", "a b"],
    ["too long", "x".repeat(300)],
  ])("is refused when it is none: %s", async (_what, secret) => {
    const slug = await source({ type: "asana" });
    await refused(`/in/${slug}`, hook(secret));
    expect((await rowOf(slug)).spec).toContain('"secrets":[]');
  });

  it("of Notion is acknowledged without the secret, shown by the API only, and verifies later requests [G8]", async () => {
    const slug = await source({ type: "notion" });
    const token = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";
    const ask: RequestInit = { method: "POST", body: JSON.stringify({ verification_token: token }) };
    expect((await api("POST", `/sources/${slug}/learned-secret`)).status).toBe(404);
    const { status, text } = await answered(`/in/${slug}`, ask);
    expect([status, text]).toEqual([200, ""]);
    expect((await api("POST", `/sources/${slug}/learned-secret`, undefined, { "idempotency-key": "k" })).json).toEqual({
      secret: token,
    });
    expect((await fetchApp(`/api/v1/sources/${slug}/learned-secret`, { method: "POST" })).status).toBe(401);
    expect(JSON.stringify((await api("GET", `/sources/${slug}`)).json)).not.toContain(token);
    const kept = await env.DB.prepare("SELECT group_concat(response) AS all_kept FROM idempotency_keys").first();
    expect(JSON.stringify(kept)).not.toContain(token);
    const body = '{"type":"page.created"}';
    const event = { method: "POST", body, headers: { "x-notion-signature": `sha256=${hmac(token, body)}` } };
    expect((await fetchApp(`/in/${slug}`, event)).headers.get("sluice-event-id")).toMatch(/^evt_/);
    await refused(`/in/${slug}`, { ...ask, body: '{"verification_token":"secret_other"}' });
  });
});

describe("handshakes that are unsigned", () => {
  it("of WooCommerce, Azure Event Grid and CloudEvents are answered with 200 and make no event", async () => {
    const shop = await source({ type: "woocommerce", secrets: ["s3cret"] });
    const ping = await answered(`/in/${shop}`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "webhook_id=2",
    });
    expect([ping.status, ping.text]).toEqual([200, ""]);
    await refused(`/in/${shop}`, { method: "POST", body: "webhook_id=2&status=paid" });

    const grid = await source({ type: "api_key", in: "query", name: "code", secrets: ["k3y"] });
    const validation = await answered(`/in/${grid}`, {
      method: "POST",
      headers: { "aeg-event-type": "SubscriptionValidation", "content-type": "application/json" },
      body: JSON.stringify([{ data: { validationCode: "512d38b6" } }]),
    });
    expect([validation.status, JSON.parse(validation.text)]).toEqual([200, { validationResponse: "512d38b6" }]);
    await refused(`/in/${grid}`, { method: "POST", headers: { "aeg-event-type": "Notification" }, body: "[]" });

    const options = await answered(`/in/${grid}`, {
      method: "OPTIONS",
      headers: { "webhook-request-origin": "eventgrid.azure.net" },
    });
    expect([options.status, options.headers.get("webhook-allowed-origin")]).toEqual([200, "eventgrid.azure.net"]);
    expect((await answered(`/in/${grid}`, { method: "OPTIONS" })).status).toBe(405);
  });
});
