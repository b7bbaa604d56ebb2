// The input of `POST /events`, and the parts of the event that follow from it alone.
import * as z from "zod";
import { MAX_DELAY_SECONDS, MAX_HEAD_BYTES } from "../config/limits.ts";
import { fromBase64, utf8, type Bytes } from "../kernel/bytes.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { rawMember } from "../kernel/json-member.ts";
import type { HeaderList } from "../model/event.ts";
import { callbackUrlSchema } from "../model/connection.ts";
import { headerMapSchema } from "../model/names.ts";
import { METHODS } from "../model/source.ts";
import { invalid } from "../model/problem.ts";

const MAX_DESTINATIONS = 20;

export const publishSchema = z
  .strictObject({
    source: z.string().optional(),
    destinations: z.array(z.string()).min(1).max(MAX_DESTINATIONS).optional(),
    body: z.unknown().optional(),
    body_base64: z.string().optional(),
    headers: headerMapSchema.default({}),
    method: z.enum(METHODS).default("POST"),
    path: z
      .string()
      .regex(/^(\/[!-~]*)?$/, "must be empty or begin with / and be percent-encoded")
      .refine((path) => !/[?#]/.test(path), "must not contain ? or #")
      .default(""),
    query: z
      .string()
      .regex(/^[!-~]*$/, "must be percent-encoded")
      .refine((query) => !query.includes("#"), "must not hold #")
      .default(""),
    deliver_at: z.iso.datetime({ offset: true }).optional(),
    delay_seconds: z.int().min(0).max(MAX_DELAY_SECONDS).optional(),
    callback_url: callbackUrlSchema.optional(),
    failure_callback_url: callbackUrlSchema.optional(),
  })
  .superRefine((input, context) => {
    const wrong = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    if (input.source === undefined && input.destinations === undefined)
      wrong("source", "is required (or destinations)");
    if (input.source !== undefined && input.destinations !== undefined) wrong("destinations", "cannot go with source");
    if ("body" in input && input.body !== undefined && input.body_base64 !== undefined)
      wrong("body_base64", "cannot go with body");
    if (input.deliver_at !== undefined && input.delay_seconds !== undefined)
      wrong("delay_seconds", "cannot go with deliver_at");
    const head = Object.entries(input.headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    if (head + input.path.length + input.query.length > MAX_HEAD_BYTES)
      wrong("headers", `must not exceed ${MAX_HEAD_BYTES} bytes together with path and query`);
  });

export type PublishInput = z.output<typeof publishSchema>;

/** The bytes to send, and their content type unless the headers give one. */
export function publishedBody(input: PublishInput, json: string): { bytes: Bytes; contentType: string | null } {
  if (input.body_base64 !== undefined) {
    const bytes = fromBase64(input.body_base64);
    if (bytes === null) throw invalid("/body_base64", "is not base64");
    return { bytes, contentType: "application/octet-stream" };
  }
  if (input.body === undefined) return { bytes: new Uint8Array(), contentType: null };
  if (typeof input.body === "string") {
    if (!input.body.isWellFormed())
      throw invalid("/body", "contains half of a surrogate pair, which UTF-8 cannot encode");
    return { bytes: utf8(input.body), contentType: "text/plain; charset=utf-8" };
  }
  return { bytes: utf8(rawMember(json, "body") ?? "null"), contentType: "application/json" };
}

export function publishedHeaders({ headers }: PublishInput, contentType: string | null): HeaderList {
  const given = Object.entries(headers);
  return contentType === null || given.some(([name]) => name.toLowerCase() === "content-type")
    ? given
    : [...given, ["content-type", contentType]];
}

/** When its deliveries may begin; null for now. An instant in the past is now. Milliseconds since the epoch. */
export function deliverAt(input: PublishInput, now: number): number | null {
  if (input.delay_seconds !== undefined)
    return input.delay_seconds === 0 ? null : now + input.delay_seconds * SECOND_MS;
  if (input.deliver_at === undefined) return null;
  const at = Date.parse(input.deliver_at);
  if (at > now + MAX_DELAY_SECONDS * SECOND_MS)
    throw invalid("/deliver_at", `is more than ${MAX_DELAY_SECONDS / 86_400} days ahead`);
  return at <= now ? null : at;
}
