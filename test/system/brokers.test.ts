// Brokers and queues as destinations of a running Sluice: what arrives, and what each fault is called. Over the real servers of RabbitMQ and
// Redis, librdkafka's mock cluster, an emulator of SQS and a stand-in for the API of Cloudflare Queues.
import { once } from "node:events";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KafkaMock } from "../../scripts/brokers/kafka.ts";
import { RABBITMQ_LOGIN, type Rabbitmq } from "../../scripts/brokers/rabbitmq.ts";
import { REDIS_PASSWORD, type Redis } from "../../scripts/brokers/redis.ts";
import { startSqs, type Sqs, type SqsMessage } from "../../scripts/brokers/sqs.ts";
import {
  endedOf,
  onKafka,
  onRabbitmq,
  onRedis,
  routeTo,
  startServers,
  stopServers,
  type Servers,
} from "./broker-servers.ts";
import { startSystem, type System } from "./harness.ts";

const servers: Servers = await startServers();
const rabbitmq = servers.rabbitmq as Rabbitmq;
const redis = servers.redis as Redis;
const kafka = servers.kafka as KafkaMock;

const HEX = "0123456789abcdef0123456789abcdef";
const AWS = {
  type: "aws_sigv4",
  access_key_id: "AKIDEXAMPLE",
  secret_access_key: "planted-aws-secret",
  region: "us-east-1",
};
/** One attempt, so that its error ends the delivery. */
const ONCE = { retry: { schedule_seconds: [] }, timeout_ms: 3_000 };

let system: System;
let sqs: Sqs;
let api: Server;
const apiCalls: {
  readonly path: string;
  readonly authorization: string;
  readonly messages: readonly { body: unknown }[];
}[] = [];
const stalled = new Set<Socket>();
/** Accepts connections and says nothing. */
const silent = createServer((socket) => {
  stalled.add(socket);
  // Otherwise it would not notice its end.
  socket.resume();
  socket.on("error", () => undefined);
  socket.on("close", () => stalled.delete(socket));
});

async function portOf(server: Pick<Server, "listen" | "address" | "once">): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server as Server, "listening");
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  api = createHttpServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { body: unknown }[] };
      const authorization = incoming.headers.authorization ?? "";
      apiCalls.push({ path: incoming.url ?? "", authorization, messages });
      const isKnown = authorization === "Bearer planted-queue-token";
      response.writeHead(isKnown ? 200 : 403, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ success: isKnown, errors: isKnown ? [] : [{ code: 10000, message: "Authentication error" }] }),
      );
    });
  });
  process.env["CLOUDFLARE_API_URL"] = `http://127.0.0.1:${await portOf(api)}/client/v4`;
  sqs = await startSqs();
  system = await startSystem();
  delete process.env["CLOUDFLARE_API_URL"];
});

afterAll(async () => {
  await system.stop();
  await sqs.stop();
  api.close();
  stalled.forEach((socket) => void socket.destroy());
  silent.close();
  await stopServers(servers);
});

const AS_SENT = [
  Buffer.from('{"n": 1,\n "ü": "💧"}'),
  Buffer.from([0, 255, 10, 13, 254, 128]),
  Buffer.from("plain text"),
];

/** Posts these bodies and waits until their deliveries have ended. */
async function deliver(name: string, bodies: readonly Buffer<ArrayBuffer>[], headers: Record<string, string> = {}) {
  for (const body of bodies)
    await system.post(name, body, { "content-type": "application/json", "x-tenant": "acme", ...headers });
  return endedOf(system, name, bodies.length);
}

/** The one attempt of a delivery that was sent to this destination, and the delivery's last error. */
async function faultOf(
  name: string,
  destination: Readonly<Record<string, unknown>>,
  body: Buffer<ArrayBuffer> = Buffer.from("{}"),
) {
  await routeTo(system, name, {
    ...destination,
    ...ONCE,
    ...(destination["timeout_ms"] === undefined ? {} : destination),
  });
  const [ended] = await deliver(name, [body]);
  const { attempts, last_error } = await system.client.delivery(ended?.id ?? "");
  const [attempt] = attempts;
  expect(attempts).toHaveLength(1);
  // In time, with what it takes to record it.
  expect(attempt?.duration_ms).toBeLessThan(10_000);
  return { error: attempt?.error, detail: attempt?.error_detail ?? "", last_error };
}

