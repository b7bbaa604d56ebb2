// Examples of new destinations, by what they show.

export const BODIES = {
  signed: { slug: "billing", url: "https://api.example.com/billing", signing: { type: "standard_webhooks" } },
  batched: {
    slug: "warehouse",
    url: "https://api.example.com/bulk",
    batch: { max_events: 100, max_wait_seconds: 5, format: "ndjson" },
  },
  rabbitmq: {
    slug: "jobs",
    type: "rabbitmq",
    url: "amqps://rabbit.example.com:5671/jobs",
    auth: { type: "basic", username: "sluice", password: "the-password" },
    exchange: "webhooks",
    routing_key: "{event.type}",
  },
  redis_stream: {
    slug: "orders-stream",
    type: "redis_stream",
    url: "rediss://redis.example.com:6380/0",
    auth: { type: "basic", password: "the-password" },
    stream: "orders",
    max_length: 100_000,
  },
  kafka: {
    slug: "orders-topic",
    type: "kafka",
    brokers: ["kafka-1.example.com:9093", "kafka-2.example.com:9093"],
    auth: { type: "sasl_scram_sha_512", username: "sluice", password: "the-password" },
    topic: "orders",
    key: "{body.order.id}",
  },
  sqs: {
    slug: "orders-sqs",
    type: "sqs",
    url: "https://sqs.eu-central-1.amazonaws.com/123456789012/orders",
    auth: {
      type: "aws_sigv4",
      access_key_id: "AKIAIOSFODNN7EXAMPLE",
      secret_access_key: "the-secret-key",
      region: "eu-central-1",
    },
  },
  cloudflare_queue: { slug: "orders-queue", type: "cloudflare_queue", binding: "ORDERS_QUEUE" },
  listener: { slug: "anas-laptop", type: "listener", circuit: null },
  mock: { slug: "practice", type: "mock", response: { status: 200, body: "ok" }, delay_ms: 200, fail_first: 1 },
};
