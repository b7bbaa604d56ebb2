// The outcome of a destination's latest deliveries. Pure.
import type { Delivery } from "../model/delivery.ts";
import type { Named } from "./openapi/client-types.ts";

const percentile = (sorted: readonly number[], share: number): number | null =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;

/**
 * Over the deliveries given: share of attempts that succeeded, latency of attempts in milliseconds, the last error. Attempts may be missing in lists, so
 * they are counted by the deliveries' own figures: each delivered one has one that succeeded.
 */
export function summarize(
  deliveries: readonly Delivery[],
): Pick<Named<"Health">, "sampled_deliveries" | "success_rate" | "latency_ms" | "last_error"> {
  const attempts = deliveries.flatMap((delivery) => delivery.attempts);
  const durations = attempts.map((attempt) => attempt.duration_ms).sort((a, b) => a - b);
  const made = deliveries.reduce((sum, { attempts_made }) => sum + attempts_made, 0);
  const succeeded = deliveries.filter(
    ({ status, attempts_made }) => status === "delivered" && attempts_made > 0,
  ).length;
  return {
    sampled_deliveries: deliveries.length,
    success_rate: made === 0 ? null : succeeded / made,
    latency_ms: { p50: percentile(durations, 0.5), p95: percentile(durations, 0.95), p99: percentile(durations, 0.99) },
    last_error: deliveries.find((delivery) => delivery.last_error !== null)?.last_error ?? null,
  };
}