describe.skipIf(servers.rabbitmq === null)("RabbitMQ", () => {
  it("gets each body byte for byte, with headers and properties", async () => {
    await rabbitmq.declare("in-full", "hooks", "acme.*");
    await routeTo(system, "rabbit-full", {
      ...onRabbitmq(rabbitmq, { exchange: "hooks", routing_key: "{headers.x-tenant}.{source}" }),
      headers: { "x-made": "{{event.id}}" },
      signing: { type: "standard_webhooks" },
    });
    const deliveries = await deliver("rabbit-full", AS_SENT);
    expect(deliveries.map(({ status }) => status)).toEqual(AS_SENT.map(() => "delivered"));
    const messages = await rabbitmq.take("in-full");
    const bodies = messages.map(({ payload, payload_encoding }) =>
      Buffer.from(payload, payload_encoding === "base64" ? "base64" : "utf8"),
    );
    expect(new Set(bodies.map((body) => body.toString("hex")))).toEqual(
      new Set(AS_SENT.map((body) => body.toString("hex"))),
    );
    const byId = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
    for (const { properties, routing_key } of messages) {
      const { headers = {}, message_id, ...rest } = properties;
      expect(routing_key).toBe("acme.rabbit-full");
      expect(rest).toEqual({
        content_type: "application/json",
        delivery_mode: 2,
        timestamp: expect.any(Number) as number,
      });
      const delivery = byId.get(String(message_id));
      expect(headers).toMatchObject({
        "x-tenant": "acme",
        "x-made": delivery?.event_id,
        "sluice-event-id": delivery?.event_id,
        "sluice-delivery-id": message_id,
        "sluice-attempt": "1",
        "sluice-source": "rabbit-full",
        "webhook-id": delivery?.event_id,
      });
      expect(String(headers["webhook-signature"])).toMatch(/^v1,/);
    }
    const { attempts } = await system.client.delivery(deliveries[0]?.id ?? "");
    expect(attempts).toMatchObject([{ response_status: null, response_body: "confirmed", error: null }]);
  });

  it.each([
    [
      "a wrong password",
      { auth: { type: "basic", username: "sluice", password: "planted-wrong" }, routing_key: "q" },
      "auth_failed",
      "ACCESS_REFUSED",
    ],
    ["a missing exchange", { exchange: "none", routing_key: "q" }, "not_found", "no exchange 'none'"],
    ["a missing virtual host", { vhost: "/none", routing_key: "q" }, "not_found", "virtual host"],
    ["a key that leads to no queue", { routing_key: "to-no-queue" }, "unroutable", "312 NO_ROUTE"],
  ])("names %s", async (what, { vhost = "", ...given }: Record<string, unknown>, code, detail) => {
    const name = `rabbit-${what.replaceAll(/\W+/g, "-")}`;
    const fault = await faultOf(name, { ...onRabbitmq(rabbitmq, given), url: `${rabbitmq.url}${String(vhost)}` });
    expect(fault).toMatchObject({ error: code, last_error: `attempts_exhausted: ${code}` });
    expect(fault.detail).toContain(detail);
    expect(fault.detail).not.toContain("planted");
  });

  it("delivers what reaches no queue where that is no failure", async () => {
    await routeTo(system, "rabbit-optional", onRabbitmq(rabbitmq, { routing_key: "to-no-queue", mandatory: false }));
    expect(await deliver("rabbit-optional", [Buffer.from("{}")])).toMatchObject([{ status: "delivered" }]);
  });

  it("pauses for a queue that is full", async () => {
    await rabbitmq.declare("full", undefined, undefined, { "x-max-length": 0, "x-overflow": "reject-publish" });
    expect(await faultOf("rabbit-nack", onRabbitmq(rabbitmq, { routing_key: "full" }))).toMatchObject({
      error: "throttled",
    });
    const { data } = await system.client.call("GET /destinations", { query: { expand: "state", limit: 200 } });
    const state = data.find(({ slug }) => slug === "rabbit-nack")?.state;
    expect(state).toMatchObject({ throttled: true, paused_until: expect.any(String) as string });
  });

  it("refuses what is too large for the broker at once, and sends its neighbours in the same batch", async () => {
    await rabbitmq.declare("sized");
    await routeTo(system, "rabbit-sized", onRabbitmq(rabbitmq, { routing_key: "sized" }));
    const bodies = Array.from({ length: 12 }, (_, index) => Buffer.alloc(index % 4 === 1 ? 300_000 : 1_000, index));
    const ended = await deliver("rabbit-sized", bodies);
    const dead = ended.filter(({ status }) => status === "dead");
    expect(dead.map(({ last_error, attempts_made }) => [last_error, attempts_made])).toEqual(
      Array.from({ length: 3 }, () => ["not_retryable: too_large", 1]),
    );
    const { attempts } = await system.client.delivery(dead[0]?.id ?? "");
    expect(attempts[0]?.error_detail).toContain("262144");
    const delivered = ended.filter(({ status }) => status === "delivered");
    expect(delivered.map(({ attempts_made }) => attempts_made)).toEqual(Array.from({ length: 9 }, () => 1));
    expect(new Set((await rabbitmq.take("sized")).map(({ properties }) => properties["message_id"]))).toEqual(
      new Set(delivered.map(({ id }) => id)),
    );
  });
});

