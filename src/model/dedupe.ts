// What makes two requests to a source duplicates: an equal key within a window.
import * as z from "zod";
import { MAX_DEDUPE_WINDOW_SECONDS } from "../config/limits.ts";
import { isJsonPath } from "../kernel/json-path.ts";
import type { EventId } from "./ids.ts";

const HEADER_KEY = /^header:[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

export const dedupeSchema = z.strictObject({
  key: z
    .string()
    .max(512)
    .refine(
      (key) =>
        key === "body_hash" ||
        HEADER_KEY.test(key) ||
        (key.startsWith("body:") && isJsonPath(key.slice("body:".length))),
      "must be header:NAME, body:PATH (such as body:data.id or body:items[0].id) or body_hash",
    )
    .describe("`header:NAME`, `body:PATH` of a JSON body, or `body_hash`"),
  window_seconds: z.int().min(1).max(MAX_DEDUPE_WINDOW_SECONDS),
});
export type DedupeSpec = z.infer<typeof dedupeSchema>;

/** An event's key, as it travels with it. */
export interface DedupeKey {
  /** SHA-256 of the key's value, base64url: bounded, and reveals nothing of the request. */
  readonly key: string;
  readonly window_ms: number;
}

/** An event's claim to be the first with its key. */
export interface DedupeClaim {
  readonly key: string;
  readonly event_id: EventId;
  /** When the event came in. Milliseconds since the epoch. */
  readonly at: number;
}
