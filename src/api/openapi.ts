// The contract as an OpenAPI 3.1 document, its schemas taken from the ones that check the input. A test holds it against the routes.
import type { z } from "zod";
import { MAX_CONFIG_RECORDS } from "../config/limits.ts";
import { connectionSpecSchema } from "../model/connection.ts";
import { destinationSpecSchema } from "../model/destination.ts";
import { IGNORED_REASONS } from "../model/ignored.ts";
import { DELIVERY_STATUSES, EVENT_STATUSES } from "../model/lifecycle.ts";
import { REFUSAL_REASONS } from "../model/rejection.ts";
import { sourceSpecSchema } from "../model/source.ts";
import { rotationSchema } from "./signing-secrets.ts";
import { newTokenSchema, SCOPES } from "../model/token.ts";
import { AUDIT_ACTIONS, AUDIT_KINDS } from "../model/audit.ts";
import { scopeOf } from "./scopes.ts";
import { answerSchema, inputSchema as input, secretSchema, type Json } from "./openapi-secrets.ts";
import { PROBLEMS, type ProblemCode } from "./problem-codes.ts";
import { publishSchema } from "./publish-input.ts";
import { GROUPS } from "./stats-routes.ts";
import { filterTestSchema, transformTestSchema } from "./routing-routes.ts";
import { DEFAULT_LIMIT, MAX_LIMIT } from "./query.ts";

/** Of a create: name or slug is enough. Of an update: every field may stay away. */
const optional = (json: Json, required: readonly string[] = []): Json => ({ ...json, required });
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const instant = { type: "string", format: "date-time" };
const nullable = (schema: Json): Json => ({ anyOf: [schema, { type: "null" }] });
const object = (properties: Record<string, Json>): Json => ({ type: "object", properties });
const text = { type: "string" };
const number = { type: "integer" };

const records = (items: Json): Json => ({ type: "array", maxItems: MAX_CONFIG_RECORDS, items });

/** A record of the configuration's document. */
const item = (spec: z.ZodType, required: readonly string[], extra: Record<string, Json> = {}): Json => {
  const json = input(spec);
  return { ...json, properties: { ...(json["properties"] as Json), ...extra }, required };
};

const kept = (spec: z.ZodType, extra: Record<string, Json>): Json => {
  const json = answerSchema(input(spec)) as Json;
  return object({
    id: text,
    ...(json["properties"] as Record<string, Json>),
    ...extra,
    created_at: instant,
    updated_at: instant,
  });
};

const delivery = {
  id: text,
  event_id: text,
  connection_id: nullable(text),
  source: nullable(text),
  source_slug: nullable(text),
  destination: nullable(text),
  destination_slug: nullable(text),
  status: { enum: [...DELIVERY_STATUSES] },
  attempts_made: number,
  next_attempt_at: nullable(instant),
  deferred_by: nullable(text),
  deferrals: number,
  last_response_status: nullable(number),
  last_error: nullable(text),
  created_at: instant,
  finished_at: nullable(instant),
};
const attempt = {
  number,
  started_at: instant,
  duration_ms: number,
  response_status: nullable(number),
  response_headers: nullable({ type: "object", additionalProperties: text }),
  response_body: nullable(text),
  error: nullable(text),
  error_detail: text,
};
const event = {
  id: text,
  source: nullable(text),
  source_slug: nullable(text),
  received_at: instant,
  method: text,
  path: text,
  query: text,
  headers: { type: "array", items: { type: "array", items: text, minItems: 2, maxItems: 2 } },
  content_type: nullable(text),
  body_bytes: number,
  verified: nullable({ type: "boolean" }),
  duplicate_of: nullable(text),
  published: { type: "boolean" },
  deliver_at: nullable(instant),
  callback_url: nullable(text),
  failure_callback_url: nullable(text),
  callback_of: nullable(text),
  status: { enum: [...EVENT_STATUSES] },
};

const token = {
  id: text,
  name: text,
  scope: { enum: [...SCOPES] },
  created_at: instant,
  created_by: text,
  expires_at: nullable(instant),
  last_used_at: nullable(instant),
};
const auditEntry = {
  id: text,
  at: instant,
  actor: text,
  actor_name: text,
  action: { enum: [...AUDIT_ACTIONS] },
  kind: { enum: [...AUDIT_KINDS] },
  resource_id: text,
  resource_name: nullable(text),
  changed: { type: "array", items: text },
  request_id: nullable(text),
};

