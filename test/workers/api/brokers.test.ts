// Brokers and queues as destinations: what their fields may be, and that their secrets stay secret.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { readSettings } from "../../../src/config/env.ts";
import { ok } from "../../../src/kernel/result.ts";
import { httpSpecSchema } from "../../../src/model/destination.ts";
import { readSpec } from "../../../src/model/stored-spec.ts";
import { createClient, unique } from "./harness.ts";

const strict = { ...readSettings(env), allowPrivate: false, allowHttp: false };
const { call } = createClient({ settings: strict, resolve: async () => ok(["1.1.1.1"]) });

const SECRET = "planted-broker-secret";
const login = { type: "basic", username: "sluice", password: SECRET };
const hex = "0123456789abcdef0123456789abcdef";
const aws = { type: "aws_sigv4", access_key_id: "AKIDEXAMPLE", secret_access_key: SECRET, region: "eu-central-1" };

const TYPES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  rabbitmq: { url: "amqps://rabbit.example.com/jobs", auth: login, exchange: "", routing_key: "{event.type}" },
  redis_stream: { url: "rediss://redis.example.com:6380/2", auth: login, stream: "orders" },
  kafka: {
    brokers: ["kafka.example.com:9093"],
    auth: { type: "sasl_scram_sha_512", username: "sluice", password: SECRET },
    topic: "orders",
    key: "{body.order.id}",
  },
  sqs: { url: "https://sqs.eu-central-1.amazonaws.com/1/orders", auth: aws },
  cloudflare_queue: { account_id: hex, queue_id: hex, auth: { type: "bearer", token: SECRET } },
};
const given = (type: string, change: object = {}) => ({ slug: unique("dst"), type, ...TYPES[type], ...change });

describe.each(Object.keys(TYPES))("a destination of type %s", (type) => {
  it("is created with defaults, read back, changed, exported and never shows its secret [G8]", async () => {
    const created = await call("POST", "/destinations", given(type));
    expect([created.status, created.text.includes(SECRET)]).toEqual([201, false]);
    expect(created.json).toMatchObject({
      type,
      timeout_ms: 15_000,
      circuit: { failure_threshold: 20 },
      rate_limit: null,
    });
    expect(created.json.auth).toHaveProperty("secrets_set");
    const path = `/destinations/${created.json.id}`;
    expect((await call("GET", path)).json).toEqual(created.json);
    const changed = await call("PATCH", path, { rate_limit: { limit: 5 } });
    expect(changed.json).toMatchObject({ rate_limit: { limit: 5 }, auth: created.json.auth });
    const row = await env.DB.prepare("SELECT spec FROM destinations WHERE id = ?1").bind(created.json.id).first("spec");
    expect(String(row)).not.toContain(SECRET);
    const exported = await call("GET", "/config");
    expect(exported.text).not.toContain(SECRET);
    const again = await call("PUT", "/config?dry_run=true", exported.text);
    expect([again.status, again.json.summary]).toMatchObject([200, { create: 0, update: 0, delete: 0 }]);
  });

  it("keeps its type", async () => {
    const { json } = await call("POST", "/destinations", given(type));
    const refused = await call("PATCH", `/destinations/${json.id}`, { type: "http", url: "https://a.example.com/" });
    expect(refused.json).toMatchObject({
      errors: [{ pointer: "/type", detail: "cannot be changed: make another destination" }],
    });
    expect((await call("PATCH", `/destinations/${json.id}`, { type, name: "Same" })).status).toBe(200);
  });

  it("has no certificates of its own: the platform would ignore them", async () => {
    const refused = await call("POST", "/destinations", given(type, { ca: "-----BEGIN CERTIFICATE-----" }));
    expect(refused.json).toMatchObject({
      errors: [{ pointer: "/ca", detail: expect.stringContaining("accepts public certificates only") as string }],
    });
  });

  it("cannot be read by a release that knows only HTTP APIs, which would post to its address", async () => {
    const { json } = await call("POST", "/destinations", given(type));
    await call("PATCH", `/destinations/${json.id}`, { name: "Changed" });
    const spec = await env.DB.prepare("SELECT spec FROM destinations WHERE id = ?1").bind(json.id).first("spec");
    const { type: _type, ...former } = httpSpecSchema.shape;
    expect(() => readSpec(z.strictObject(former), String(spec))).toThrow();
  });

  it("sends a test event like every other", async () => {
    const { json } = await call("POST", "/destinations", given(type));
    expect((await call("POST", `/destinations/${json.id}/test`)).status).toBe(202);
  });
});

