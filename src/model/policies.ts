// The policies that a destination is configured with: pace, retries, circuit, batching.
import * as z from "zod";
import {
  DEFAULT_BATCH_BYTES,
  DEFAULT_BATCH_EVENTS,
  DEFAULT_BATCH_WAIT_SECONDS,
  MAX_BATCH_BYTES,
  MAX_BATCH_EVENTS,
  MAX_BATCH_WAIT_SECONDS,
  MAX_RETRY_DELAY_SECONDS,
  DEFAULT_MAX_AGE_SECONDS,
  MAX_AGE_SECONDS,
  MAX_ATTEMPTS,
} from "../config/limits.ts";

/** At most `burst` at once, then `limit` per period. `burst` defaults to one second's worth, at least 1. */
export const rateLimitSchema = z.strictObject({
  limit: z.int().min(1).max(1_000_000),
  period_seconds: z.number().positive().max(86_400).default(1).describe("`limit` counts requests per period"),
  burst: z.int().min(1).max(1_000_000).optional().describe("Requests at once. Default: one second's worth, at least 1"),
});
export type RateLimit = z.infer<typeof rateLimitSchema>;

const delaySchema = z.number().min(0).max(MAX_RETRY_DELAY_SECONDS);

/** A code (`404`), a class (`5xx`), a comparison (`>=400`), any of them negated (`!401`), or `network`, `timeout`. */
const retryRuleSchema = z
  .string()
  .regex(/^!?(\d{3}|[1-5]xx|(>=|<=|>|<)\d{3}|\d{3}-\d{3}|network|timeout)$/, "is not a status rule");

const common = {
  max_age_seconds: z
    .int()
    .min(1)
    .max(MAX_AGE_SECONDS)
    .default(DEFAULT_MAX_AGE_SECONDS)
    .describe("A delivery older than this is dead, even with attempts left"),
  on: z
    .array(retryRuleSchema)
    .min(1)
    .max(32)
    .optional()
    .describe(
      "What is retried: `404`, `5xx`, `>=400`, `500-599`, `network`, `timeout`; `!` excludes. Everything else is dead at once",
    ),
};

/** Seconds between attempts: 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 3 h, 6 h, 12 h, 24 h. */
export const DEFAULT_SCHEDULE_SECONDS = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400];

const scheduleSchema = z.strictObject({
  schedule_seconds: z
    .array(delaySchema)
    .max(MAX_ATTEMPTS - 1)
    .default(DEFAULT_SCHEDULE_SECONDS)
    .describe("Waits between attempts"),
  max_attempts: z.int().min(1).max(MAX_ATTEMPTS).optional(),
  ...common,
});

const strategySchema = z.strictObject({
  strategy: z.enum(["exponential", "linear"]),
  base_seconds: delaySchema.default(5),
  cap_seconds: delaySchema.default(MAX_RETRY_DELAY_SECONDS),
  max_attempts: z.int().min(1).max(MAX_ATTEMPTS).default(11),
  ...common,
});

export const retrySchema = z.union([strategySchema, scheduleSchema]);
export type RetryPolicy = z.infer<typeof retrySchema>;

/**
 * Opens after `failure_threshold` failures in a row, or when at least `failure_rate` of the sends within the window failed (of at least
 * `min_requests`). Each opening in a row lasts `open_factor` times as long as the one before, up to `max_open_seconds`.
 */
export const circuitSchema = z.strictObject({
  failure_threshold: z.int().min(1).max(10_000).default(20),
  failure_rate: z.number().gt(0).max(1).nullable().default(null).describe("Null: only failures in a row count"),
  window_seconds: z.number().min(1).max(3_600).default(60),
  min_requests: z.int().min(1).max(10_000).default(20),
  open_seconds: z.number().min(1).max(3_600).default(10),
  open_factor: z.number().min(1).max(10).default(2),
  max_open_seconds: z.number().min(1).max(86_400).default(600),
});
export type CircuitPolicy = z.infer<typeof circuitSchema>;

/** How events are combined into one request. It is sent when it reaches one of the two sizes, or when its first event has waited. */
export const batchSchema = z.strictObject({
  max_events: z.int().min(1).max(MAX_BATCH_EVENTS).default(DEFAULT_BATCH_EVENTS),
  max_bytes: z
    .int()
    .min(1_024)
    .max(MAX_BATCH_BYTES)
    .default(DEFAULT_BATCH_BYTES)
    .describe("Size of the request's body"),
  max_wait_seconds: z.number().min(0).max(MAX_BATCH_WAIT_SECONDS).default(DEFAULT_BATCH_WAIT_SECONDS),
  format: z.enum(["json_array", "ndjson"]).default("json_array"),
});
export type BatchPolicy = z.infer<typeof batchSchema>;
