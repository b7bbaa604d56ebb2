// A destination: an external API and the limits for requests to it, as configured.
import { z } from "zod";
import { DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS } from "../config/limits.ts";
import { authSchema, signingSchema } from "./destination-auth.ts";
import type { DestinationId } from "./ids.ts";
import { headerMapSchema, nameSchema, slugSchema } from "./names.ts";
import { batchSchema, circuitSchema, rateLimitSchema, retrySchema } from "./policies.ts";
import { METHODS } from "./source.ts";

const fieldsSchema = z.strictObject({
  name: nameSchema,
  slug: slugSchema,
  url: z.string().max(2_048),
  method: z.enum(METHODS).nullable().default(null).describe("Null forwards the method as received"),
  headers: headerMapSchema
    .default({})
    .describe("Sent with every request; may contain variables such as `{{event.id}}`"),
  auth: authSchema.default({ type: "none" }),
  signing: signingSchema.default({ type: "none" }),
  rate_limit: rateLimitSchema.nullable().default(null).describe("Null: no limit"),
  max_concurrency: z.int().min(1).max(1_000).nullable().default(null).describe("Concurrent requests"),
  adaptive: z.boolean().default(true).describe("Whether the pace drops after a 429 or 503 and recovers by itself"),
  timeout_ms: z.int().min(100).max(MAX_TIMEOUT_MS).default(DEFAULT_TIMEOUT_MS).describe("For the whole response"),
  retry: retrySchema.prefault({}),
  circuit: circuitSchema
    .nullable()
    .prefault({})
    .describe("Stops sending for a while after too many failures. Null: never"),
  batch: batchSchema.nullable().default(null).describe("Null: each event in a request of its own"),
  path_forwarding: z
    .boolean()
    .default(true)
    .describe("Whether the sub-path after the source's address is appended to the URL"),
});

export const destinationSpecSchema = fieldsSchema.refine(
  ({ batch, method }) => batch === null || (method !== "GET" && method !== "HEAD"),
  { path: ["batch"], error: "needs a method with a body" },
);

export type DestinationSpec = z.infer<typeof destinationSpecSchema>;

export interface Destination extends DestinationSpec {
  readonly id: DestinationId;
  readonly paused: boolean;
}
