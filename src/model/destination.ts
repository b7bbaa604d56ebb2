// A destination: an external API, broker or queue, and the limits for what is sent to it, as configured.
import * as z from "zod";
import { DEFAULT_TIMEOUT_MS, MAX_MOCK_BODY_BYTES, MAX_TIMEOUT_MS } from "../config/limits.ts";
import { utf8 } from "../kernel/bytes.ts";
import {
  authSchema,
  awsAuthSchema,
  basicAuthSchema,
  bearerAuthSchema,
  noAuthSchema,
  signingSchema,
} from "./destination-auth.ts";
import type { DestinationId } from "./ids.ts";
import { headerMapSchema, nameSchema, slugSchema } from "./names.ts";
import { batchSchema, circuitSchema, rateLimitSchema, retrySchema } from "./policies.ts";
import { storedSecretSchema } from "./secret.ts";
import { METHODS } from "./source.ts";

const names = { name: nameSchema, slug: slugSchema };
const urlSchema = z.string().max(2_048);

const headersSchema = headerMapSchema
  .default({})
  .describe("Sent with every request or message; may contain variables such as `{{event.id}}`");

const limits = {
  rate_limit: rateLimitSchema.nullable().default(null).describe("Null: no limit"),
  max_concurrency: z.int().min(1).max(1_000).nullable().default(null).describe("Concurrent requests or messages"),
  adaptive: z.boolean().default(true).describe("Whether the pace drops after a 429 or 503 and recovers by itself"),
  timeout_ms: z
    .int()
    .min(100)
    .max(MAX_TIMEOUT_MS)
    .default(DEFAULT_TIMEOUT_MS)
    .describe("For the whole response, or from connecting to the broker's confirmation"),
  retry: retrySchema.prefault({}),
  circuit: circuitSchema
    .nullable()
    .prefault({})
    .describe("Stops sending for a while after too many failures. Null: never"),
};

export const httpSpecSchema = z
  .strictObject({
    // A spec that an earlier release stored has no type.
    type: z.literal("http").optional().default("http"),
    ...names,
    url: urlSchema,
    method: z.enum(METHODS).nullable().default(null).describe("Null forwards the method as received"),
    headers: headersSchema,
    auth: authSchema.default({ type: "none" }),
    signing: signingSchema.default({ type: "none" }),
    ...limits,
    batch: batchSchema.nullable().default(null).describe("Null: each event in a request of its own"),
    path_forwarding: z
      .boolean()
      .default(true)
      .describe("Whether the sub-path after the source's address is appended to the URL"),
  })
  .refine(({ batch, method }) => batch === null || (method !== "GET" && method !== "HEAD"), {
    path: ["batch"],
    error: "needs a method with a body",
  });

/** What every broker and queue has besides its own address. */
const beside = { headers: headersSchema, signing: signingSchema.default({ type: "none" }), ...limits };

const templateSchema = z.string().min(1).max(1_024);
const VARIABLES = "may contain variables such as `{event.type}`, `{body.data.id}`, `{headers.x-tenant}`";

const rabbitmqSpecSchema = z.strictObject({
  type: z.literal("rabbitmq"),
  ...names,
  url: urlSchema.describe("`amqps://host:port/vhost`"),
  auth: basicAuthSchema,
  exchange: z
    .string()
    .max(255)
    .refine((name) => utf8(name).byteLength <= 255, "must not have more than 255 bytes")
    .describe('"" is the default exchange, whose routing keys are names of queues'),
  routing_key: templateSchema.describe(VARIABLES),
  mandatory: z.boolean().default(true).describe("Whether a message that reaches no queue is a failure, `unroutable`"),
  ...beside,
});