const refusalReason = { enum: [...REFUSAL_REASONS] };
const rejectionSample = {
  source: nullable(text),
  source_slug: nullable(text),
  reason: refusalReason,
  cause: nullable(text),
  at: instant,
  method: text,
  path: text,
  query: text,
  headers: { type: "array", items: { type: "array", items: text, minItems: 2, maxItems: 2 } },
  ip: nullable(text),
  body: text,
  body_encoding: { enum: ["utf8", "base64"] },
};

const percentiles = object({ p50: nullable(number), p95: nullable(number), p99: nullable(number) });
const figures = {
  accepted: number,
  rejected: nullable(number),
  duplicates: nullable(number),
  ignored: nullable(number),
  bytes_in: nullable(number),
  deliveries: number,
  delivered: number,
  attempts: number,
  failed_attempts: number,
  deferred: number,
  dead: number,
  cancelled: number,
  latency_ms: percentiles,
  attempt_ms: percentiles,
};

const schemas = (): Record<string, Json> => ({
  Source: kept(sourceSpecSchema, { url: text }),
  NewSource: optional(input(sourceSpecSchema)),
  Destination: kept(destinationSpecSchema, { paused: { type: "boolean" } }),
  NewDestination: optional(input(destinationSpecSchema), ["url"]),
  DestinationChange: optional(input(destinationSpecSchema)),
  Connection: kept(connectionSpecSchema, {
    source: text,
    source_slug: text,
    destination: text,
    destination_slug: text,
    paused: { type: "boolean" },
  }),
  NewConnection: optional(
    {
      ...input(connectionSpecSchema),
      properties: { source: text, destination: text, ...(input(connectionSpecSchema)["properties"] as Json) },
    },
    ["source", "destination"],
  ),
  ConnectionChange: optional(input(connectionSpecSchema)),
  Config: {
    ...object({
      version: { const: 1 },
      sources: records(item(sourceSpecSchema, ["slug"])),
      destinations: records(item(destinationSpecSchema, ["slug", "url"], { paused: { type: "boolean" } })),
      connections: records(
        item(connectionSpecSchema, ["slug", "source", "destination"], {
          source: text,
          destination: text,
          paused: { type: "boolean" },
        }),
      ),
    }),
    description:
      'Fields at their defaults are left out. Of a secret {"secret": "NAME"} names a secret of the Worker, {"write_only": true} keeps what is stored',
    additionalProperties: false,
  },
  ConfigPlan: object({
    dry_run: { type: "boolean" },
    summary: object({ create: number, update: number, delete: number, unchanged: number }),
    changes: {
      type: "array",
      items: object({
        action: { enum: ["create", "update", "delete", "unchanged"] },
        kind: { enum: ["source", "destination", "connection"] },
        slug: text,
        fields: {
          type: "array",
          items: object({ pointer: text, from: {}, to: {}, secret: { const: true } }),
        },
      }),
    },
    signing_secrets: {
      description: "Made for destinations that sign and brought no secret; shown in this answer only",
      type: "array",
      items: object({ destination: text, secrets: { type: "array", items: text } }),
    },
  }),
  NewEvent: optional(input(publishSchema)),
  CallbackSecrets: object({ secrets: { type: "array", items: text } }),
  Accepted: object({ id: text, status: { enum: ["accepted"] } }),
  Event: object(event),
  EventWithDeliveries: object({
    ...event,
    deliveries: { type: "array", items: ref("Delivery") },
    ignored_by: { type: "array", items: ref("Ignored") },
  }),
  Ignored: object({
    connection: nullable(text),
    reason: { enum: [...IGNORED_REASONS] },
    failed_clause: nullable(text),
  }),
  Delivery: object(delivery),
  DeliveryWithAttempts: object({ ...delivery, attempts: { type: "array", items: object(attempt) } }),
  Rejections: object({
    from: instant,
    to: instant,
    total: number,
    counts: {
      type: "array",
      items: object({ source: nullable(text), source_slug: nullable(text), reason: refusalReason, count: number }),
    },
    hours: { type: "array", items: object({ hour: instant, reason: refusalReason, count: number }) },
    samples: { type: "array", items: object(rejectionSample) },
  }),
  Stats: object({
    from: instant,
    to: instant,
    interval_seconds: number,
    group_by: { enum: [...GROUPS] },
    groups_left_out: number,
    series: {
      type: "array",
      items: object({
        source: nullable(text),
        source_slug: nullable(text),
        destination: nullable(text),
        destination_slug: nullable(text),
        totals: object(figures),
        points: { type: "array", items: object({ at: instant, ...figures }) },
      }),
    },
  }),
  Ledger: object({
    from: instant,
    to: instant,
    balanced: { type: "boolean" },
    data: {
      type: "array",
      items: object({
        hour: instant,
        source: nullable(text),
        source_slug: nullable(text),
        events: number,
        duplicates: number,
        ignored: number,
        matched: number,
        delivered: number,
        dead: number,
        cancelled: number,
        in_flight: number,
        replays: number,
        without_event: number,
        difference: number,
        balanced: { type: "boolean" },
        complete: { type: "boolean" },
      }),
    },
    differences: {
      type: "array",
      items: object({
        kind: { enum: ["missing_delivery", "surplus_delivery", "no_next_step", "event_missing"] },
        event: text,
        delivery: nullable(text),
        matched: nullable(number),
        found: nullable(number),
        hour: instant,
        source: nullable(text),
        source_slug: nullable(text),
      }),
    },
    differences_left_out: number,
    next_cursor: nullable(text),
  }),
  Queues: object({
    queues: {
      type: "array",
      items: object({
        name: text,
        backlog_count: nullable(number),
        backlog_bytes: nullable(number),
        oldest_message_at: nullable(instant),
      }),
    },
    database: object({ size_bytes: number, max_bytes: number }),
  }),
  FilterTest: input(filterTestSchema),
  TransformTest: input(transformTestSchema),
  TransformTestResult: object({
    method: nullable(text),
    url: nullable(text),
    path: nullable(text),
    query: nullable(text),
    headers: nullable({ type: "object", additionalProperties: text }),
    body: {},
    body_text: nullable(text),
    body_base64: nullable(text),
    error: nullable(text),
  }),
  FilterTestResult: object({ matched: { type: "boolean" }, failed_clause: nullable(text) }),
  Replay: object({ connection: text }),
  MasterKeys: object({
    current_key_id: nullable(text),
    data: { type: "array", items: object({ key_id: text, secrets: number }) },
  }),
  Rotation: optional({
    ...input(rotationSchema),
    properties: { secret: ref("Secret"), ...(input(rotationSchema)["properties"] as Json) },
  }),
  Health: object({
    destination: text,
    slug: text,
    paused: { type: "boolean" },
    lane: { enum: ["normal", "slow"] },
    circuit: { enum: ["closed", "open", "half_open", "unknown"] },
    circuit_reason: { enum: ["failures_in_a_row", "failure_rate", null] },
    circuit_opened_at: nullable(instant),
    circuit_open_until: nullable(instant),
    paused_until: nullable(instant),
    consecutive_failures: nullable(number),
    pace: object({
      rate_limit: nullable({ type: "object" }),
      max_concurrency: nullable(number),
      adaptive: { type: "boolean" },
      throttled: nullable({ type: "boolean" }),
      rate_per_second: nullable({ type: "number" }),
      tokens: nullable(number),
      in_use: nullable(number),
      next_free_at: nullable(instant),
    }),
    backlog: { type: "object", additionalProperties: number },
    oldest_waiting: nullable(object({ id: text, created_at: instant })),
    sampled_deliveries: number,
    success_rate: nullable({ type: "number" }),
    latency_ms: { type: "object" },
    last_error: nullable(text),
  }),
  LearnedSecret: object({ secret: text }),
  NewToken: optional(input(newTokenSchema), ["name", "scope"]),
  Token: object(token),
  TokenWithText: object({ ...token, token: text }),
  Principal: object({ id: text, name: text, scope: token.scope, expires_at: nullable(instant) }),
  AuditEntry: object(auditEntry),
  Secret: secretSchema(),
  Problem: object({
    type: text,
    title: text,
    status: number,
    detail: text,
    code: { enum: Object.keys(PROBLEMS) },
    request_id: text,
    errors: { type: "array", items: object({ pointer: text, detail: text }) },
  }),
});

