// The contract of the configuration as one document.
import type * as z from "zod";
import { MAX_CONFIG_RECORDS } from "../../config/limits.ts";
import { connectionSpecSchema } from "../../model/connection.ts";
import { SPEC_OF_TYPE } from "../../model/destination.ts";
import { sourceSpecSchema } from "../../model/source.ts";
import { configSchema } from "./derived.ts";
import { chapter } from "./operation.ts";
import { taking } from "./parameters.ts";
import {
  anything,
  flag,
  list,
  number,
  object,
  oneOf,
  propertiesOf,
  say,
  text,
  type Json,
  type Schema,
} from "./schema.ts";

type Item = Readonly<Record<string, unknown>> & { readonly slug: string };

/** One record. */
const record = (spec: z.ZodType, required: readonly string[], extra: Json = {}): Json => {
  const json = configSchema(spec);
  return { ...json, properties: { ...extra, ...propertiesOf(json) }, required };
};

/** Records of one kind. */
const records = (items: Json): Schema<readonly Item[]> => ({ type: "array", maxItems: MAX_CONFIG_RECORDS, items });

const destination = (type: keyof typeof SPEC_OF_TYPE, ...required: readonly string[]): Json =>
  record(SPEC_OF_TYPE[type], ["slug", ...required], { paused: flag });

const field = object({ pointer: text, from: anything, to: anything, secret: oneOf([true]) }, ["from", "to", "secret"]);

const lists = () => ({
  version: oneOf([1]),
  sources: records(record(sourceSpecSchema, ["slug"])),
  destinations: records({
    oneOf: [
      destination("http", "url"),
      destination("rabbitmq", "type", "url", "auth", "exchange", "routing_key"),
      destination("redis_stream", "type", "url", "stream"),
      destination("kafka", "type", "brokers", "topic"),
      destination("sqs", "type", "url", "auth"),
      destination("cloudflare_queue", "type"),
      destination("listener", "type"),
      destination("mock", "type"),
    ],
  }),
  connections: records(
    record(connectionSpecSchema, ["slug", "source", "destination"], {
      source: text,
      destination: text,
      paused: flag,
    }),
  ),
});

const EXAMPLE = {
  version: 1,
  sources: [{ slug: "shop", verification: { type: "stripe", secrets: [{ secret: "STRIPE_WHSEC" }] } }],
  destinations: [
    {
      slug: "orders",
      url: "https://api.example.com/orders",
      auth: { type: "bearer", token: { write_only: true } },
      rate_limit: { limit: 10 },
    },
  ],
  connections: [{ slug: "shop-orders", source: "shop", destination: "orders" }],
} as const;

export const configDocument = chapter({
  name: "Configuration as a document",
  description: "All sources, destinations and connections at once: exported, compared, applied.",
  schemas: () => ({
    Config: say(object(lists()), "Fields at their defaults are left out"),
    ConfigInput: say(
      object(lists(), ["version", "sources", "destinations", "connections"]),
      'In place of a secret, {"secret": "NAME"} names a secret of the Worker and {"write_only": true} keeps the stored one. A list that is left out leaves all records of its kind alone',
    ),
    ConfigPlan: object(
      {
        dry_run: flag,
        summary: object({ create: number, update: number, delete: number, unchanged: number }),
        changes: list(
          object({
            action: oneOf(["create", "update", "delete", "unchanged"]),
            kind: oneOf(["source", "destination", "connection"]),
            slug: text,
            fields: list(field),
          }),
        ),
        signing_secrets: say(
          list(object({ destination: text, secrets: list(text) })),
          "Made for destinations that sign and were given no secret; only in this answer",
        ),
        signing_secrets_withheld: say(
          list(text),
          "In place of `signing_secrets` for a token below `admin`: the slugs of the destinations for which Sluice made a secret. An admin gets one with `POST /destinations/{id}/rotate-secret`",
        ),
      },
      ["signing_secrets", "signing_secrets_withheld"],
    ),
  }),
  examples: {
    Config: EXAMPLE,
    ConfigInput: EXAMPLE,
    ConfigPlan: {
      dry_run: true,
      summary: { create: 1, update: 1, delete: 0, unchanged: 1 },
      changes: [
        { action: "unchanged", kind: "source", slug: "shop", fields: [] },
        {
          action: "update",
          kind: "destination",
          slug: "orders",
          fields: [{ pointer: "/rate_limit/limit", from: 10, to: 20 }],
        },
        {
          action: "create",
          kind: "connection",
          slug: "shop-orders",
          fields: [
            { pointer: "/source", to: "shop" },
            { pointer: "/destination", to: "orders" },
          ],
        },
      ],
    },
  },
  operations: {
    "GET /config": {
      id: "exportConfig",
      summary: "Export all sources, destinations and connections as one document",
      answer: [200, "Config"],
      answerHeaders: ["etag"],
      problems: ["config_too_large"],
    },
    "PUT /config": {
      id: "applyConfig",
      summary: "Apply a document, all of it or nothing; or only plan the changes",
      description:
        "Records that the document does not name are kept, unless `prune` is set. The body may have up to 8 MiB.",
      body: "ConfigInput",
      answer: [200, "ConfigPlan"],
      answerHeaders: ["etag"],
      query: {
        dry_run: taking(flag, "Only plan the changes", true),
        prune: taking(flag, "Delete records that a list of the document does not name", false),
      },
      headers: { "If-Match": taking(text, "The `etag` of the configuration that the plan was made for", '"0f3a"') },
      problems: ["conflict", "precondition_failed", "config_too_large"],
    },
  },
});