describe.skipIf(servers.redis === null)("Redis", () => {
  it("gets each body byte for byte, with its fields", async () => {
    await routeTo(system, "redis-full", onRedis(redis, { stream: "orders:{headers.x-tenant}", url: `${redis.url}/3` }));
    const deliveries = await deliver("redis-full", AS_SENT);
    expect(deliveries.map(({ status }) => status)).toEqual(AS_SENT.map(() => "delivered"));
    const { createHash } = await import("node:crypto");
    const entries = await redis.entries("orders:acme", 3);
    expect(new Set(entries.map(({ body_sha1 }) => body_sha1))).toEqual(
      new Set(AS_SENT.map((body) => createHash("sha1").update(body).digest("hex"))),
    );
    for (const { event_id, delivery_id, headers, ...rest } of entries) {
      expect(rest).toMatchObject({ content_type: "application/json", attempt: "1", source: "redis-full" });
      expect(deliveries.map(({ id }) => id)).toContain(delivery_id);
      expect(JSON.parse(headers ?? "")).toMatchObject({ "x-tenant": "acme", "sluice-event-id": event_id });
    }
    const { attempts } = await system.client.delivery(deliveries[0]?.id ?? "");
    expect(entries.map(({ id }) => id)).toContain(attempts[0]?.response_body);
  });

  it("keeps a stream at about its length", async () => {
    await routeTo(system, "redis-trimmed", onRedis(redis, { stream: "trimmed", max_length: 1 }));
    await deliver(
      "redis-trimmed",
      Array.from({ length: 250 }, () => Buffer.from("{}")),
    );
    expect(await redis.cli("XLEN", "trimmed")).toBeLessThan(200);
  });

  it.each([
    [
      "a wrong password",
      { auth: { type: "basic", password: "planted-wrong" }, stream: "s" },
      "auth_failed",
      "WRONGPASS",
    ],
    ["no password", { auth: { type: "none" }, stream: "s" }, "auth_failed", "unauthenticated"],
    ["a key of another type", { stream: "a-list" }, "not_found", "WRONGTYPE"],
    ["a missing database", { db: "/99", stream: "s" }, "not_found", "DB index"],
  ])("names %s", async (what, { db = "", ...given }: Record<string, unknown>, code, detail) => {
    await redis.cli("LPUSH", "a-list", "1");
    const name = `redis-${what.replaceAll(/\W+/g, "-")}`;
    const fault = await faultOf(name, { ...onRedis(redis, given), url: `${redis.url}${String(db)}` });
    expect(fault).toMatchObject({ error: code });
    expect(fault.detail).toContain(detail);
    expect(fault.detail).not.toContain(REDIS_PASSWORD);
  });

  it("keeps a pace exactly", async () => {
    const rate_limit = { limit: 20, period_seconds: 1, burst: 1 };
    await routeTo(system, "redis-paced", onRedis(redis, { stream: "paced", rate_limit }));
    await deliver(
      "redis-paced",
      Array.from({ length: 60 }, () => Buffer.from("{}")),
    );
    const times = (await redis.entries("paced")).map(({ id }) => Number(id?.split("-")[0])).sort((a, b) => a - b);
    expect(times).toHaveLength(60);
    // The burst, and the rate over a second and the 50 ms that a send may be late.
    for (const [index, time] of times.entries()) {
      const within = times.filter((other) => other >= time && other < time + 1_000).length;
      expect(within, `in the second from message ${index}`).toBeLessThanOrEqual(22);
    }
  });
});