interface Operation {
  readonly summary: string;
  readonly body?: string;
  readonly answer: readonly [status: number, schema: string | null];
  readonly list?: boolean;
  readonly query?: readonly string[];
  readonly headers?: readonly string[];
  readonly problems?: readonly ProblemCode[];
}

const crud = (plural: string, name: string, change: string): Record<string, Operation> => ({
  [`GET /${plural}`]: { summary: `List ${plural}, newest first`, answer: [200, name], list: true },
  [`POST /${plural}`]: {
    summary: `Create a ${name.toLowerCase()}`,
    body: `New${name}`,
    answer: [201, name],
    problems: ["invalid", "malformed_json", "slug_taken"],
  },
  [`GET /${plural}/{id}`]: {
    summary: `Read a ${name.toLowerCase()} by id or slug`,
    answer: [200, name],
    problems: ["not_found"],
  },
  [`PATCH /${plural}/{id}`]: {
    summary: `Change the fields given`,
    body: change,
    answer: [200, name],
    problems: ["invalid", "malformed_json", "not_found", "slug_taken", "conflict"],
  },
  [`DELETE /${plural}/{id}`]: {
    summary: `Delete a ${name.toLowerCase()}`,
    answer: [204, null],
    problems: ["not_found"],
  },
});
const pausable = (plural: string, name: string): Record<string, Operation> => ({
  [`POST /${plural}/{id}/pause`]: { summary: "Hold its deliveries", answer: [200, name], problems: ["not_found"] },
  [`POST /${plural}/{id}/resume`]: {
    summary: "Let its deliveries go again",
    answer: [200, name],
    problems: ["not_found"],
  },
});

