// `npm run demo -- --brokers`: the demo's payloads arrive in RabbitMQ and Redis, read there with each server's own client.
import { createHash } from "node:crypto";
import { RABBITMQ_LOGIN, startRabbitmq } from "../brokers/rabbitmq.ts";
import { REDIS_PASSWORD, startRedis } from "../brokers/redis.ts";
import { runPool } from "../../src/kernel/pool.ts";
import type { PatientClient } from "./client.ts";
import { payloads } from "./payloads.ts";
import { progress } from "./progress.ts";

const SENDERS = 8;
const SETTLE_WITHIN_MS = 120_000;

const sha1 = (body: Uint8Array | string): string => createHash("sha1").update(body).digest("hex");

/** @returns whether every payload arrived in both, byte for byte */
export async function demoBrokers(client: PatientClient): Promise<boolean> {
  console.log("Starting RabbitMQ and Redis ...");
  const [rabbitmq, redis] = await Promise.all([startRabbitmq(), startRedis()]);
  try {
    if (rabbitmq === null || redis === null) {
      console.error("Not installed: apt-get install rabbitmq-server redis-server");
      return false;
    }
    const name = `demo-${Date.now().toString(36)}`;
    await rabbitmq.declare(name, "webhooks", "github.#");
    await client.call("POST /sources", { body: { slug: name, event_type: { header: "x-github-event" } } });
    const destinations = [`${name}-rabbitmq`, `${name}-redis`];
    await client.call("POST /destinations", {
      body: {
        slug: `${name}-rabbitmq`,
        type: "rabbitmq",
        url: rabbitmq.url,
        auth: { type: "basic", ...RABBITMQ_LOGIN },
        exchange: "webhooks",
        routing_key: "github.{headers.x-github-event}",
      },
    });
    await client.call("POST /destinations", {
      body: {
        slug: `${name}-redis`,
        type: "redis_stream",
        url: redis.url,
        auth: { type: "basic", password: REDIS_PASSWORD },
        stream: name,
      },
    });
    for (const destination of destinations)
      await client.call("POST /connections", { body: { source: name, destination } });
    const bodies = payloads();
    console.log(`Posting ${bodies.length} GitHub payloads to ${client.origin}/in/${name}.`);
    const accepted = progress("accepted", bodies.length);
    let sent = 0;
    await runPool(bodies, SENDERS, async ({ name: event, body }) => {
      await client.post(name, body, { "content-type": "application/json", "x-github-event": event });
      accepted(++sent);
    });
    const confirmed = progress("confirmed", 2 * bodies.length);
    const until = Date.now() + SETTLE_WITHIN_MS;
    for (let count = 0; count < 2 * bodies.length && Date.now() < until;) {
      count = (await client.deliveriesOf(name)).filter(({ status }) => status === "delivered").length;
      confirmed(count);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    const wanted = bodies.map(({ body }) => sha1(body)).sort();
    const messages = await rabbitmq.take(name);
    const inRabbitmq = messages.map(({ payload, payload_encoding }) =>
      sha1(Buffer.from(payload, payload_encoding === "base64" ? "base64" : "utf8")),
    );
    const inRedis = (await redis.entries(name)).map(({ body_sha1 = "" }) => body_sha1);
    const keys = new Set(messages.map(({ routing_key }) => routing_key));
    const arrived = [inRabbitmq, inRedis].map((found) => JSON.stringify([...found].sort()) === JSON.stringify(wanted));
    console.log(`\nRabbitMQ: ${inRabbitmq.length} messages under ${keys.size} routing keys, ${verdict(arrived[0])}.`);
    console.log(`Redis:    ${inRedis.length} entries in the stream ${name}, ${verdict(arrived[1])}.`);
    console.log(
      `Look at the events: ${client.origin}/events?source=${name}. npm run demo -- --clean removes the configuration.`,
    );
    return arrived.every((one) => one);
  } finally {
    await Promise.all([rabbitmq?.stop(), redis?.stop()]);
  }
}

const verdict = (isComplete: boolean | undefined): string =>
  isComplete === true ? "each payload once and identical" : "NOT the payloads that were sent";
