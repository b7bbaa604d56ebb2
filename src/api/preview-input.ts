// The input of a connection's preview.
import * as z from "zod";
import { MAX_PREVIEW_EVENTS } from "../config/record-limits.ts";
import { jsonObjectSchema, nameSchema } from "../model/names.ts";
import { rateLimitSchema } from "../model/policies.ts";
import { transformSchema } from "../model/transform.ts";
import { instantSchema } from "./query.ts";

export const previewSchema = z.strictObject({
  filter: jsonObjectSchema.nullable().optional().describe("Null: every event. Not given: as it is now"),
  missing_matches_not: z.boolean().optional(),
  transform: transformSchema.nullable().optional().describe("Null: unchanged. Not given: as it is now"),
  rate_limit: rateLimitSchema.nullable().optional().describe("A pace for the destination. Null: none"),
  events: z.int().min(1).max(MAX_PREVIEW_EVENTS).default(100).describe("How many of the source's latest events"),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
});

/** Of a connection that is not made yet. */
export const newPreviewSchema = previewSchema.extend({
  source: nameSchema.describe("Id or slug of the source whose events are tried"),
  destination: nameSchema.optional().describe("Id or slug of the destination: its headers, and its backlog"),
});

export type PreviewInput = z.output<typeof previewSchema>;

/** What becomes of an event by the new filter and transform. */
export const PREVIEW_OUTCOMES = ["same", "changed", "now_matches", "no_longer_matches", "failed"] as const;