const redisSpecSchema = z.strictObject({
  type: z.literal("redis_stream"),
  ...names,
  url: urlSchema.describe("`rediss://host:port/db`"),
  auth: z
    .discriminatedUnion("type", [
      noAuthSchema,
      z.strictObject({
        type: z.literal("basic"),
        username: z.string().min(1).max(512).optional(),
        password: storedSecretSchema,
      }),
    ])
    .default({ type: "none" }),
  stream: templateSchema.describe(`Its key; ${VARIABLES}`),
  max_length: z
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .nullable()
    .default(null)
    .describe("Trims the stream to about this length"),
  ...beside,
});

const saslSchema = <const T extends string>(type: T) =>
  z.strictObject({ type: z.literal(type), username: z.string().min(1).max(512), password: storedSecretSchema });

/** `host:port`, the host in brackets if it is an IPv6 address. */
export const BROKER = /^(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@[\]\\%]+):([1-9]\d{0,4})$/;

const kafkaSpecSchema = z.strictObject({
  type: z.literal("kafka"),
  ...names,
  brokers: z
    .array(z.string().max(300).regex(BROKER, "must be host:port"))
    .min(1)
    .max(16)
    .describe("`host:port` of one or more brokers, of which one must answer; the others are learned from it"),
  tls: z.boolean().default(true),
  auth: z
    .discriminatedUnion("type", [
      noAuthSchema,
      saslSchema("sasl_plain"),
      saslSchema("sasl_scram_sha_256"),
      saslSchema("sasl_scram_sha_512"),
    ])
    .default({ type: "none" }),
  topic: templateSchema.describe(VARIABLES),
  key: templateSchema.nullable().default(null).describe(`Decides the partition; ${VARIABLES}`),
  ...beside,
});

const sqsSpecSchema = z
  .strictObject({
    type: z.literal("sqs"),
    ...names,
    url: urlSchema.describe("The queue's URL"),
    auth: awsAuthSchema.extend({ service: z.literal("sqs").default("sqs") }),
    group_id: templateSchema
      .nullable()
      .default(null)
      .describe(`The message group; a FIFO queue needs one; ${VARIABLES}`),
    ...beside,
  })
  .refine(({ url, group_id }) => !url.endsWith(".fifo") || group_id !== null, {
    path: ["group_id"],
    error: "is missing: the queue is a FIFO queue",
  });

const cloudflareQueueSpecSchema = z
  .strictObject({
    type: z.literal("cloudflare_queue"),
    ...names,
    binding: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "is not the name of a binding")
      .nullable()
      .default(null)
      .describe("A producer binding of the Worker. Without it, the queue is reached by Cloudflare's API"),
    account_id: z
      .string()
      .regex(/^[0-9a-f]{32}$/, "must be 32 hexadecimal digits")
      .nullable()
      .default(null),
    queue_id: z
      .string()
      .regex(/^[0-9a-f]{32}$/, "must be 32 hexadecimal digits")
      .nullable()
      .default(null),
    auth: z.discriminatedUnion("type", [noAuthSchema, bearerAuthSchema]).default({ type: "none" }),
    ...beside,
  })
  .superRefine(({ binding, account_id, queue_id, auth }, context) => {
    const refuse = (field: string, message: string): void => {
      context.addIssue({ code: "custom", path: [field], message });
    };
    if (binding === null) {
      if (account_id === null) refuse("account_id", "is missing: give it with queue_id and auth, or a binding");
      if (queue_id === null) refuse("queue_id", "is missing: give it with account_id and auth, or a binding");
      if (auth.type === "none") refuse("auth", "must be of type bearer: the API needs a token");
    } else {
      if (account_id !== null) refuse("account_id", "cannot be given together with a binding");
      if (queue_id !== null) refuse("queue_id", "cannot be given together with a binding");
      if (auth.type !== "none") refuse("auth", "must be of type none: a binding needs no token");
    }
  });

/** A server on a developer's machine, which gets its requests from `sluice listen`, through a WebSocket. It needs no address that others can reach. */
const listenerSpecSchema = z.strictObject({
  type: z.literal("listener"),
  ...names,
  auth: noAuthSchema.default({ type: "none" }),
  ...beside,
});

/** Statuses whose responses have no body. RFC 9110, section 15. */
const WITHOUT_BODY: readonly number[] = [204, 205, 304];