/** Every operation under /api/v1. */
export const OPERATIONS: Record<string, Operation> = {
  ...crud("sources", "Source", "NewSource"),
  "POST /sources/{id}/learned-secret": {
    summary: "Say the token that came in the last handshake (Notion), for an hour after it came",
    answer: [200, "LearnedSecret"],
    problems: ["not_found"],
  },
  ...crud("destinations", "Destination", "DestinationChange"),
  ...pausable("destinations", "Destination"),
  "POST /destinations/{id}/test": {
    summary: "Send a small test event straight to it, past all connections",
    answer: [202, "Accepted"],
    problems: ["not_found", "unavailable", "idempotency_mismatch", "idempotency_in_flight"],
  },
  "POST /destinations/{id}/rotate-secret": {
    summary:
      "Sign with a new secret; the former ones sign along until their grace ends. A secret made here is shown once",
    body: "Rotation",
    answer: [200, "Destination"],
    problems: ["not_found", "invalid", "malformed_json", "conflict"],
  },
  "GET /master-keys": {
    summary: "Which master keys the stored secrets are sealed with: a former key without secrets may go",
    answer: [200, "MasterKeys"],
  },
  "GET /destinations/{id}/health": {
    summary: "Circuit, pace, backlog and latest results of a destination",
    answer: [200, "Health"],
    problems: ["not_found"],
  },
  ...crud("connections", "Connection", "ConnectionChange"),
  ...pausable("connections", "Connection"),
  "GET /config": {
    summary: "Export all sources, destinations and connections as one document",
    answer: [200, "Config"],
    problems: ["config_too_large"],
  },
  "PUT /config": {
    summary: "Apply a document, all of it or nothing; with dry_run=true only say what would change",
    body: "Config",
    answer: [200, "ConfigPlan"],
    query: ["dry_run", "prune"],
    headers: ["If-Match"],
    problems: ["invalid", "malformed_json", "body_too_large", "conflict", "precondition_failed", "config_too_large"],
  },
  "GET /events": {
    summary: "List events, newest first",
    answer: [200, "Event"],
    list: true,
    query: ["source", "from", "to", "status"],
  },
  "POST /events": {
    summary: "Publish an event to a source's connections or straight to destinations, now or later",
    body: "NewEvent",
    answer: [202, "Accepted"],
    problems: [
      "invalid",
      "malformed_json",
      "body_too_large",
      "unavailable",
      "idempotency_mismatch",
      "idempotency_in_flight",
    ],
  },
  "GET /callbacks/secret": {
    summary: "What callbacks are signed with (Standard Webhooks), the current secret first",
    answer: [200, "CallbackSecrets"],
  },
  "GET /events/{id}": {
    summary: "Read an event with its deliveries",
    answer: [200, "EventWithDeliveries"],
    problems: ["not_found"],
  },
  "GET /events/{id}/body": {
    summary: "The exact bytes of its body",
    answer: [200, null],
    problems: ["not_found", "event_not_recorded"],
  },
  "POST /events/{id}/replay": {
    summary: "Deliver an event again",
    body: "Replay",
    answer: [202, "Delivery"],
    list: true,
    problems: ["not_found", "invalid", "event_not_recorded"],
  },
  "GET /rejections": {
    summary: "Refused requests: counts by source, reason and hour, and the latest of each",
    answer: [200, "Rejections"],
    query: ["source", "from", "to"],
    problems: ["invalid"],
  },
  "GET /stats": {
    summary: "What happened when: a series of sums and latency percentiles, in all or by source or destination",
    answer: [200, "Stats"],
    query: ["from", "to", "interval", "group_by", "source", "destination"],
    problems: ["invalid"],
  },
  "GET /ledger": {
    summary: "The balance that must hold per hour and source, and the ids of what differs",
    answer: [200, "Ledger"],
    query: ["from", "to", "cursor"],
    problems: ["invalid"],
  },
  "GET /queues": {
    summary: "Backlog, bytes and oldest message of each queue; the size of the database",
    answer: [200, "Queues"],
  },
  "GET /deliveries": {
    summary: "List deliveries, newest first",
    answer: [200, "Delivery"],
    list: true,
    query: ["status", "destination", "source", "event", "from", "to"],
  },
  "GET /deliveries/{id}": {
    summary: "Read a delivery with its attempts",
    answer: [200, "DeliveryWithAttempts"],
    problems: ["not_found"],
  },
  "POST /filters/test": {
    summary: "Try a filter on a sample or on an event, and learn which clause fails",
    body: "FilterTest",
    answer: [200, "FilterTestResult"],
    problems: ["invalid", "malformed_json"],
  },
  "POST /transforms/test": {
    summary: "Try a transform on a sample or on an event: the request that would be sent, or the error",
    body: "TransformTest",
    answer: [200, "TransformTestResult"],
    problems: ["invalid", "malformed_json"],
  },
  "POST /deliveries/{id}/retry": {
    summary: "Attempt it now; a dead one comes back to life",
    answer: [202, "Delivery"],
    problems: ["not_found", "delivery_final", "delivery_in_flight"],
  },
  "POST /deliveries/{id}/cancel": {
    summary: "Never attempt it again",
    answer: [200, "Delivery"],
    problems: ["not_found", "delivery_final", "delivery_in_flight"],
  },
  "GET /tokens": {
    summary: "List the API's tokens, newest first, without their text",
    answer: [200, "Token"],
    list: true,
  },
  "POST /tokens": {
    summary: "Make a token. Its text is in this answer and nowhere else",
    body: "NewToken",
    answer: [201, "TokenWithText"],
    problems: ["invalid", "malformed_json"],
  },
  "GET /tokens/self": { summary: "Whom this request's token belongs to, and its scope", answer: [200, "Principal"] },
  "GET /tokens/{id}": { summary: "Read a token", answer: [200, "Token"], problems: ["not_found"] },
  "DELETE /tokens/{id}": {
    summary: "Revoke a token: it is refused from the next request on",
    answer: [204, null],
    problems: ["not_found"],
  },
  "GET /audit": {
    summary: "Who changed what, when, newest first",
    answer: [200, "AuditEntry"],
    list: true,
    query: ["actor", "kind", "resource", "from", "to"],
  },
};

