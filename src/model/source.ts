// A source: a public ingest endpoint `/in/{slug}`, as configured.
import * as z from "zod";
import { MAX_BODY_BYTES, DEFAULT_MAX_BODY_BYTES } from "../config/limits.ts";
import type { SourceId } from "./ids.ts";
import { dedupeSchema } from "./dedupe.ts";
import { eventTypeSchema } from "./event-type.ts";
import { rateLimitSchema } from "./policies.ts";
import { slugSchema, nameSchema } from "./names.ts";
import { responseSchema } from "./response.ts";
import { verificationSchema } from "./verification.ts";

export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

export const sourceSpecSchema = z.strictObject({
  name: nameSchema,
  slug: slugSchema,
  enabled: z.boolean().default(true).describe("When false, senders get 404"),
  verification: verificationSchema.prefault({ type: "none" }),
  allowed_methods: z.array(z.enum(METHODS)).min(1).max(METHODS.length).default(["POST", "PUT", "PATCH", "DELETE"]),
  max_body_bytes: z.int().min(0).max(MAX_BODY_BYTES).default(DEFAULT_MAX_BODY_BYTES).describe("Larger ones get 413"),
  dedupe: dedupeSchema.nullable().default(null).describe("Null: no detection of duplicates"),
  event_type: eventTypeSchema
    .nullable()
    .default(null)
    .describe("Where to find the type of an event. Null: where the provider puts it; see `docs/verification.md`"),
  rate_limit: rateLimitSchema
    .nullable()
    .default(null)
    .describe("Requests that it accepts, counted over the whole deployment. Null: no limit"),
  forward_credentials: z
    .boolean()
    .default(false)
    .describe(
      "Whether the credential that the verification checks (token, API key, basic or bearer authorization) is stored and sent on to destinations. It is masked in every view",
    ),
  response: responseSchema
    .nullable()
    .default(null)
    .describe("The response to the sender. Null: 202 and the event's id"),
});

export type SourceSpec = z.infer<typeof sourceSpecSchema>;

export interface Source extends SourceSpec {
  readonly id: SourceId;
}
