// The outcome of a destination's latest deliveries. Pure.
import { toInstant } from "../kernel/clock.ts";
import type { Attempt, Delivery } from "../model/delivery.ts";
import type { RecentAttempts } from "../model/health.ts";
import type { Named } from "./openapi/client-types.ts";

const percentile = (sorted: readonly number[], share: number): number | null =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;

const SHOWN_RESPONSES = 10;
const SHOWN_ATTEMPTS = 20;

type Summary = Pick<
  Named<"Health">,
  "sampled_deliveries" | "success_rate" | "latency_ms" | "last_error" | "responses" | "recent_attempts"
>;

/** HTTP status, or the error of an attempt without a response. */
const responseOf = ({ response_status, error }: Attempt): string =>
  response_status === null ? (error ?? "confirmed") : String(response_status);

function countResponses(attempts: readonly Attempt[]): Summary["responses"] {
  const counts = Map.groupBy(attempts, responseOf);
  return [...counts]
    .map(([response, { length: count }]) => ({ response, count }))
    .sort((a, b) => b.count - a.count || (a.response < b.response ? -1 : 1))
    .slice(0, SHOWN_RESPONSES);
}

const latestAttempts = (deliveries: readonly Delivery[]): Summary["recent_attempts"] =>
  deliveries
    .flatMap(({ id, event_id, attempts }) => attempts.map((attempt) => ({ id, event_id, attempt })))
    .sort((a, b) => b.attempt.started_at - a.attempt.started_at)
    .slice(0, SHOWN_ATTEMPTS)
    .map(({ id, event_id, attempt: { number, started_at, duration_ms, response_status, error } }) => ({
      event: event_id,
      delivery: id,
      number,
      started_at: toInstant(started_at),
      duration_ms,
      response_status,
      error,
    }));

/**
 * Over the deliveries given: share of attempts that succeeded, latency of attempts in milliseconds, the last error. Attempts may be missing, so
 * they are counted by the deliveries' own figures: each delivered one has one that succeeded.
 * @param recent what its health is judged by: with attempts there, the share is theirs
 */
export function summarize(deliveries: readonly Delivery[], recent: RecentAttempts): Summary {
  const attempts = deliveries.flatMap((delivery) => delivery.attempts);
  const durations = attempts.map((attempt) => attempt.duration_ms).sort((a, b) => a - b);
  const made = deliveries.reduce((sum, { attempts_made }) => sum + attempts_made, 0);
  const succeeded = deliveries.filter(
    ({ status, attempts_made }) => status === "delivered" && attempts_made > 0,
  ).length;
  const latest = latestAttempts(deliveries);
  return {
    sampled_deliveries: deliveries.length,
    success_rate: recent.attempts > 0 ? 1 - recent.failed / recent.attempts : made === 0 ? null : succeeded / made,
    latency_ms: { p50: percentile(durations, 0.5), p95: percentile(durations, 0.95), p99: percentile(durations, 0.99) },
    last_error:
      deliveries.find((delivery) => delivery.last_error !== null)?.last_error ??
      latest.find(({ error }) => error !== null)?.error ??
      null,
    responses: countResponses(attempts),
    recent_attempts: latest,
  };
}