describe("fields of brokers", () => {
  it.each([
    ["rabbitmq", { url: "https://rabbit.example.com" }, "/url", "must begin with amqps://"],
    ["rabbitmq", { url: "amqp://rabbit.example.com" }, "/url", "must use TLS"],
    ["rabbitmq", { url: "amqps://u:p@rabbit.example.com" }, "/url", "user name or password"],
    ["rabbitmq", { url: "amqps://rabbit.example.com/?heartbeat=1" }, "/url", "query"],
    ["rabbitmq", { url: "amqps://127.0.0.1" }, "/url", "private"],
    ["rabbitmq", { url: "amqps://0x7f.1:5671" }, "/url", "private"],
    ["rabbitmq", { url: "amqps://[::ffff:10.0.0.1]:5671" }, "/url", "private"],
    ["rabbitmq", { url: "amqps://169.254.169.254" }, "/url", "private"],
    ["rabbitmq", { url: "amqps://rabbit" }, "/url", "private"],
    ["rabbitmq", { routing_key: "{colour}" }, "/routing_key", "must begin with one of"],
    ["rabbitmq", { routing_key: "{event.type" }, "/routing_key", "brace"],
    ["rabbitmq", { routing_key: "" }, "/routing_key", "must not be empty"],
    ["rabbitmq", { exchange: "ü".repeat(128) }, "/exchange", "more than 255 bytes"],
    ["rabbitmq", { url: `amqps://rabbit.example.com/${"ü".repeat(128)}` }, "/url", "more than 255 bytes"],
    ["rabbitmq", { exchange: undefined }, "/exchange", "is missing"],
    ["rabbitmq", { auth: { type: "bearer", token: "t" } }, "/auth/type", "must be basic"],
    ["rabbitmq", { topic: "orders" }, "/topic", "is not a known field"],
    ["rabbitmq", { method: "PUT" }, "/method", "is not a known field"],
    ["redis_stream", { url: "rediss://redis.example.com/zero" }, "/url", "number of a database"],
    ["redis_stream", { url: "redis://redis.example.com" }, "/url", "must use TLS"],
    ["redis_stream", { max_length: 0 }, "/max_length", "at least 1"],
    ["kafka", { brokers: ["kafka.example.com"] }, "/brokers/0", "must be host:port"],
    ["kafka", { brokers: ["kafka.example.com:9093", "10.0.0.1:9093"] }, "/brokers/1", "private"],
    ["kafka", { brokers: [] }, "/brokers", "at least 1"],
    ["kafka", { brokers: ["kafka.example.com:70000"] }, "/brokers/0", "above 65535"],
    ["kafka", { tls: false }, "/brokers/0", "must use TLS"],
    ["kafka", { tls: { ca: "x" } }, "/tls", "public certificates only"],
    ["sqs", { url: "https://sqs.example.com/1/orders.fifo" }, "/group_id", "FIFO"],
    ["sqs", { url: "http://sqs.example.com/1/orders" }, "/url", "https://"],
    [
      "cloudflare_queue",
      { binding: "EVENTS", account_id: null, queue_id: null, auth: { type: "none" } },
      "/binding",
      "Sluice's own",
    ],
    [
      "carrier_pigeon",
      {},
      "/type",
      "must be one of http, rabbitmq, redis_stream, kafka, sqs, cloudflare_queue, listener",
    ],
  ])("%s %j is refused at %s", async (type, change, pointer, detail) => {
    const slug = unique("refused");
    const refused = await call("POST", "/destinations", { ...given(type, change), slug });
    expect(refused.status).toBe(422);
    const fault = refused.json.errors?.find((one) => one.pointer === pointer);
    expect([pointer, fault?.detail]).toEqual([pointer, expect.stringContaining(detail)]);
    expect((await call("GET", `/destinations/${slug}`)).status).toBe(404);
  });

  it("a queue is reached by a producer binding of the Worker", async () => {
    const created = await call("POST", "/destinations", {
      slug: unique("queue"),
      type: "cloudflare_queue",
      binding: "ORDERS_QUEUE",
    });
    expect([created.status, created.json]).toMatchObject([201, { binding: "ORDERS_QUEUE", auth: { type: "none" } }]);
  });

  it("a name that resolves to a private address is refused", async () => {
    const inside = createClient({ settings: strict, resolve: async () => ok(["10.0.0.1"]) });
    for (const type of ["rabbitmq", "redis_stream", "kafka"])
      expect((await inside.call("POST", "/destinations", given(type))).text).toContain("resolves to a private");
  });
});