describe.skipIf(servers.kafka === null)("Kafka", () => {
  it("gets each body byte for byte, with key and headers", async () => {
    await kafka.control("/create", { topic: "orders", partitions: 3 });
    await routeTo(system, "kafka-full", onKafka(kafka, { topic: "orders", key: "{headers.x-tenant}" }));
    const deliveries = await deliver("kafka-full", AS_SENT);
    expect(deliveries.map(({ status }) => status)).toEqual(AS_SENT.map(() => "delivered"));
    const messages = await kafka.messages("orders");
    expect(new Set(messages.map(({ payload }) => payload.toString("hex")))).toEqual(
      new Set(AS_SENT.map((body) => body.toString("hex"))),
    );
    for (const { key, headers } of messages) {
      expect(key).toBe("acme");
      expect(headers).toContain("x-tenant=acme");
      expect(deliveries.some(({ id }) => headers.includes(`sluice-delivery-id=${id}`))).toBe(true);
    }
    const { attempts } = await system.client.delivery(deliveries[0]?.id ?? "");
    expect(JSON.parse(attempts[0]?.response_body ?? "")).toEqual({
      partition: expect.any(Number) as number,
      offset: expect.stringMatching(/^\d+$/) as string,
    });
  });

  it.each([
    ["a missing topic", 3, "not_found", "UNKNOWN_TOPIC_OR_PARTITION"],
    ["a message that is too large", 10, "too_large", "MESSAGE_TOO_LARGE"],
    ["a topic without rights", 29, "auth_failed", "TOPIC_AUTHORIZATION_FAILED"],
    ["too few replicas", 19, "broker_error", "NOT_ENOUGH_REPLICAS"],
  ])("names %s", async (what, number, code, detail) => {
    const name = `kafka-${what.replaceAll(/\W+/g, "-")}`;
    await kafka.control("/create", { topic: name, partitions: 1 });
    await kafka.control("/fail", { topic: name, code: number });
    const fault = await faultOf(name, onKafka(kafka, { topic: name }));
    expect(fault).toMatchObject({ error: code });
    expect(fault.detail).toContain(detail);
  });
});

describe("Amazon SQS", () => {
  // The emulator, unlike SQS, takes no characters beyond U+FFFF.
  const AS_TAKEN = [Buffer.from('{"n": 1,\n "ü": "€"}'), ...AS_SENT.slice(1)];

  const onSqs = (url: string, given: object = {}) => ({ type: "sqs", url, auth: AWS, ...given });

  it("gets each body, and base64 of what it does not take as text", async () => {
    const url = await sqs.createQueue("orders");
    await routeTo(system, "sqs-full", onSqs(url));
    const deliveries = await deliver("sqs-full", AS_TAKEN);
    expect(deliveries.map(({ status }) => status)).toEqual(AS_TAKEN.map(() => "delivered"));
    const messages = await sqs.receive(url);
    const valueOf = (attributes: SqsMessage["MessageAttributes"], name: string) =>
      attributes?.[name]?.StringValue ?? "";
    const bodies = messages.map(({ Body, MessageAttributes: given }) =>
      Buffer.from(Body, valueOf(given, "body_encoding") === "base64" ? "base64" : "utf8").toString("hex"),
    );
    expect(new Set(bodies)).toEqual(new Set(AS_TAKEN.map((body) => body.toString("hex"))));
    for (const { MessageAttributes: given } of messages) {
      expect(deliveries.map(({ id }) => id)).toContain(valueOf(given, "delivery_id"));
      expect(JSON.parse(valueOf(given, "headers"))).toMatchObject({ "x-tenant": "acme" });
    }
  });

  it("names a missing queue", async () => {
    const url = await sqs.createQueue("other");
    expect(await faultOf("sqs-missing", onSqs(url.replace(/other$/, "none")))).toMatchObject({ error: "not_found" });
  });

  it("gives a FIFO queue its group", async () => {
    const url = await sqs.createQueue("orders.fifo", { FifoQueue: "true" });
    await routeTo(system, "sqs-fifo", onSqs(url, { group_id: "{headers.x-tenant}" }));
    expect(await deliver("sqs-fifo", [Buffer.from("{}")])).toMatchObject([{ status: "delivered" }]);
    expect(await sqs.receive(url)).toMatchObject([{ Attributes: { MessageGroupId: "acme" } }]);
  });
});

