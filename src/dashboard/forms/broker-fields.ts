// The fields of a destination that is no HTTP API, by type: its address or answer, and its authentication.
import type { FieldSpec } from "./form-spec.ts";

const VARIABLES = "Variables: {event.type}, {event.id}, {source}, {body.data.id}, {headers.x-name}.";

const text = (path: string, label: string, more: Partial<FieldSpec> = {}): FieldSpec => ({
  path,
  label,
  kind: "text",
  ...more,
});
const template = (path: string, label: string, more: Partial<FieldSpec> = {}): FieldSpec =>
  text(path, label, { hint: VARIABLES, ...more });

export const ADDRESSES: Readonly<Record<string, readonly FieldSpec[]>> = {
  rabbitmq: [
    text("url", "URL", { required: true, placeholder: "amqps://rabbit.example.com:5671/vhost" }),
    {
      path: "exchange",
      label: "Exchange",
      kind: "text",
      empty: "text",
      hint: "Empty: the default exchange, whose routing keys are names of queues.",
    },
    template("routing_key", "Routing key", { required: true }),
    { path: "mandatory", label: "A message that reaches no queue is a failure", kind: "check", initial: "on" },
  ],
  redis_stream: [
    text("url", "URL", { required: true, placeholder: "rediss://redis.example.com:6380/0" }),
    template("stream", "Stream", { required: true }),
    { path: "max_length", label: "Trim to about this length", kind: "number", empty: "null", hint: "Empty: never." },
  ],
  kafka: [
    {
      path: "brokers",
      label: "Brokers",
      kind: "list",
      required: true,
      placeholder: "kafka-1.example.com:9093, kafka-2.example.com:9093",
    },
    { path: "tls", label: "TLS", kind: "check", initial: "on" },
    template("topic", "Topic", { required: true }),
    template("key", "Key", { empty: "null", hint: `Decides the partition. ${VARIABLES}` }),
  ],
  sqs: [
    text("url", "Queue URL", {
      required: true,
      placeholder: "https://sqs.eu-central-1.amazonaws.com/123456789012/orders",
    }),
    template("group_id", "Message group", { empty: "null", hint: `Needed for a FIFO queue. ${VARIABLES}` }),
  ],
  cloudflare_queue: [
    text("binding", "Producer binding of the Worker", {
      empty: "null",
      hint: "Or the three fields below, for the API.",
    }),
    text("account_id", "Account ID", { empty: "null" }),
    text("queue_id", "Queue ID", { empty: "null" }),
  ],
  // The command says where it sends its requests.
  listener: [],
  mock: [
    { path: "response/status", label: "Response status", kind: "number", initial: "200" },
    { path: "delay_ms", label: "Delay (ms)", kind: "number", placeholder: "0", hint: "Before the response." },
    {
      path: "fail_first",
      label: "Attempts that fail first",
      kind: "number",
      placeholder: "0",
      hint: "Of each delivery, with status 500.",
    },
    {
      path: "response/headers",
      label: "Response headers",
      kind: "headers",
      rows: 2,
      hint: "name: value, one per line.",
    },
    { path: "response/body", label: "Response body", kind: "block" },
  ],
};

export const TYPES: readonly (readonly [string, string])[] = [
  ["http", "HTTP API"],
  ["rabbitmq", "RabbitMQ"],
  ["redis_stream", "Redis stream"],
  ["kafka", "Kafka (beta)"],
  ["sqs", "Amazon SQS"],
  ["cloudflare_queue", "Cloudflare Queue"],
  ["listener", "Your machine (sluice listen)"],
  ["mock", "Mock (answers by itself)"],
];

/** Which authentication each type has; the first is that of a new form. */
export const AUTH_OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  rabbitmq: ["basic"],
  redis_stream: ["basic", "none"],
  kafka: ["sasl_scram_sha_512", "sasl_scram_sha_256", "sasl_plain", "none"],
  sqs: ["aws_sigv4"],
  cloudflare_queue: ["none", "bearer"],
  listener: ["none"],
  mock: ["none"],
};
