// Credentials and signatures on what destinations really get.
import { createHash, createHmac } from "node:crypto";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { beforeEach, describe, expect, it } from "vitest";
import { MAX_ED25519_BODY_BYTES } from "../../../src/config/limits.ts";
import { headerValue } from "../../../src/model/event.ts";
import { configPlace, newSigningSecret, SecretUnavailable } from "../../../src/signing/index.ts";
import { createRoute, type Described, createWorld, type World } from "../harness.ts";
import type { OutboundRequest } from "../../../src/outbound/types.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));

/** Delivers one request to a destination with this configuration. */
async function deliver(
  destination: Described,
  { path = "", init = {}, world = createWorld() }: { path?: string; init?: RequestInit; world?: World } = {},
): Promise<{ world: World; request: OutboundRequest; row: Record<string, unknown> }> {
  const { slug, sourceId } = await createRoute([destination], { max_body_bytes: 20_000_000 });
  await world.accept(`/in/${slug}${path}`, { body: '{"order":1}', ...init });
  await world.turn();
  const row = (await world.deliveries()).find((delivery) => delivery.source_id === sourceId);
  return { world, request: world.requests.at(-1) as OutboundRequest, row: row ?? {} };
}
const header = (request: OutboundRequest, name: string): string | null => headerValue(request.headers, name);
const named = (request: OutboundRequest, name: string): number =>
  request.headers.filter(([key]) => key.toLowerCase() === name).length;

describe("a destination's credentials", () => {
  const sender = { headers: { authorization: "Bearer of-the-sender", "x-api-key": "of-the-sender" } };

  it.each([
    [{ type: "basic", username: "user", password: "pass" }, "authorization", `Basic ${btoa("user:pass")}`],
    [{ type: "bearer", token: "token" }, "authorization", "Bearer token"],
    [{ type: "bearer", token: { secret: "PARTNER_TOKEN" } }, "authorization", "Bearer planted-worker-secret"],
    [{ type: "api_key", name: "X-Api-Key", value: "value" }, "x-api-key", "value"],
  ])("win over what the sender put there: %j", async (auth, name, value) => {
    const { request } = await deliver({ auth }, { init: sender });
    expect([header(request, name), named(request, name)]).toEqual([value, 1]);
  });

  it.each([
    { type: "api_key", name: "X-Api-Key", value: "value" },
    { type: "api_key", name: "key", in: "query", value: "value" },
    { type: "hmac", secret: "secret" },
    { type: "aws_sigv4", access_key_id: "A", secret_access_key: "s", region: "eu-west-1", service: "sqs" },
  ])("keep the sender's authorization from the destination: $type $in", async (auth) => {
    const { request } = await deliver({ auth }, { init: sender });
    expect(JSON.stringify(request.headers)).not.toContain("Bearer of-the-sender");
  });

  it("leave a configured static authorization in place, and without auth the sender's passes", async () => {
    const auth = { type: "api_key", name: "key", in: "query", value: "value" };
    const fixed = await deliver({ auth, headers: { Authorization: "Static word" } }, { init: sender });
    expect([header(fixed.request, "authorization"), named(fixed.request, "authorization")]).toEqual(["Static word", 1]);
    const none = await deliver({}, { init: sender });
    expect(header(none.request, "authorization")).toBe("Bearer of-the-sender");
  });

  it("go into the query without touching the rest of it", async () => {
    const auth = { type: "api_key", name: "key", in: "query", value: "a&b" };
    const { request } = await deliver({ auth }, { path: "/sub?x=%2F&key=sender&y=+" });
    expect(new URL(request.url).search).toBe("?x=%2F&y=+&key=a%26b");
  });

  it("sign exactly what is sent, including method and path", async () => {
    const auth = {
      type: "hmac",
      secret: "key",
      template: "{timestamp}.{method}.{path}.{body}",
      timestamp_header: "x-time",
    };
    const { request } = await deliver({ auth, method: "PUT" }, { path: "/sub" });
    const signed = `${header(request, "x-time")}.PUT.${new URL(request.url).pathname}.{"order":1}`;
    expect(header(request, "x-signature")).toBe(createHmac("sha256", "key").update(signed).digest("hex"));
  });

  it("sign the digest of a large body for AWS, and send the whole body", async () => {
    const body = Uint8Array.from({ length: 6_000_000 }, (_, index) => (index * 31) % 251);
    const auth = { type: "aws_sigv4", access_key_id: "A", secret_access_key: "s", region: "eu-west-1", service: "s3" };
    const { request, row } = await deliver({ auth }, { init: { body } });
    expect(request.body?.kind).toBe("r2");
    expect(header(request, "x-amz-content-sha256")).toBe(createHash("sha256").update(body).digest("hex"));
    expect(header(request, "authorization")).toMatch(
      /^AWS4-HMAC-SHA256 Credential=A\/\d{8}\/eu-west-1\/s3\/aws4_request, /,
    );
    expect(row.status).toBe("delivered");
  });

  it("send by the fetch of the mTLS binding", async () => {
    const certificate = (name: string) => (name === "CLIENT_CERTIFICATE" ? fetch : null);
    const world = createWorld({ consumer: { certificate } });
    const { request } = await deliver({ auth: { type: "mtls", binding: "CLIENT_CERTIFICATE" } }, { world });
    expect(request.fetcher).toBe(fetch);
  });

  it("are not recorded when the destination echoes them [G8]", async () => {
    const world = createWorld();
    world.onRequest((request) => ({ status: 400, headers: { "x-echo": header(request, "authorization") ?? "" } }));
    const { row } = await deliver({ auth: { type: "bearer", token: "planted-token" } }, { world });
    expect(String(row.attempts)).toContain("Bearer [redacted]");
    const { results } = await env.DB.prepare("SELECT * FROM deliveries").all();
    expect(JSON.stringify(results)).not.toContain("planted-token");
  });
});