describe("the API of Cloudflare Queues", () => {
  const onQueue = (token: string) => ({
    type: "cloudflare_queue",
    account_id: HEX,
    queue_id: HEX,
    auth: { type: "bearer", token },
  });

  it("gets each body in a JSON message", async () => {
    await routeTo(system, "queue-full", onQueue("planted-queue-token"));
    const deliveries = await deliver("queue-full", AS_SENT);
    expect(deliveries.map(({ status }) => status)).toEqual(AS_SENT.map(() => "delivered"));
    expect(new Set(apiCalls.map(({ path }) => path))).toEqual(
      new Set([`/client/v4/accounts/${HEX}/queues/${HEX}/messages/batch`]),
    );
    const bodies = apiCalls
      .flatMap(({ messages }) => messages)
      .map(({ body }) => {
        const { body: text, body_base64 } = body as { body?: string; body_base64?: string };
        return (text === undefined ? Buffer.from(body_base64 ?? "", "base64") : Buffer.from(text)).toString("hex");
      });
    expect(new Set(bodies)).toEqual(new Set(AS_SENT.map((body) => body.toString("hex"))));
  });

  it("names a token that is refused", async () => {
    const fault = await faultOf("queue-refused", onQueue("planted-wrong-token"));
    expect(fault).toMatchObject({ error: "auth_failed", detail: "HTTP 403: Authentication error (10000)" });
  });
});

describe("a broker that accepts and stalls", () => {
  it("ends in time for every type, leaves its neighbours alone, and no socket open", async () => {
    const port = await portOf(silent as unknown as Server);
    const types = {
      rabbitmq: { ...onRabbitmq({ url: `amqp://127.0.0.1:${port}` }, { routing_key: "q" }) },
      redis: { ...onRedis({ url: `redis://127.0.0.1:${port}` }, { stream: "s" }) },
      kafka: { ...onKafka({ brokers: [`127.0.0.1:${port}`] }, { topic: "t" }) },
      sqs: { type: "sqs", url: `http://127.0.0.1:${port}/1/q`, auth: AWS },
    };
    await system.route("beside");
    for (const [name, destination] of Object.entries(types)) {
      await system.client.call("POST /destinations", {
        body: { slug: `stalled-${name}`, ...destination, ...ONCE } as never,
      });
      await system.client.call("POST /connections", { body: { source: "beside", destination: `stalled-${name}` } });
    }
    for (let count = 0; count < 5; count++) await system.post("beside");
    const ended = await endedOf(system, "beside", 25);
    const byDestination = Map.groupBy(ended, ({ destination_slug }) => destination_slug);
    expect(byDestination.get("beside")?.map(({ status }) => status)).toEqual(
      Array.from({ length: 5 }, () => "delivered"),
    );
    for (const name of Object.keys(types))
      expect(byDestination.get(`stalled-${name}`)?.map(({ last_error }) => last_error)).toEqual(
        Array.from({ length: 5 }, () => "attempts_exhausted: timeout"),
      );
    for (const { at, sentAt } of system.to("beside")) expect(at - sentAt).toBeLessThan(12_000);
    await expect.poll(() => stalled.size, { timeout: 120_000 }).toBe(0);
  });

  it("is refused like a closed port when it is one", async () => {
    const closed = createServer();
    const port = await portOf(closed as unknown as Server);
    closed.close();
    await once(closed, "close");
    const fault = await faultOf("closed", onRabbitmq({ url: `amqp://127.0.0.1:${port}` }, { routing_key: "q" }));
    expect(fault.error).toBe("connect_refused");
    const { data } = await system.client.call("GET /destinations", { query: { expand: "state", limit: 200 } });
    expect(data.find(({ slug }) => slug === "closed")?.state?.paused_until).not.toBeNull();
  });
});

it("no credential is in what Sluice shows", async () => {
  const shown = JSON.stringify([
    await system.client.call("GET /destinations", { query: { limit: 200 } }),
    await system.client.exportConfig(),
  ]);
  for (const secret of [RABBITMQ_LOGIN.password, REDIS_PASSWORD, AWS.secret_access_key, "planted-queue-token"])
    expect(shown).not.toContain(secret);
});
