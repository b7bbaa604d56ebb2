// Decides what follows from the outcome of an attempt. Pure.
import { OVERLOAD_BACKOFF_MS } from "../../config/limits.ts";
import { SECOND_MS } from "../../kernel/durations.ts";
import type { Random } from "../../kernel/random.ts";
import type { DeadReason, ErrorCode } from "../../model/delivery.ts";
import type { RetryPolicy } from "../../model/policies.ts";
import { isNever, rateLimitReset, retryAfter } from "./retry-after.ts";
import type { Decision } from "../types.ts";
import type { Outcome } from "../../outbound/index.ts";

export interface RetryState {
  /** Includes the attempt that is being decided. */
  readonly attemptsMade: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly ageCreditMs: number;
  readonly now: number;
}

/** Failures that a further attempt cannot change, and the reason the delivery ends with. */
const HOPELESS: Partial<Record<ErrorCode, DeadReason>> = {
  loop: "not_retryable",
  too_large: "not_retryable",
  body_missing: "unprocessable",
};

/** The response table of the HTTP contract. */
export function decide(outcome: Outcome, policy: RetryPolicy, standing: RetryState, random: Random): Decision {
  const { status, error } = outcome;
  const headers = outcome.headers ?? {};
  const instruction = headers["webhook-delivery"]?.trim().toLowerCase();
  // A broker's confirmation has no status.
  if (error === null && (status === null || (status >= 200 && status < 300)))
    return { kind: "delivered", disableConnection: instruction === "disable" };
  const pauseUntil = pausedUntil(outcome, standing.now);
  const dead = (reason: DeadReason, disableConnection = false): Decision => ({
    kind: "dead",
    reason,
    disableConnection,
    pauseUntil,
  });
  if (status === 410) return dead("gone", true);
  if (instruction === "disable") return dead("aborted_by_receiver", true);
  if (instruction === "abort-message" || status === 489 || isNever(headers["retry-after"]))
    return dead("aborted_by_receiver");
  const hopeless = error === null ? undefined : HOPELESS[error];
  if (hopeless !== undefined) return dead(hopeless);
  if (!retryable(outcome, policy.on)) return dead("not_retryable");
  const scheduledMs = delayAfter(policy, standing.attemptsMade);
  if (scheduledMs === null) return dead("attempts_exhausted");
  const named = pauseUntil ?? retryAfter(headers["retry-after"], standing.now);
  // Jitter: up to a tenth longer, never shorter than scheduled.
  const waitMs =
    named === null
      ? Math.max(scheduledMs, error === "timeout" || status === 429 ? OVERLOAD_BACKOFF_MS : 0) * (1 + 0.1 * random())
      : retryAfterWait(named - standing.now, scheduledMs, standing.attemptsMade);
  const at = Math.ceil(standing.now + waitMs);
  if (at - standing.createdAt > policy.max_age_seconds * SECOND_MS + standing.ageCreditMs) return dead("age_exceeded");
  return { kind: "retry", at, pauseUntil };
}

/** Until when the whole destination should wait; null where it says nothing of the kind. */
function pausedUntil({ status, pauseMs, headers }: Outcome, now: number): number | null {
  if (pauseMs !== undefined) return now + pauseMs;
  if (status !== 429 && status !== 503) return null;
  return retryAfter(headers?.["retry-after"], now) ?? rateLimitReset(headers ?? {}, now);
}

/**
 * The receiver's time takes precedence over the schedule. A receiver that always names a short time would use up a delivery's attempts
 * within seconds, so the wait doubles each time, up to the scheduled delay.
 */
const retryAfterWait = (namedMs: number, scheduledMs: number, attemptsMade: number): number =>
  Math.max(namedMs, Math.min(scheduledMs, namedMs * 2 ** (attemptsMade - 1)));

/** The delay after this many attempts, in milliseconds; null when no attempt is left. */
export function delayAfter(policy: RetryPolicy, attemptsMade: number): number | null {
  if ("strategy" in policy) {
    if (attemptsMade >= policy.max_attempts) return null;
    const factor = policy.strategy === "exponential" ? 2 ** (attemptsMade - 1) : attemptsMade;
    return Math.min(policy.cap_seconds, policy.base_seconds * factor) * SECOND_MS;
  }
  const schedule = policy.schedule_seconds;
  if (attemptsMade >= (policy.max_attempts ?? schedule.length + 1)) return null;
  return (schedule[Math.min(attemptsMade, schedule.length) - 1] ?? 0) * SECOND_MS;
}

function retryable(outcome: Outcome, rules: readonly string[] | undefined): boolean {
  if (rules === undefined) return true;
  const positive = rules.filter((rule) => !rule.startsWith("!"));
  const negative = rules.filter((rule) => rule.startsWith("!")).map((rule) => rule.slice(1));
  const matches = (rule: string): boolean => matchesRule(rule, outcome);
  return !negative.some(matches) && (positive.length === 0 || positive.some(matches));
}

function matchesRule(rule: string, { status, error }: Outcome): boolean {
  if (rule === "timeout") return error === "timeout";
  // Any incomplete answer, including a timeout.
  if (rule === "network") return error !== null && error !== "http_status" && error !== "redirect";
  if (status === null) return false;
  const comparison = /^(>=|<=|>|<)(\d{3})$/.exec(rule);
  if (comparison !== null) {
    const bound = Number(comparison[2]);
    switch (comparison[1]) {
      case ">=":
        return status >= bound;
      case "<=":
        return status <= bound;
      case ">":
        return status > bound;
      default:
        return status < bound;
    }
  }
  const range = /^(\d{3})-(\d{3})$/.exec(rule);
  if (range !== null) return status >= Number(range[1]) && status <= Number(range[2]);
  return rule.endsWith("xx") ? Math.floor(status / 100) === Number(rule[0]) : status === Number(rule);
}
