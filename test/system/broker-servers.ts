// The brokers of the system tests. In CI each must be there; elsewhere the tests of a missing one are skipped, and the output says so.
import { startKafka, type KafkaMock } from "../../scripts/brokers/kafka.ts";
import { RABBITMQ_LOGIN, startRabbitmq, type Rabbitmq } from "../../scripts/brokers/rabbitmq.ts";
import { REDIS_PASSWORD, startRedis, type Redis } from "../../scripts/brokers/redis.ts";
import type { Delivery } from "../../cli/client.ts";
import type { System } from "./harness.ts";

export interface Servers {
  readonly rabbitmq: Rabbitmq | null;
  readonly redis: Redis | null;
  readonly kafka: KafkaMock | null;
}

export async function startServers(): Promise<Servers> {
  const [rabbitmq, redis, kafka] = await Promise.all([startRabbitmq(), startRedis(), startKafka()]);
  const missing = Object.entries({ rabbitmq, redis, kafka }).flatMap(([name, server]) =>
    server === null ? [name] : [],
  );
  if (missing.length > 0) {
    const message = `not installed, so their tests are skipped: ${missing.join(", ")}; .ci/run says how to install them`;
    if (process.env["CI"] !== undefined) throw new Error(message);
    console.warn(message);
  }
  return { rabbitmq, redis, kafka };
}

export async function stopServers({ rabbitmq, redis, kafka }: Servers): Promise<void> {
  await Promise.all([rabbitmq?.stop(), redis?.stop(), kafka?.stop()]);
}

type Given = Readonly<Record<string, unknown>>;

/** The fields of a destination on each server. */
export const onRabbitmq = ({ url }: Pick<Rabbitmq, "url">, given: Given = {}): Given => ({
  type: "rabbitmq",
  url,
  auth: { type: "basic", ...RABBITMQ_LOGIN },
  exchange: "",
  ...given,
});
export const onRedis = ({ url }: Pick<Redis, "url">, given: Given = {}): Given => ({
  type: "redis_stream",
  url,
  auth: { type: "basic", password: REDIS_PASSWORD },
  ...given,
});
export const onKafka = ({ brokers }: Pick<KafkaMock, "brokers">, given: Given = {}): Given => ({
  type: "kafka",
  brokers,
  tls: false,
  ...given,
});

/** A source of this name, connected to a destination of this name and these fields. */
export async function routeTo({ client }: Pick<System, "client">, name: string, destination: Given): Promise<void> {
  await client.call("POST /sources", { body: { slug: name } });
  await client.call("POST /destinations", { body: { slug: name, ...destination } as never });
  await client.call("POST /connections", { body: { source: name, destination: name } });
}

/** The deliveries of a source, with attempts, once all of them have ended. */
export async function endedOf(
  system: System,
  source: string,
  count: number,
  withinMs = 180_000,
): Promise<readonly Delivery[]> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const deliveries = await system.client.deliveriesOf(source);
    const ended = deliveries.filter(({ finished_at }) => finished_at !== null);
    if (ended.length >= count) return ended;
    if (Date.now() > deadline) throw new Error(`${ended.length} of ${count} deliveries of ${source} have ended`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