const parameter = (name: string, where: "path" | "query" | "header", schema: Json = text): Json => ({
  name,
  in: where,
  required: where === "path",
  schema,
});

function describe(key: string, operation: Operation): Json {
  const [method = "", path = ""] = key.split(" ");
  const [status, schema] = operation.answer;
  const page = object({
    data: { type: "array", items: schema === null ? {} : ref(schema) },
    ...(method === "GET" ? { next_cursor: nullable(text) } : {}),
  });
  const content =
    schema === null
      ? status === 204
        ? {}
        : { content: { "application/octet-stream": {} } }
      : { content: { "application/json": { schema: operation.list === true ? page : ref(schema) } } };
  const codes: ProblemCode[] = [
    "unauthorized",
    "forbidden",
    "internal",
    "not_configured",
    ...(operation.problems ?? []),
    ...(operation.list === true && method === "GET" ? (["invalid"] as const) : []),
  ];
  const problems: Record<string, { readonly description: string; readonly content: Json }> = {};
  for (const code of codes) {
    const [number_, title] = PROBLEMS[code];
    const former = problems[number_]?.description;
    problems[number_] = {
      description: former === undefined ? title : `${former}; ${title}`,
      content: { "application/problem+json": { schema: ref("Problem") } },
    };
  }
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/[/{}]+(\w?)/g, (_match, letter: string) => letter.toUpperCase())}`,
    summary: operation.summary,
    description: `Takes a token of scope \`${scopeOf(method, path)}\`.`,
    parameters: [
      ...(path.includes("{id}") ? [parameter("id", "path")] : []),
      ...(operation.list === true && method === "GET"
        ? [
            parameter("limit", "query", { type: "integer", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
            parameter("cursor", "query"),
          ]
        : []),
      ...(operation.query ?? []).map((name) => parameter(name, "query")),
      ...(operation.headers ?? []).map((name) => parameter(name, "header")),
      ...(method === "POST" ? [parameter("Idempotency-Key", "header")] : []),
    ],
    ...(operation.body === undefined
      ? {}
      : { requestBody: { content: { "application/json": { schema: ref(operation.body) } } } }),
    responses: { [status]: { description: operation.summary, ...content }, ...problems },
  };
}