describe("a broker's credentials", () => {
  it.each([
    ["rabbitmq", { url: "amqps://rabbit.attacker.example.net/jobs" }],
    ["rabbitmq", { url: "amqps://rabbit.example.com:5673/jobs" }],
    ["redis_stream", { url: "rediss://redis.attacker.example.net:6380/2" }],
    ["kafka", { brokers: ["kafka.attacker.example.net:9093"] }],
    ["kafka", { brokers: ["kafka.example.com:9093", "kafka.attacker.example.net:9093"] }],
    ["sqs", { url: "https://sqs.attacker.example.net/1/orders" }],
  ])("must be given again when a %s moves to %j", async (type, change) => {
    const { json } = await call("POST", "/destinations", given(type));
    const refused = await call("PATCH", `/destinations/${json.id}`, change);
    expect([refused.status, refused.text.includes("must be given again")]).toEqual([422, true]);
  });

  it("are given again to a record that a document makes an HTTP destination, which is then one in full", async () => {
    const { json } = await call("POST", "/destinations", given("rabbitmq"));
    const http = { slug: json.slug, url: "https://api.example.com/", auth: login };
    expect((await call("PUT", "/config", { destinations: [http] })).status).toBe(200);
    const changed = await call("GET", `/destinations/${json.id}`);
    expect([changed.status, changed.json]).toMatchObject([200, { type: "http", url: http.url, method: null }]);
    expect(changed.json).not.toHaveProperty("exchange");
  });

  it("do not follow a record that a document makes an HTTP destination", async () => {
    const { json } = await call("POST", "/destinations", given("rabbitmq"));
    const moved = {
      slug: json.slug,
      url: "https://attacker.example.net/",
      auth: { type: "basic", username: "sluice", password: { write_only: true } },
    };
    const refused = await call("PUT", "/config", { destinations: [moved] });
    expect([refused.status, refused.text.includes("must be given again")]).toEqual([422, true]);
  });
});

describe("a mock destination", () => {
  it("needs nothing but its type, and is exported without its defaults", async () => {
    const slug = unique("mock");
    const { status, json } = await call("POST", "/destinations", { slug, type: "mock", response: { body: "ok" } });
    expect([status, json]).toMatchObject([
      201,
      {
        type: "mock",
        response: { status: 200, headers: {}, body: "ok" },
        delay_ms: 0,
        fail_first: 0,
        auth: { type: "none" },
      },
    ]);
    const exported = (await call("GET", "/config")).json as unknown as { destinations: { slug: string }[] };
    expect(exported.destinations.find((one) => one.slug === slug)).toEqual({
      slug,
      type: "mock",
      response: { body: "ok" },
    });
    expect((await call("PATCH", `/destinations/${slug}`, { fail_first: 2 })).json).toMatchObject({ fail_first: 2 });
  });

  it.each([
    ["/response/status", { response: { status: 199 } }],
    ["/response/body", { response: { status: 204, body: "x" } }],
    ["/response/body", { response: { body: "ü".repeat(2_049) } }],
    ["/delay_ms", { delay_ms: 300_001 }],
    ["/fail_first", { fail_first: -1 }],
    ["/url", { url: "https://api.example.com/" }],
    ["/auth/type", { auth: { type: "bearer", token: "t" } }],
  ])("is refused for %s in %o", async (pointer, change) => {
    const { status, json } = await call("POST", "/destinations", { slug: unique("mock"), type: "mock", ...change });
    expect([status, json.errors?.[0]?.pointer]).toEqual([422, pointer]);
  });
});