const mockResponseSchema = z
  .strictObject({
    status: z.int().min(200).max(599).default(200),
    headers: headerMapSchema.default({}),
    body: z
      .string()
      .refine(
        (text) => utf8(text).byteLength <= MAX_MOCK_BODY_BYTES,
        `has more than ${MAX_MOCK_BODY_BYTES.toLocaleString("en")} bytes`,
      )
      .default(""),
  })
  .refine(({ status, body }) => !WITHOUT_BODY.includes(status) || body === "", {
    path: ["body"],
    error: "must be empty with this status",
  });

const mockSpecSchema = z.strictObject({
  type: z.literal("mock"),
  ...names,
  response: mockResponseSchema.prefault({}).describe("To every request"),
  delay_ms: z
    .int()
    .min(0)
    .max(MAX_TIMEOUT_MS)
    .default(0)
    .describe("Before the response. `timeout_ms` or more: every attempt times out"),
  fail_first: z
    .int()
    .min(0)
    .max(100)
    .default(0)
    .describe("How many attempts of each delivery are answered with status 500 first"),
  auth: noAuthSchema.default({ type: "none" }),
  ...beside,
});

export const SPEC_OF_TYPE = {
  http: httpSpecSchema,
  rabbitmq: rabbitmqSpecSchema,
  redis_stream: redisSpecSchema,
  kafka: kafkaSpecSchema,
  sqs: sqsSpecSchema,
  cloudflare_queue: cloudflareQueueSpecSchema,
  listener: listenerSpecSchema,
  mock: mockSpecSchema,
} as const;

export const DESTINATION_TYPES = Object.keys(SPEC_OF_TYPE) as readonly (keyof typeof SPEC_OF_TYPE)[];

export const destinationSpecSchema = z.discriminatedUnion("type", [
  httpSpecSchema,
  rabbitmqSpecSchema,
  redisSpecSchema,
  kafkaSpecSchema,
  sqsSpecSchema,
  cloudflareQueueSpecSchema,
  listenerSpecSchema,
  mockSpecSchema,
]);

export type DestinationSpec = z.infer<typeof destinationSpecSchema>;
type DestinationType = DestinationSpec["type"];
type SpecOf<T extends DestinationType> = Extract<DestinationSpec, { readonly type: T }>;

/** Types whose destinations get HTTP requests. */
const WITH_REQUESTS = ["http", "listener", "mock"] as const satisfies readonly DestinationType[];
type RequestType = (typeof WITH_REQUESTS)[number];

/** A broker or queue: each event becomes a message. */
export type BrokerSpec = SpecOf<Exclude<DestinationType, RequestType>>;

interface Kept {
  readonly id: DestinationId;
  readonly paused: boolean;
}

export type Destination = DestinationSpec & Kept;
export type HttpDestination = SpecOf<"http"> & Kept;
/** One that gets HTTP requests. */
export type RequestDestination = SpecOf<RequestType> & Kept;
export type MockDestination = SpecOf<"mock"> & Kept;
export type BrokerDestination = BrokerSpec & Kept;
export type BrokerOf<T extends BrokerDestination["type"]> = SpecOf<T> & Kept;

export const isBroker = (destination: Destination): destination is BrokerDestination =>
  !(WITH_REQUESTS as readonly DestinationType[]).includes(destination.type);

/** Where the requests to a mock destination go: nowhere, as no such name exists (RFC 2606). */
const MOCK_URL = "https://mock.invalid/";

/** The API that a mock destination stands in for: its requests are made as for that one. */
export function asHttp(destination: MockDestination): HttpDestination {
  const { response: _response, delay_ms: _delay, fail_first: _failures, ...rest } = destination;
  return { ...rest, type: "http", url: MOCK_URL, method: null, batch: null, path_forwarding: true };
}

/** How events share a request; null where each has one of its own. */
export const batchOf = (destination: Destination) => (destination.type === "http" ? destination.batch : null);