describe("Standard Webhooks signing", () => {
  const realNow = () => createWorld({ realTime: true });
  const headersOf = (request: OutboundRequest): Record<string, string> =>
    Object.fromEntries(request.headers.map(([name, value]) => [name.toLowerCase(), value]));

  it("is accepted by the official verifier, replaces the sender's, and is valid on every retry", async () => {
    const secret = await newSigningSecret("hmac", random);
    const world = realNow();
    world.onRequest(() => ({ status: world.requests.length === 1 ? 500 : 200 }));
    const destination = { signing: { type: "standard_webhooks", secrets: [secret] }, retry: { schedule_seconds: [0] } };
    const init = { headers: { "webhook-signature": "v1,forged", "webhook-timestamp": "1", "webhook-id": "msg" } };
    await deliver(destination, { world, init });
    await world.drain();
    expect(world.requests).toHaveLength(2);
    for (const request of world.requests) {
      expect(["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => named(request, name))).toEqual([
        1, 1, 1,
      ]);
      expect(new Webhook(secret).verify('{"order":1}', headersOf(request))).toEqual({ order: 1 });
    }
  });

  it("also signs with rotated secrets until they expire", async () => {
    const [fresh, former, over] = await Promise.all([1, 2, 3].map(() => newSigningSecret("hmac", random)));
    const world = realNow();
    const { vault } = world.runtime;
    const describe = async (destination: string) => {
      const sealed = async (plain = "") => {
        const result = await vault.seal(plain, configPlace(destination, "signing/secrets"));
        if (!result.ok) throw new Error(result.error.detail);
        return result.value;
      };
      const retiring = [
        { secret: await sealed(former), expires_at: Date.now() + 60_000 },
        { secret: await sealed(over), expires_at: Date.now() - 1 },
      ];
      return { signing: { type: "standard_webhooks", secrets: [fresh], retiring } };
    };
    const { request } = await deliver(describe, { world });
    for (const secret of [fresh, former])
      expect(new Webhook(secret ?? "").verify('{"order":1}', headersOf(request))).toEqual({ order: 1 });
    expect(() => new Webhook(over ?? "").verify('{"order":1}', headersOf(request))).toThrow();
  });

  it("signs a body of several parts in R2 as it signs a small one", async () => {
    const secret = await newSigningSecret("hmac", random);
    const text = "x".repeat(11_000_000);
    const destination = { signing: { type: "standard_webhooks", secrets: [secret] } };
    const { request } = await deliver(destination, { init: { body: text } });
    expect(request.body?.kind).toBe("r2");
    const content = `${header(request, "webhook-id")}.${header(request, "webhook-timestamp")}.${text}`;
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    expect(header(request, "webhook-signature")).toBe(
      `v1,${createHmac("sha256", key).update(content).digest("base64")}`,
    );
  });

  it("in ed25519 signs up to 4 MiB; a larger body is dead with the reason, unsent", async () => {
    const destination = {
      signing: { type: "standard_webhooks", secrets: [await newSigningSecret("ed25519", random)] },
    };
    const fits = await deliver(destination, { init: { body: "x".repeat(MAX_ED25519_BODY_BYTES) } });
    expect(header(fits.request, "webhook-signature")).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
    const { world, row } = await deliver(destination, { init: { body: "x".repeat(MAX_ED25519_BODY_BYTES + 1) } });
    expect([row.status, row.last_error]).toEqual(["dead", "unprocessable: body_too_large_for_ed25519"]);
    expect(world.requests).toHaveLength(0);
  });
});

