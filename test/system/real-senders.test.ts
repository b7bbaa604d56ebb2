// What real senders and receivers do, as they meet a running Sluice: providers' second headers, handshakes, late retries, odd bodies.
import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BodyOf } from "../../src/api/openapi/client-types.ts";
import { startSystem, type System } from "./harness.ts";

let system: System;

beforeAll(async () => {
  system = await startSystem();
});

afterAll(() => system.stop());

interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}
const send = (slug: string, { method = "POST", path = "", body, headers = {} }: Request): Promise<Response> =>
  fetch(`${system.client.origin}/in/${slug}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
const JSON_TYPE = { "content-type": "application/json" };
const HOUR_MS = 3_600_000;
const hmac = (secret: string, body: string, form: "base64" | "hex"): string =>
  createHmac("sha256", secret).update(body).digest(form);

type Verification = NonNullable<BodyOf<"POST /sources">["verification"]>;

describe("a source that verifies", () => {
  const now = Date.now();
  const signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const linear = JSON.stringify({ type: "Issue", webhookTimestamp: now - HOUR_MS });
  const at = new Date(now);
  const cases: readonly (readonly [name: string, verification: Verification, request: () => Request])[] = [
    [
      "shopify takes shopify-hmac-sha256",
      { type: "shopify", secrets: ["s"] },
      () => ({ body: "{}", headers: { "shopify-hmac-sha256": hmac("s", "{}", "base64") } }),
    ],
    [
      "gitlab takes a signature by a whsec_ token",
      { type: "gitlab", secrets: [signing] },
      () => ({
        body: "{}",
        headers: {
          "webhook-id": "m1",
          "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
          "webhook-signature": new Webhook(signing).sign("m1", at, "{}"),
        },
      }),
    ],
    [
      "linear takes a retry that comes an hour late",
      { type: "linear", secrets: ["s"] },
      () => ({ body: linear, headers: { ...JSON_TYPE, "linear-signature": hmac("s", linear, "hex") } }),
    ],
    [
      "microsoft_graph takes JSON with a byte order mark",
      { type: "microsoft_graph", secrets: ["state"] },
      () => ({ body: '\ufeff{"value":[{"clientState":"state"}]}', headers: JSON_TYPE }),
    ],
    [
      "by a secret that was saved with a line break takes the secret without it",
      { type: "standard_webhooks", secrets: [`${signing}\n`] },
      () => ({
        body: "{}",
        headers: {
          "webhook-id": "m2",
          "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
          "webhook-signature": new Webhook(signing).sign("m2", at, "{}"),
        },
      }),
    ],
  ];

  it.each(cases)("%s", async (name, verification, request) => {
    const slug = name.split(" ")[0]?.replaceAll("_", "-") ?? "";
    await system.client.call("POST /sources", { body: { slug, verification } });
    expect((await send(slug, request())).ok).toBe(true);
    expect((await send(slug, { body: "{ }", headers: JSON_TYPE })).status).toBe(401);
  });

  it("mailgun takes a multipart form of 1.4 MB, whose signature is among its fields", async () => {
    const verification: Verification = { type: "mailgun", secrets: ["s"] };
    await system.client.call("POST /sources", {
      body: { slug: "mailgun", verification, max_body_bytes: 25 * 1024 * 1024 },
    });
    const timestamp = String(Math.floor(now / 1_000));
    const mail = (signature: string): FormData => {
      const form = new FormData();
      form.set("attachment-1", new Blob(["a".repeat(1_400_000)]), "a.txt");
      for (const [name, value] of Object.entries({ timestamp, token: "t", signature })) form.set(name, value);
      return form;
    };
    // What Mailgun takes as success.
    expect((await send("mailgun", { body: mail(hmac("s", `${timestamp}t`, "hex")) })).status).toBe(200);
    expect((await send("mailgun", { body: mail("0".repeat(64)) })).status).toBe(401);
  });

  it("answers unsigned handshakes of WooCommerce and CloudEvents with 200, and makes no event of them", async () => {
    await system.client.call("POST /sources", {
      body: { slug: "woo", verification: { type: "woocommerce", secrets: ["s"] } },
    });
    const saved = { body: "webhook_id=2", headers: { "content-type": "application/x-www-form-urlencoded" } };
    expect((await send("woo", saved)).status).toBe(200);
    await system.client.call("POST /sources", { body: { slug: "grid" } });
    const asked = await send("grid", {
      method: "OPTIONS",
      headers: { "webhook-request-origin": "eventgrid.azure.net" },
    });
    expect([asked.status, asked.headers.get("webhook-allowed-origin")]).toEqual([200, "eventgrid.azure.net"]);
    for (const source of ["woo", "grid"]) expect((await system.client.events({ source })).data).toEqual([]);
  });
});

describe("what a sender sent", () => {
  const arrived = async (slug: string) => {
    const found = () => system.arrivals.filter(({ source }) => source === slug);
    await expect.poll(() => found().length, { timeout: 120_000 }).toBe(1);
    return found()[0];
  };
  const narrow = async (source: string, filter: Record<string, unknown>): Promise<void> => {
    const { data } = await system.client.call("GET /connections", { query: { source } });
    await system.client.call("PATCH /connections/{id}", { id: data[0]?.id ?? "", body: { filter } });
  };

  it("reaches a receiver that verifies it: the Standard Webhooks triple, the idempotency key, and the URL that was called", async () => {
    await system.route("triple");
    const headers = {
      "webhook-id": "m",
      "webhook-timestamp": "1",
      "webhook-signature": "v1,x",
      "idempotency-key": "order-7",
    };
    await send("triple", { path: "?a=1", body: "{}", headers });
    const request = await arrived("triple");
    expect(request?.headers).toMatchObject({ ...headers, "sluice-url": `${system.client.origin}/in/triple?a=1` });
  });

  it.each<[slug: string, filter: Record<string, unknown>, request: Request]>([
    [
      "gzipped",
      { body: { type: "paid" } },
      { body: gzipSync('{"type":"paid"}'), headers: { ...JSON_TYPE, "content-encoding": "gzip" } },
    ],
    ["inside", { body: { payload: { type: "x" } } }, { body: new URLSearchParams({ payload: '{"type":"x"}' }) }],
    [
      "indexed",
      { body: { $and: [{ "0.type": "x" }, { "1.type": "y" }] } },
      { body: '[{"type":"x"},{"type":"y"}]', headers: JSON_TYPE },
    ],
  ])("is read by a filter: %s", async (slug, filter, request) => {
    await system.route(slug);
    await narrow(slug, filter);
    expect((await send(slug, request)).status).toBe(202);
    await arrived(slug);
  });

  it("with an encoding that it does not have meets neither a filter nor its negation", async () => {
    await system.route("odd");
    await narrow("odd", { $not: { body: { type: "test" } } });
    const answer = await send("odd", { body: "plain", headers: { ...JSON_TYPE, "content-encoding": "gzip" } });
    const { id } = await answer.json<{ id: string }>();
    await expect.poll(async () => (await system.client.event(id)).status, { timeout: 120_000 }).toBe("ignored");
    expect((await system.client.event(id)).ignored_by[0]?.failed_clause).toContain("gzip");
  });

  it("when published with a bad header name is refused with that name", async () => {
    const { origin, token } = system.client;
    const response = await fetch(`${origin}/api/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, ...JSON_TYPE },
      body: JSON.stringify({ source: "triple", body: {}, headers: { "bad name": "1" } }),
    });
    expect([response.status, await response.text()]).toEqual([422, expect.stringContaining("bad name")]);
  });
});
