// Cloudflare's list prices for Workers Paid, beyond what is included. https://developers.cloudflare.com/workers/platform/pricing/ and the
// products' own pages.
import type { Meter } from "../meter.ts";

/** Dollars per million. */
const PRICES: Readonly<Record<keyof Meter, number>> = {
  requests: 0.3,
  queue_writes: 0.4,
  queue_reads: 0.4,
  queue_deletes: 0.4,
  d1_rows_read: 0.001,
  d1_rows_written: 1,
  d1_calls: 0,
  object_requests: 0.15,
  object_rows_written: 1,
  kv_reads: 0.5,
  kv_writes: 5,
  r2_writes: 4.5,
  r2_reads: 0.36,
  log_lines: 0.6,
};

/** Dollars per GB and month. */
const STORAGE = { d1: 0.75, r2: 0.015 };
const RETENTION_MONTHS = 14 / 30;

/** Dollars per million webhooks. @param counted per webhook */
export const priceOf = (counted: Meter): number =>
  Object.entries(counted).reduce((sum, [unit, count]) => sum + count * PRICES[unit as keyof Meter], 0);

/** Dollars per million webhooks that are kept for 14 days. @param bytes per webhook */
export const storagePrice = (bytes: { readonly d1: number; readonly r2: number }): number =>
  ((bytes.d1 * STORAGE.d1 + bytes.r2 * STORAGE.r2) * RETENTION_MONTHS) / 1_000;
