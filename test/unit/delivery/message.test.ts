// Preparing a message for a broker: what it has, and what keeps it from being sent.
import { describe, expect, it } from "vitest";
import { prepare, type PreparePorts } from "../../../src/delivery/attempt/prepare.ts";
import type { BrokerSending } from "../../../src/delivery/attempt/message.ts";
import { err, ok } from "../../../src/kernel/result.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import type { SluiceEvent } from "../../../src/model/event.ts";
import { SecretUnavailable } from "../../../src/signing/index.ts";
import { broker, password } from "../brokers/messages.ts";

const RABBITMQ = {
  type: "rabbitmq",
  url: "amqps://rabbit.example.com",
  auth: { type: "basic", username: "u", password },
  exchange: "hooks",
  routing_key: "{event.type}.{body.n}",
};
const bytes = utf8('{"n": 1}');

const sending = (destination: Record<string, unknown> = RABBITMQ, event: Partial<SluiceEvent> = {}): BrokerSending => ({
  event: {
    id: "evt_1" as SluiceEvent["id"],
    source_id: null,
    received_at: 0,
    method: "POST",
    path: "/sub",
    query: "",
    headers: [
      ["content-type", "application/json"],
      ["authorization", "Bearer of-the-sender"],
      ["connection", "keep-alive"],
      ["host", "sluice.example.com"],
    ],
    body: { kind: "inline", bytes },
    body_bytes: bytes.byteLength,
    verified: null,
    event_type: "paid",
    ...event,
  },
  delivery: { id: "dlv_1", attempts_made: 2 } as Delivery,
  destination: broker(destination),
  sourceSlug: "shop",
});
const never = () => Promise.reject(new Error("not needed"));
const ports = (change: Partial<PreparePorts> = {}): PreparePorts => ({
  openSecrets: async () => ["planted-password"],
  readStored: never,
  callbackSecrets: never,
  readBody: never,
  accessToken: never,
  certificate: () => null,
  now: () => 0,
  random: () => 0,
  urls: { allowPrivate: false, resolve: async () => ok(["1.1.1.1"]) },
  ...change,
});
const faultOf = async (given: BrokerSending, change: Partial<PreparePorts> = {}) => {
  const prepared = await prepare(given, 0, ports(change));
  return prepared.ok ? null : prepared.error;
};

describe("a message for a broker", () => {
  it("has the headers of a request, its fields filled in, and its secrets aside", async () => {
    const prepared = await prepare(sending(), 60_000, ports());
    expect(prepared).toMatchObject({
      ok: true,
      value: {
        url: "",
        credentials: ["planted-password"],
        message: {
          address: "paid.1",
          key: null,
          deliveryId: "dlv_1",
          eventId: "evt_1",
          attempt: 3,
          source: "shop",
          eventType: "paid",
          sentAt: 60_000,
          secrets: { password: "planted-password" },
        },
      },
    });
    const headers = new Map(prepared.ok ? prepared.value.headers : []);
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "application/json",
      "sluice-event-id": "evt_1",
      "sluice-delivery-id": "dlv_1",
      "sluice-attempt": "3",
      "sluice-source": "shop",
      "webhook-id": "evt_1",
      "idempotency-key": "dlv_1",
    });
    // Those of the connection, and the sender's own login beside one of the destination's.
    for (const name of ["connection", "host", "authorization"]) expect(headers.has(name)).toBe(false);
    expect(JSON.stringify([...headers])).not.toContain("planted");
  });

  it("is not sent to an address that the rules refuse by then [G10]", async () => {
    const at = (url: string, resolved = "1.1.1.1") =>
      faultOf(sending({ ...RABBITMQ, url }), { urls: { allowPrivate: false, resolve: async () => ok([resolved]) } });
    expect(await at("amqps://10.0.0.1")).toMatchObject({ kind: "failed", error: "blocked_address" });
    expect(await at("amqps://rabbit.example.com", "169.254.169.254")).toMatchObject({ error: "blocked_address" });
    expect(await at("amqp://rabbit.example.com")).toMatchObject({ error: "blocked_address" });
    const away = { urls: { allowPrivate: false, resolve: async () => err("unavailable" as const) } };
    expect(await faultOf(sending(), away)).toMatchObject({ kind: "put_off", by: "resolver_unavailable" });
    const gone = { urls: { allowPrivate: false, resolve: async () => err("not_found" as const) } };
    expect(await faultOf(sending(), gone)).toMatchObject({ kind: "failed", error: "dns" });
  });

  it("needs one of Kafka's brokers that may be called", async () => {
    const kafka = { type: "kafka", brokers: ["gone.example.com:9093", "kafka.example.com:9093"], topic: "orders" };
    const resolving = (known: string) => ({
      urls: {
        allowPrivate: false,
        resolve: async (name: string) => (name === known ? ok(["1.1.1.1"]) : err("not_found" as const)),
      },
    });
    expect(await faultOf(sending(kafka), resolving("kafka.example.com"))).toBeNull();
    expect(await faultOf(sending(kafka), resolving("other.example.com"))).toMatchObject({
      kind: "failed",
      error: "dns",
      detail: expect.stringContaining("gone.example.com:9093") as string,
    });
  });

  it("is dead where its fields cannot be filled in", async () => {
    expect(await faultOf(sending(RABBITMQ, { event_type: null }))).toEqual({
      kind: "dead",
      error: "unprocessable: routing_key: {{event.type}} is missing",
    });
  });

  it("waits for a secret that cannot be had now", async () => {
    const openSecrets = () => Promise.reject(new SecretUnavailable({ reason: "secret_missing", name: "PASSWORD" }));
    expect(await faultOf(sending(), { openSecrets })).toMatchObject({ kind: "put_off", by: "secret_unavailable" });
  });

  it.each([
    ["rabbitmq", RABBITMQ, 4 * 1024 * 1024],
    [
      "sqs",
      {
        type: "sqs",
        url: "https://sqs.example.com/1/q",
        auth: { type: "aws_sigv4", access_key_id: "A", secret_access_key: password, region: "eu-west-1" },
      },
      1024 * 1024,
    ],
    ["cloudflare_queue", { type: "cloudflare_queue", binding: "Q" }, 128_000],
  ])("of type %s names the limit that its body exceeds", async (_type, destination, limit) => {
    const stored = { kind: "r2", key: "k" } as const;
    expect(await faultOf(sending(destination, { body: stored, body_bytes: limit + 1 }))).toEqual({
      kind: "failed",
      error: "too_large",
      detail: `The body is larger than ${limit} bytes.`,
    });
  });
});
