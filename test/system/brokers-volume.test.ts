// Many webhooks through RabbitMQ, Redis and Kafka, with the brokers up and with an outage in the middle. What arrived is read with each broker's
// own client.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KafkaMock } from "../../scripts/brokers/kafka.ts";
import type { Rabbitmq } from "../../scripts/brokers/rabbitmq.ts";
import type { Redis } from "../../scripts/brokers/redis.ts";
import { runPool } from "../../src/kernel/pool.ts";
import { endedOf, onKafka, onRabbitmq, onRedis, startServers, stopServers, type Servers } from "./broker-servers.ts";
import { pause, startSystem, type System } from "./harness.ts";

const servers: Servers = await startServers();
const rabbitmq = servers.rabbitmq as Rabbitmq;
const redis = servers.redis as Redis;
const kafka = servers.kafka as KafkaMock;
const isComplete = Object.values(servers).every((server) => server !== null);

const KINDS = ["rabbitmq", "redis", "kafka"] as const;
type Kind = (typeof KINDS)[number];

/** A message as its broker gives it. */
interface Found {
  readonly delivery: string;
  readonly sha1: string;
  readonly number: string;
}

const sha1 = (body: Buffer): string => createHash("sha1").update(body).digest("hex");

/** Bytes of every value; sizes from 1 to 3,000. */
function bodyOf(number: number): Buffer<ArrayBuffer> {
  const body = Buffer.alloc(1 + ((number * 37) % 3_000));
  for (let at = 0; at < body.length; at++) body[at] = (number * 31 + at * 7 + (at >> 8)) % 256;
  body.write(String(number));
  return body;
}

const readers: Readonly<Record<Kind, (name: string) => Promise<readonly Found[]>>> = {
  rabbitmq: async (name) =>
    (await rabbitmq.take(name)).map(({ payload, payload_encoding, properties: { headers = {}, message_id } }) => ({
      delivery: String(message_id),
      sha1: sha1(Buffer.from(payload, payload_encoding === "base64" ? "base64" : "utf8")),
      number: String(headers["x-number"]),
    })),
  redis: async (name) =>
    (await redis.entries(name)).map(({ delivery_id = "", body_sha1 = "", headers = "{}" }) => ({
      delivery: delivery_id,
      sha1: body_sha1,
      number: (JSON.parse(headers) as Record<string, string>)["x-number"] ?? "",
    })),
  kafka: async (name) =>
    (await kafka.messages(name)).map(({ headers, payload }) => ({
      delivery: /sluice-delivery-id=([^,]+)/.exec(headers)?.[1] ?? "",
      sha1: sha1(payload),
      number: /x-number=(\d+)/.exec(headers)?.[1] ?? "",
    })),
};

describe.skipIf(!isComplete)("a thousand webhooks and an outage", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(async () => {
    await system.stop();
    await stopServers(servers);
  });

  /** One source, connected to a queue, a stream and a topic of its name. */
  async function routeToAll(name: string, given: object = {}): Promise<void> {
    await rabbitmq.declare(name);
    await kafka.control("/create", { topic: name, partitions: 3 });
    const { client } = system;
    await client.call("POST /sources", { body: { slug: name } });
    const destinations = [
      onRabbitmq(rabbitmq, { routing_key: name }),
      onRedis(redis, { stream: name }),
      onKafka(kafka, { topic: name }),
    ];
    for (const [index, kind] of KINDS.entries()) {
      const slug = `${name}-${kind}`;
      await client.call("POST /destinations", { body: { slug, ...destinations[index], ...given } as never });
      await client.call("POST /connections", { body: { source: name, destination: slug } });
    }
  }

  const post = (name: string, number: number): Promise<string> =>
    system.post(name, bodyOf(number), { "content-type": "application/octet-stream", "x-number": String(number) });

  it("arrive in RabbitMQ, Redis and Kafka once each, byte for byte, with their headers", async () => {
    await routeToAll("volume");
    const numbers = Array.from({ length: 1_000 }, (_, number) => number);
    await runPool(numbers, 20, async (number) => void (await post("volume", number)));
    const deliveries = await endedOf(system, "volume", 3_000, 240_000);
    expect(new Set(deliveries.map(({ status }) => status))).toEqual(new Set(["delivered"]));
    for (const kind of KINDS) {
      const found = await readers[kind]("volume");
      const wanted = deliveries.filter(({ destination_slug }) => destination_slug === `volume-${kind}`);
      expect([kind, found.map(({ delivery }) => delivery).sort()]).toEqual([kind, wanted.map(({ id }) => id).sort()]);
      const byNumber = [...found].sort((a, b) => Number(a.number) - Number(b.number));
      expect(byNumber.map((one) => one.number)).toEqual(numbers.map(String));
      expect(byNumber.map((one) => one.sha1)).toEqual(numbers.map((number) => sha1(bodyOf(number))));
    }
  });

  it("are all there after brokers were away for 20 s in the middle, twice only where a confirmation was lost", async () => {
    const retry = { strategy: "linear", base_seconds: 1, cap_seconds: 3, max_attempts: 40 };
    await routeToAll("outage", { retry, timeout_ms: 4_000, circuit: { open_seconds: 1, max_open_seconds: 3 } });
    const numbers = Array.from({ length: 400 }, (_, number) => number);
    const posting = runPool(numbers, 4, async (number) => {
      await post("outage", number);
      await pause(150);
    });
    await pause(4_000);
    const brokers = kafka.brokers.map((_, index) => index + 1);
    await Promise.all([rabbitmq.kill(), redis.kill(), ...brokers.map((broker) => kafka.control("/down", { broker }))]);
    await pause(20_000);
    await Promise.all([rabbitmq.start(), redis.start(), ...brokers.map((broker) => kafka.control("/up", { broker }))]);
    await posting;
    const deliveries = await endedOf(system, "outage", 1_200, 200_000);
    expect(new Set(deliveries.map(({ status }) => status))).toEqual(new Set(["delivered"]));
    for (const kind of KINDS) {
      const found = await readers[kind]("outage");
      const wanted = deliveries.filter(({ destination_slug }) => destination_slug === `outage-${kind}`);
      expect([kind, new Set(found.map(({ delivery }) => delivery))]).toEqual([
        kind,
        new Set(wanted.map(({ id }) => id)),
      ]);
      for (const { number, sha1: arrived } of found) expect(arrived).toBe(sha1(bodyOf(Number(number))));
      const attempts = new Map(wanted.map(({ id, attempts_made }) => [id, attempts_made]));
      const times = Map.groupBy(found, ({ delivery }) => delivery);
      for (const [id, messages] of times) expect(messages.length).toBeLessThanOrEqual(attempts.get(id) ?? 0);
      const twice = [...times.values()].filter((messages) => messages.length > 1);
      // What one batch had in flight.
      expect(twice.length).toBeLessThanOrEqual(100);
      // The outage was noticed.
      expect(Math.max(...attempts.values())).toBeGreaterThan(1);
    }
  });
});