const INGEST_PROBLEMS = [
  "unknown_source",
  "method_not_allowed",
  "body_too_large",
  "head_too_large",
  "loop_detected",
  "verification_failed",
  "rate_limited",
  "backpressure",
  "unavailable",
] as const satisfies readonly ProblemCode[];

/** The whole document. @param origin scheme and host of this deployment */
export function openApiDocument(origin: string): Json {
  const paths: Record<string, Json> = {
    "/healthz": {
      get: { summary: "Says that the Worker runs", security: [], responses: { 200: { description: "It does" } } },
    },
    "/metrics": {
      get: {
        summary: "Counters, histograms and gauges for Prometheus",
        responses: {
          200: { description: "The text format 0.0.4", content: { "text/plain": { schema: text } } },
          401: {
            description: PROBLEMS.unauthorized[1],
            content: { "application/problem+json": { schema: ref("Problem") } },
          },
        },
      },
    },
    "/in/{slug}": {
      post: {
        summary: "Take a webhook in: any allowed method, any content type, with or without a sub-path",
        security: [],
        parameters: [parameter("slug", "path")],
        requestBody: { content: { "*/*": {} } },
        responses: {
          202: {
            description: "Durable; the header sluice-event-id and the body name the event",
            content: {
              "application/json": { schema: object({ id: text, status: text, duplicate: { type: "boolean" } }) },
            },
          },
          ...Object.fromEntries(
            INGEST_PROBLEMS.map((code) => [
              PROBLEMS[code][0],
              { description: PROBLEMS[code][1], content: { "application/problem+json": { schema: ref("Problem") } } },
            ]),
          ),
        },
      },
    },
  };
  for (const [key, operation] of Object.entries(OPERATIONS)) {
    const [method = "", path = ""] = key.split(" ");
    const full = `/api/v1${path}`;
    paths[full] = { ...paths[full], [method.toLowerCase()]: describe(key, operation) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Sluice", version: "1", description: "A webhook buffer on your own Cloudflare account." },
    servers: [{ url: origin }],
    security: [{ bearer: [] }],
    paths,
    components: { schemas: schemas(), securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
  };
}
