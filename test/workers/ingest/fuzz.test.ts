// Whatever a sender sends, the answer is its own fault or a success: never a 5xx, never an exception.
import { env } from "cloudflare:workers";
import fc from "../../property.ts";
import { beforeAll, describe, expect, it } from "vitest";
import { toBase64 } from "../../../src/kernel/bytes.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { buildApp } from "../../../src/worker/ports/api.ts";

const SECRET = toBase64(new TextEncoder().encode("0".repeat(32)));
const withSecret = (type: string, more: object = {}) => ({ type, secrets: [SECRET], ...more });

const SOURCES: Record<string, object> = {
  plain: {},
  any: { allowed_methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], max_body_bytes: 500_000 },
  github: {
    verification: withSecret("github", { allow_sha1: true }),
    dedupe: { key: "header:x-github-delivery", window_seconds: 60 },
  },
  standard: { verification: withSecret("standard_webhooks", { secrets: [`whsec_${SECRET}`] }) },
  stripe: {
    verification: withSecret("stripe", { on_failure: "accept" }),
    dedupe: { key: "body:id", window_seconds: 60 },
  },
  slack: { verification: withSecret("slack") },
  zoom: { verification: withSecret("zoom", { on_failure: "accept" }) },
  twitch: { verification: withSecret("twitch") },
  twitter: { verification: withSecret("twitter") },
  twilio: { verification: withSecret("twilio", { on_failure: "accept" }) },
  square: { verification: withSecret("square") },
  hubspot: { verification: withSecret("hubspot") },
  mailgun: { verification: withSecret("mailgun") },
  adyen: { verification: withSecret("adyen", { secrets: ["00".repeat(32)] }) },
  microsoft: { verification: withSecret("microsoft_graph") },
  sns: { verification: { type: "aws_sns" } },
  jwt: { verification: withSecret("jwt", { secrets: ["0".repeat(64)] }) },
  basic: { verification: withSecret("basic", { secrets: ["user:password"] }) },
  key: { verification: withSecret("api_key", { in: "query", name: "key" }) },
  hmac: {
    verification: withSecret("hmac", {
      header: "x-signature",
      signed: "{timestamp}.{sorted_form}",
      timestamp_header: "x-time",
    }),
  },
  hashed: { dedupe: { key: "body_hash", window_seconds: 1 } },
  deep: { dedupe: { key: "body:a.b[0].c", window_seconds: 60 } },
  limited: { rate_limit: { limit: 1_000, period_seconds: 1 } },
  strict: { verification: { type: "none", allowed_ips: ["192.0.2.0/24", "2001:db8::/32"] } },
};

const queue = { send: async () => ({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } }) };
const app = buildApp(createRuntime({ ...env, EVENTS: queue as unknown as Env["EVENTS"] }));
const ctx = { waitUntil: () => undefined, passThroughOnException: () => undefined } as unknown as ExecutionContext;

beforeAll(async () => {
  for (const [slug, source] of Object.entries(SOURCES)) {
    const answer = await app.request(
      "https://hooks.test/api/v1/sources",
      {
        method: "POST",
        headers: { authorization: "Bearer test-admin-token-of-the-tests" },
        body: JSON.stringify({ slug: `fuzz-${slug}`, ...source }),
      },
      {},
      ctx,
    );
    expect(answer.status, `${slug}: ${await answer.text()}`).toBe(201);
  }
});

const latin = (maxLength: number) =>
  fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((c) => c !== 0x7f)
      .map((c) => String.fromCharCode(c)),
    maxLength,
  });
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "MKCOL"];
// Names that the checks, keys and handshakes look at come up often.
const headerName = fc.oneof(
  fc.constantFrom(
    ...["authorization", "content-type", "content-length", "content-encoding", "cookie", "cf-connecting-ip", "x-time"],
    ...["x-github-delivery", "x-hub-signature-256", "x-hub-signature", "stripe-signature", "x-slack-signature"],
    ...["x-slack-request-timestamp", "webhook-id", "webhook-timestamp", "webhook-signature", "x-twilio-signature"],
    ...["x-square-hmacsha256-signature", "x-hubspot-signature-v3", "x-hubspot-request-timestamp", "x-signature"],
    ...["x-zm-signature", "x-zm-request-timestamp", "twitch-eventsub-message-type", "x-amz-sns-message-type"],
  ),
  fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,20}$/),
);
const headerValue = fc.oneof(
  latin(60),
  fc.integer().map(String),
  fc.constantFrom(
    ...["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml", "gzip"],
    ...[
      "t=1,v1=00",
      "sha256=00",
      "v1,AAAA v1a,AAAA",
      "v0=00",
      "Basic !!!",
      "Bearer a.b.c",
      "Bearer eyJhbGciOiJub25lIn0.e30.",
    ],
    ...["Notification", "webhook_callback_verification", "999.1.1.1", "::1", String(Math.floor(Date.now() / 1000))],
  ),
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc.json().map((text) => new TextEncoder().encode(text)),
  fc.webQueryParameters().map((text) => new TextEncoder().encode(text)),
  fc
    .record({
      id: fc.oneof(fc.string(), fc.double(), fc.bigInt().map(String), fc.constant(null)),
      type: fc.constantFrom("url_verification", "SubscriptionConfirmation", "event"),
      Type: fc.constantFrom("SubscriptionConfirmation", "Notification"),
      event: fc.constantFrom("endpoint.url_validation", "x"),
      challenge: fc.anything(),
      payload: fc.anything(),
      signature: fc.anything(),
      SigningCertURL: fc.webUrl(),
      SubscribeURL: fc.webUrl(),
      value: fc.anything(),
      notificationItems: fc.anything(),
    })
    .map((fields) =>
      new TextEncoder().encode(JSON.stringify(fields, (_name, v: unknown) => (typeof v === "bigint" ? String(v) : v))),
    ),
  fc.constantFrom(100_000, 400_000, 1_100_000).map((length) => new Uint8Array(length).fill(0x7b)),
);
const query = fc.oneof(
  fc.webQueryParameters().map((text) => `?${text}`),
  fc.constantFrom(
    "",
    "?",
    "?key=%",
    "?validationToken=%00",
    "?crc_token=a",
    "?hub.mode=subscribe&hub.challenge=1",
    "?%ff=%ff&a=b=c&&",
  ),
);
const path = fc.oneof(fc.webPath(), fc.constantFrom("", "/", "/%", "/%2e%2e/%2f", "/a//b/../c", "/ü", "/%00", "/\\"));

describe("any request whatever", () => {
  it("is answered without a 5xx and without an exception [G12]", async () => {
    const seen = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(SOURCES), "missing"),
        fc.constantFrom(...METHODS),
        fc.array(fc.tuple(headerName, headerValue), { maxLength: 12 }),
        path,
        query,
        body,
        async (source, method, headers, subPath, search, bytes) => {
          const list = new Headers();
          for (const [name, value] of headers) list.append(name, value);
          const request = new Request(`https://hooks.test/in/fuzz-${source}${subPath}${search}`, {
            method,
            headers: list,
            ...(method === "GET" || method === "HEAD" ? {} : { body: bytes }),
          });
          const answer = await app.fetch(request, {}, ctx);
          await answer.arrayBuffer();
          seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
          expect(answer.status).toBeLessThan(500);
        },
      ),
      { numRuns: 1_500 },
    );
    // It has been behind every door, not only before it.
    for (const status of [202, 401, 404, 405, 413]) expect(seen.get(status) ?? 0, String(status)).toBeGreaterThan(0);
  });
});
