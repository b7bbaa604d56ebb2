// A connection: which events of a source go to which destination.
import * as z from "zod";
import { MAX_DELAY_SECONDS } from "../config/limits.ts";
import type { ConnectionId, DestinationId, SourceId } from "./ids.ts";
import { jsonObjectSchema, nameSchema, slugSchema } from "./names.ts";
import { transformSchema } from "./transform.ts";

export const callbackUrlSchema = z.string().max(2_048);

export const missingMatchesNotSchema = z
  .boolean()
  .default(true)
  .describe("Whether `$not` of a field is met where the field is missing. False as in Hookdeck's matcher");

export const connectionSpecSchema = z.strictObject({
  name: nameSchema,
  slug: slugSchema,
  filter: jsonObjectSchema
    .nullable()
    .default(null)
    .describe("In Hookdeck's grammar: parts `headers`, `body`, `query`, `path`. Null: every event"),
  missing_matches_not: missingMatchesNotSchema,
  transform: transformSchema
    .nullable()
    .default(null)
    .describe("How the request is changed; null forwards it as it came in"),
  delay_seconds: z
    .int()
    .min(0)
    .max(MAX_DELAY_SECONDS)
    .default(0)
    .describe("How long each event waits before its first attempt"),
  enabled: z.boolean().default(true).describe("Events that come in while it is false are not delivered later either"),
  callback_url: callbackUrlSchema
    .nullable()
    .default(null)
    .describe("Receives a callback for each delivery that succeeds, unless the event names a URL itself"),
  failure_callback_url: callbackUrlSchema
    .nullable()
    .default(null)
    .describe("The same for each delivery that ends dead"),
});

export type ConnectionSpec = z.infer<typeof connectionSpecSchema>;

export interface Connection extends ConnectionSpec {
  readonly id: ConnectionId;
  readonly source_id: SourceId;
  readonly destination_id: DestinationId;
  readonly paused: boolean;
}
