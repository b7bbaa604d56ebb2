// The contract of sources, destinations and connections.
import type { z } from "zod";
import { MAX_CONFIG_RECORDS } from "../../config/limits.ts";
import { connectionSpecSchema } from "../../model/connection.ts";
import { destinationSpecSchema } from "../../model/destination.ts";
import { sourceSpecSchema } from "../../model/source.ts";
import { rotationSchema } from "../signing-secrets.ts";
import { answerSchema, inputSchema as input, SECRET, secretSchema } from "./secrets.ts";
import type { Operation } from "./operation.ts";
import { flag, instant, nullable, number, object, optional, ref, text, type Json } from "./schema.ts";
import { chapter } from "./operation.ts";

const records = (items: Json): Json => ({ type: "array", maxItems: MAX_CONFIG_RECORDS, items });

const CONFIG_SECRET = "#/components/schemas/ConfigSecret";

/** A record of the configuration's document. */
const item = (spec: z.ZodType, required: readonly string[], extra: Record<string, Json> = {}): Json => {
  const json = JSON.parse(JSON.stringify(input(spec)).replaceAll(`${SECRET}"`, `${CONFIG_SECRET}"`)) as Json;
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

/** `state` comes where it is asked for. */
const withState = (json: Json): Json => ({
  ...json,
  properties: {
    ...(json["properties"] as Json),
    state: object({
      circuit: { enum: ["closed", "open", "half_open"] },
      circuit_open_until: nullable(instant),
      paused_until: nullable(instant),
      lane: { enum: ["normal", "slow"] },
      consecutive_failures: number,
      throttled: flag,
      rate_per_second: nullable(number),
    }),
  },
});

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

export const configuration = chapter({
  name: "Configuration",
  description: "Sources, destinations, and the connections between them.",
  schemas: () => ({
    Source: kept(sourceSpecSchema, { url: text }),
    NewSource: optional(input(sourceSpecSchema)),
    Destination: withState(kept(destinationSpecSchema, { paused: flag })),
    NewDestination: optional(input(destinationSpecSchema), ["url"]),
    DestinationChange: optional(input(destinationSpecSchema)),
    Connection: kept(connectionSpecSchema, {
      source: text,
      source_slug: text,
      destination: text,
      destination_slug: text,
      paused: flag,
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
      ...object(
        {
          version: { const: 1 },
          sources: records(item(sourceSpecSchema, ["slug"])),
          destinations: records(item(destinationSpecSchema, ["slug", "url"], { paused: flag })),
          connections: records(
            item(connectionSpecSchema, ["slug", "source", "destination"], {
              source: text,
              destination: text,
              paused: flag,
            }),
          ),
        },
        ["sources", "destinations", "connections"],
      ),
      description:
        'Fields at their defaults are left out. Of a secret {"secret": "NAME"} names a secret of the Worker, {"write_only": true} keeps what is stored',
    },
    ConfigPlan: object(
      {
        dry_run: flag,
        summary: object({ create: number, update: number, delete: number, unchanged: number }),
        changes: {
          type: "array",
          items: object({
            action: { enum: ["create", "update", "delete", "unchanged"] },
            kind: { enum: ["source", "destination", "connection"] },
            slug: text,
            fields: {
              type: "array",
              items: object({ pointer: text, from: {}, to: {}, secret: { const: true } }, ["from", "to", "secret"]),
            },
          }),
        },
        signing_secrets: {
          description: "Made for destinations that sign and brought no secret; shown in this answer only",
          type: "array",
          items: object({ destination: text, secrets: { type: "array", items: text } }),
        },
      },
      ["signing_secrets"],
    ),
    Rotation: optional({
      ...input(rotationSchema),
      properties: { secret: ref("Secret"), ...(input(rotationSchema)["properties"] as Json) },
    }),
    LearnedSecret: object({ secret: text }),
    Health: object({
      destination: text,
      slug: text,
      paused: flag,
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
        adaptive: flag,
        throttled: nullable(flag),
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
    Secret: secretSchema(),
    ConfigSecret: {
      anyOf: [ref("Secret"), object({ write_only: { const: true, description: "Keep what is stored" } })],
    },
  }),
  operations: {
    ...crud("sources", "Source", "NewSource"),
    "POST /sources/{id}/learned-secret": {
      summary: "Say the token that came in the last handshake (Notion), for an hour after it came",
      answer: [200, "LearnedSecret"],
      problems: ["not_found"],
    },
    ...crud("destinations", "Destination", "DestinationChange"),
    "GET /destinations": {
      summary: "List destinations, newest first; `expand=state` adds how each is doing",
      answer: [200, "Destination"],
      list: true,
      query: ["expand"],
      problems: ["invalid"],
    },
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
  },
});
