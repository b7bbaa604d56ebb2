// A connection: which events of a source go to which destination.
import { z } from "zod";
import { MAX_DELAY_SECONDS } from "../config/limits.ts";
import type { ConnectionId, DestinationId, SourceId } from "./ids.ts";
import { jsonObjectSchema, nameSchema, slugSchema } from "./names.ts";
import { transformSchema } from "./transform.ts";

export const callbackUrlSchema = z.string().max(2_048);

export const connectionSpecSchema = z.strictObject({
  name: nameSchema,
  slug: slugSchema,
  /** In the grammar of docs/filters.md, which routing/filter-compile.ts checks; null lets everything through. */
  filter: jsonObjectSchema.nullable().default(null),
  /** How the request is changed on its way (docs/transforms.md); null leaves it as it came in. */
  transform: transformSchema.nullable().default(null),
  delay_seconds: z.int().min(0).max(MAX_DELAY_SECONDS).default(0),
  enabled: z.boolean().default(true),
  /** Where word of each delivery's success and final failure goes, unless the event names a place itself. */
  callback_url: callbackUrlSchema.nullable().default(null),
  failure_callback_url: callbackUrlSchema.nullable().default(null),
});

export type ConnectionSpec = z.infer<typeof connectionSpecSchema>;

export interface Connection extends ConnectionSpec {
  readonly id: ConnectionId;
  readonly source_id: SourceId;
  readonly destination_id: DestinationId;
  readonly paused: boolean;
}
