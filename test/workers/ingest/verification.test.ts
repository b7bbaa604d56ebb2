// Verification as a sender meets it: the whole app, real secrets, a queue in the test's hands.
import { createHmac } from "node:crypto";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { EventMessage } from "../../../src/model/message.ts";
import type { RouteDocument } from "../../../src/model/route.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { buildApp } from "../../../src/worker/ports/api.ts";

const SECRET = "it-is-a-secret-to-everybody";
const sign = (body: string, secret = SECRET): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

let serial = 0;

async function createSluice() {
  const sent: EventMessage[] = [];
  const queue = {
    send: async (message: EventMessage) => {
      sent.push(message);
      return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
    },
  };
  const work: Promise<unknown>[] = [];
  const ctx = {
    waitUntil: (promise: Promise<unknown>) => void work.push(promise),
    passThroughOnException: () => undefined,
  };
  const app = buildApp(createRuntime({ ...env, EVENTS: queue as unknown as Env["EVENTS"] }));
  const request = async (path: string, init: RequestInit): Promise<Response> =>
    app.request(`https://hooks.test${path}`, init, {}, ctx as unknown as ExecutionContext);
  const slug = `verified-${++serial}`;
  const api = (method: string, path: string, body?: unknown) =>
    request(`/api/v1${path}`, {
      method,
      headers: { authorization: "Bearer test-admin-token-of-the-tests" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    sent,
    slug,
    api,
    settled: () => Promise.all(work),
    configure: async (source: object) => {
      const answer = await api("POST", "/sources", { slug, ...source });
      expect(answer.status, await answer.clone().text()).toBe(201);
    },
    post: (body: string, headers: Record<string, string>, query = "") =>
      request(`/in/${slug}${query}`, { method: "POST", body, headers }),
  };
}

const github = { verification: { type: "github", secrets: [SECRET] } };

const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const base64 = (key: string | Buffer, text: string): string => createHmac("sha256", key).update(text).digest("base64");
const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

/** Requests as providers send them, each with what its source needs. */
const GENUINE: readonly (readonly [string, object, () => { body: string; headers: Record<string, string> }])[] = [
  [
    "Shopify under the header without x-",
    { type: "shopify", secrets: [SECRET] },
    () => ({ body: '{"id":1}', headers: { "shopify-hmac-sha256": base64(SECRET, '{"id":1}') } }),
  ],
  [
    "GitLab with a signing token",
    { type: "gitlab", secrets: ["plain-token", WHSEC] },
    () => {
      const at = nowSeconds();
      const key = Buffer.from(WHSEC.slice("whsec_".length), "base64");
      return {
        body: '{"object_kind":"push"}',
        headers: {
          "webhook-id": "f5e5f430",
          "webhook-timestamp": String(at),
          "webhook-signature": `v1,${base64(key, `f5e5f430.${at}.{"object_kind":"push"}`)}`,
        },
      };
    },
  ],
  [
    "GitLab with its secret token",
    { type: "gitlab", secrets: ["plain-token", WHSEC] },
    () => ({ body: "{}", headers: { "x-gitlab-token": "plain-token" } }),
  ],
  [
    "Microsoft Graph with a byte order mark",
    { type: "microsoft_graph", secrets: [SECRET] },
    () => ({ body: `\uFEFF{"value":[{"clientState":"${SECRET}"}]}`, headers: { "content-type": "application/json" } }),
  ],
  [
    "Linear an hour late",
    { type: "linear", secrets: [SECRET] },
    () => {
      const body = JSON.stringify({ action: "create", webhookTimestamp: (nowSeconds() - 3_660) * 1_000 });
      return { body, headers: { "linear-signature": sign(body).slice("sha256=".length) } };
    },
  ],
  [
    "Svix, whose secret was pasted with a line end",
    { type: "svix", secrets: [`${WHSEC}\n`] },
    () => {
      const at = nowSeconds();
      const key = Buffer.from(WHSEC.slice("whsec_".length), "base64");
      return {
        body: "{}",
        headers: {
          "svix-id": "msg_1",
          "svix-timestamp": String(at),
          "svix-signature": `v1,${base64(key, `msg_1.${at}.{}`)}`,
        },
      };
    },
  ],
];

describe("a source that verifies", () => {
  it.each(GENUINE)("accepts %s, and refuses it without the proof [G9]", async (_name, verification, request) => {
    const sluice = await createSluice();
    await sluice.configure({ verification });
    const { body, headers } = request();
    expect((await sluice.post(body, headers)).ok).toBe(true);
    expect(sluice.sent[0]?.event.verified).toBe(true);
    expect((await sluice.post("{}", { "content-type": "application/json" })).status).toBe(401);
    await sluice.settled();
  });

  it("takes what its sender signed, marks it, and refuses everything else [G9]", async () => {
    const sluice = await createSluice();
    await sluice.configure(github);
    expect((await sluice.post("{}", { "x-hub-signature-256": sign("{}") })).status).toBe(202);
    expect(sluice.sent[0]?.event.verified).toBe(true);
    for (const headers of [
      {},
      { "x-hub-signature-256": "" },
      { "x-hub-signature-256": sign("{} ") },
      { "x-hub-signature-256": sign("{}", "another") },
      { "x-hub-signature": sign("{}") },
    ] as Record<string, string>[])
      expect((await sluice.post("{}", headers)).status).toBe(401);
    expect(sluice.sent).toHaveLength(1);
    await sluice.settled();
  });

  it("asks the sender to come again while its keys cannot be fetched, or keeps the event flagged", async () => {
    const token = { authorization: "Bearer a.b.c" };
    const jwt = { type: "jwt", jwks_url: "https://127.0.0.1:1/keys" };
    const strict = await createSluice();
    await strict.configure({ verification: jwt });
    const answer = await strict.post("{}", token);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).not.toBeNull();
    expect((await strict.post("{}", {})).status).toBe(401);
    const lenient = await createSluice();
    await lenient.configure({ verification: { ...jwt, on_failure: "accept" } });
    expect((await lenient.post("{}", token)).status).toBe(202);
    expect([strict.sent.length, lenient.sent[0]?.event.verified]).toEqual([0, false]);
  });

  it("answers every cause in one and the same way, but for the request id [G9]", async () => {
    const sluice = await createSluice();
    await sluice.configure({
      verification: {
        type: "standard_webhooks",
        secrets: [`whsec_${btoa("0".repeat(24))}`],
        allowed_ips: ["192.0.2.0/24"],
      },
    });
    const inside = { "cf-connecting-ip": "192.0.2.1" };
    const now = String(Math.floor(Date.now() / 1000));
    const causes: Record<string, string>[] = [
      {},
      inside,
      { ...inside, "webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA" },
      { ...inside, "webhook-id": "a", "webhook-timestamp": "x", "webhook-signature": "v1,AAAA" },
      { ...inside, "webhook-id": "a", "webhook-timestamp": now, "webhook-signature": "v1,AAAA" },
      { ...inside, "webhook-id": "a", "webhook-timestamp": now, "webhook-signature": "garbage" },
    ];
    const answers = await Promise.all(causes.map((headers) => sluice.post("{}", headers)));
    const seen = await Promise.all(
      answers.map(async (answer) => {
        const id = answer.headers.get("x-request-id") ?? "";
        expect(id).not.toBe("");
        const headers = [...answer.headers].filter(([name]) => name !== "x-request-id");
        return JSON.stringify([answer.status, headers, (await answer.text()).replaceAll(id, "ID")]);
      }),
    );
    expect(new Set(seen).size).toBe(1);
    expect(JSON.parse(seen[0] ?? "[]")[0]).toBe(401);
    expect(seen[0]).toContain("verification_failed");
    await sluice.settled();
    const { samples } = await (
      await sluice.api("GET", `/rejections?source=${sluice.slug}`)
    ).json<{ samples: { cause: string }[] }>();
    expect(new Set(samples.map((sample) => sample.cause)).size).toBeGreaterThan(3);
  });

  it("keeps failing requests, marked as unverified, if the source is configured to", async () => {
    const sluice = await createSluice();
    await sluice.configure({ verification: { ...github.verification, on_failure: "accept" } });
    expect((await sluice.post("{}", { "x-hub-signature-256": sign("x") })).status).toBe(202);
    expect((await sluice.post("{}", { "x-hub-signature-256": sign("{}") })).status).toBe(202);
    expect(sluice.sent.map(({ event }) => event.verified)).toEqual([false, true]);
  });

  it("checks a body of 7 MB while it goes to R2, and keeps it only when it is genuine [G9]", async () => {
    const sluice = await createSluice();
    await sluice.configure({ ...github, max_body_bytes: 25 * 1024 * 1024 });
    const body = "x".repeat(7_000_000);
    const before = (await env.BODIES.list()).objects.length;
    expect((await sluice.post(body, { "x-hub-signature-256": sign(`${body.slice(1)}y`) })).status).toBe(401);
    expect((await env.BODIES.list()).objects).toHaveLength(before);
    expect((await sluice.post(body, { "x-hub-signature-256": sign(body) })).status).toBe(202);
    expect((await env.BODIES.list()).objects).toHaveLength(before + 1);
    await sluice.settled();
  });

  it("keeps its key out of the samples of what it refuses [G8]", async () => {
    const sluice = await createSluice();
    await sluice.configure({
      verification: { type: "api_key", in: "query", name: "pass", secrets: [SECRET] },
      max_body_bytes: 3,
    });
    const refused = await sluice.post("too large", {}, `?a=1&pass=${SECRET}`);
    expect(refused.status).toBe(413);
    expect(await refused.text()).toContain("body_too_large");
    await sluice.settled();
    const text = await (await sluice.api("GET", `/rejections?source=${sluice.slug}`)).text();
    expect(text).toContain("body_too_large");
    expect(text).toContain("?a=1&pass=[redacted]");
    expect(text).not.toContain(SECRET);
  });

  it("writes nothing to D1 for what it accepts", async () => {
    const sluice = await createSluice();
    await sluice.configure(github);
    await sluice.post("{}", { "x-hub-signature-256": sign("{}") });
    const size = async () =>
      (
        await env.DB.prepare(
          "SELECT (SELECT COUNT(*) FROM events) + (SELECT COUNT(*) FROM outbox) + (SELECT COUNT(*) FROM rejections) AS n",
        ).first<{ n: number }>()
      )?.n;
    const before = await size();
    for (let i = 0; i < 20; i++) await sluice.post("{}", { "x-hub-signature-256": sign("{}") });
    expect(await size()).toBe(before);
    expect(sluice.sent).toHaveLength(21);
  });
});

describe("a route document that an older version has published", () => {
  it("is read with the fields that came later", async () => {
    const sluice = await createSluice();
    await sluice.configure({});
    const key = (await env.ROUTES.list()).keys.find(({ name }) => name.endsWith(sluice.slug))?.name ?? "";
    const document = (await env.ROUTES.get<RouteDocument>(key, "json")) as unknown as {
      source: Record<string, unknown>;
    };
    document.source = { id: document.source.id, name: "Old", slug: sluice.slug };
    await env.ROUTES.put(key, JSON.stringify(document));
    const app = buildApp(createRuntime(env));
    const answer = await app.request(`https://hooks.test/in/${sluice.slug}`, { method: "GET" }, {}, {
      waitUntil: () => undefined,
      passThroughOnException: () => undefined,
    } as unknown as ExecutionContext);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST, PUT, PATCH, DELETE");
  });
});

describe("a body that is too large", () => {
  const MIB = 1024 * 1024;

  it("to be verified gets 413, never 401", async () => {
    const { configure, post, sent } = await createSluice();
    await configure({ verification: { type: "adyen", secrets: ["44".repeat(32)] }, max_body_bytes: 25 * MIB });
    const answer = await post(`{"x":"${"a".repeat(MIB)}"}`, { "content-type": "application/json" });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({
      code: "body_too_large",
      detail: `This source accepts bodies of up to ${MIB} bytes.`,
    });
    expect(sent).toEqual([]);
  });

  it("for most providers is none for Mailgun, whose forms have the signature among attachments", async () => {
    const { configure, post, sent } = await createSluice();
    await configure({ verification: { type: "mailgun", secrets: [SECRET] }, max_body_bytes: 25 * MIB });
    const timestamp = String(nowSeconds());
    const fields = {
      timestamp,
      token: "token",
      signature: createHmac("sha256", SECRET).update(`${timestamp}token`).digest("hex"),
    };
    const form = new FormData();
    form.set("attachment-1", new File(["a".repeat(1_400_000)], "a.txt"));
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    const whole = new Response(form);
    const answer = await post(await whole.text(), { "content-type": whole.headers.get("content-type") ?? "" });
    expect(answer.status).toBe(200);
    expect(sent).toMatchObject([{ event: { verified: true } }]);
  });
});

describe("a source that waits for its secret", () => {
  it("refuses each request and says so, takes samples without a signature, and verifies once it has the secret", async () => {
    const { api, configure, post, sent, slug } = await createSluice();
    await configure({ verification: { type: "stripe" } });
    const refused = await post("{}", { "stripe-signature": "t=1,v1=00" });
    expect([refused.status, await refused.json()]).toMatchObject([401, { code: "awaiting_secret" }]);
    const sample = async (body: object = {}) => {
      const answer = await api("POST", `/sources/${slug}/test`, body);
      return [answer.status, await answer.json<Record<string, unknown>>()] as const;
    };
    expect(await sample()).toMatchObject([202, { signed: false, unsigned_because: "awaiting_secret" }]);
    expect(sent.map(({ event }) => event.verified)).toEqual([null]);

    await api("PATCH", `/sources/${slug}`, { verification: { type: "stripe", secrets: ["whsec_x"] } });
    expect((await post("{}", { "stripe-signature": "t=1,v1=00" })).status).toBe(401);
    const [status, answer] = await sample({ type: "charge.succeeded" });
    expect([status, answer]).toMatchObject([202, { signed: true, unsigned_because: null }]);
    expect(sent[1]?.event).toMatchObject({ id: answer["id"], event_type: "charge.succeeded", verified: true });
  });

  it("accepts unverified requests if it is told to keep them", async () => {
    const { configure, post, sent } = await createSluice();
    await configure({ verification: { type: "github", on_failure: "accept" } });
    expect((await post("{}", {})).status).toBe(202);
    expect(sent.map(({ event }) => event.verified)).toEqual([false]);
  });
});

describe("a sample", () => {
  const answerTo = async (source: object, body: object = {}) => {
    const { api, configure, slug } = await createSluice();
    await configure(source);
    const answer = await api("POST", `/sources/${slug}/test`, body);
    return { http: answer.status, ...(await answer.json<Record<string, unknown>>()) };
  };

  it.each([
    [{ verification: { type: "none" } }, "no_verification"],
    [{ verification: { type: "discord", secrets: ["00".repeat(32)] } }, "sender_only"],
    [{ ...github, verification: { ...github.verification, allowed_ips: ["192.0.2.1"] } }, "allowed_ips"],
  ])("of %o is sent without a signature, and the answer says why", async (source, unsigned_because) => {
    expect(await answerTo(source)).toMatchObject({ http: 202, signed: false, unsigned_because });
  });

  it("is refused as the source refuses any request, and for a type that has none", async () => {
    expect(await answerTo({ ...github, allowed_methods: ["PUT"] })).toMatchObject({
      http: 409,
      code: "sample_refused",
      detail: "The source answered 405. This source accepts PUT.",
    });
    expect(await answerTo(github, { type: "invoice.paid" })).toMatchObject({
      http: 422,
      errors: [{ pointer: "/type", detail: "must be one of push, pull_request, issues, ping" }],
    });
  });
});