describe("a secret that cannot be opened", () => {
  it.each([
    [{ auth: { type: "mtls", binding: "GONE" } }, "secret_unavailable: binding_missing: GONE"],
    [{ auth: { type: "bearer", token: "planted-token" } }, "secret_unavailable: key_unknown: 00000000"],
  ])(
    "puts the delivery off without an attempt, says why, and lets it go once it is mended [G2] [G11]",
    async (destination, error) => {
      const lines: string[] = [];
      const log = (message: string, fields = {}): void => void lines.push(JSON.stringify([message, fields]));
      let isBound = false;
      const broken = createWorld({
        consumer: {
          log: { debug: log, info: log, error: log },
          certificate: () => (isBound ? fetch : null),
        },
      });
      const unavailable = new SecretUnavailable({ reason: "key_unknown", name: "00000000" });
      const mend = broken.replace("openSecrets", () => () => Promise.reject(unavailable));
      const { row } = await deliver(destination, { world: broken });
      expect(broken.requests).toHaveLength(0);
      expect(row).toMatchObject({
        status: "deferred",
        deferred_by: "secret_unavailable",
        last_error: error,
        attempts_made: 0,
      });
      expect(lines.join()).toContain("delivery put off");
      expect(lines.join()).not.toContain("planted-token");
      mend();
      isBound = true;
      await broken.drain();
      expect(broken.requests).toHaveLength(1);
      const after = (await broken.deliveries()).find((delivery) => delivery.id === row.id);
      expect(after).toMatchObject({ status: "delivered", attempts_made: 1, last_error: null });
    },
  );

  it("is retried less often the longer it lasts, at least every ten minutes", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ auth: { type: "mtls", binding: "GONE" } }]);
    await world.accept(`/in/${slug}`, { body: "{}" });
    const waits: number[] = [];
    for (let turn = 0; turn < 12; turn++) {
      await world.turn();
      const wait = (world.queued[0]?.at ?? 0) - world.now();
      waits.push(wait);
      world.advance(wait);
    }
    expect(waits.slice(0, 5)).toEqual([30_000, 30_000, 30_000, 45_000, 68_000]);
    expect(waits.at(-1)).toBe(600_000);
    expect(world.requests).toHaveLength(0);
  });
});
