// What an attempt came to, and what follows from it. Pure.
import { OVERLOAD_BACKOFF_MS } from "../../config/limits.ts";
import { SECOND_MS } from "../../kernel/durations.ts";
import type { Random } from "../../kernel/random.ts";
import type { DeadReason, ErrorCode } from "../../model/delivery.ts";
import type { RetryPolicy } from "../../model/policies.ts";
import { isNever, rateLimitReset, retryAfter } from "./retry-after.ts";
import type { Decision } from "../types.ts";
import type { Outcome } from "../../outbound/index.ts";

export interface RetryState {
  /** Including the attempt that this outcome is of. */
  readonly attemptsMade: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly ageCreditMs: number;
  readonly now: number;
}

/** Failures that no later attempt can mend, and what the delivery ends with. */
const HOPELESS: Partial<Record<ErrorCode, DeadReason>> = {
  loop: "not_retryable",
  too_large: "not_retryable",
  body_missing: "unprocessable",
};

/** The response table of the HTTP contract. */
export function decide(outcome: Outcome, policy: RetryPolicy, standing: RetryState, random: Random): Decision {
  const { status, error } = outcome;
  const headers = outcome.headers ?? {};
  const word = headers["webhook-delivery"]?.trim().toLowerCase();
  if (error === null && status !== null && status >= 200 && status < 300)
    return { kind: "delivered", disableConnection: word === "disable" };
  const throttled = status === 429 || status === 503;
  const pauseUntil = throttled
    ? (retryAfter(headers["retry-after"], standing.now) ?? rateLimitReset(headers, standing.now))
    : null;
  const dead = (reason: DeadReason, disableConnection = false): Decision => ({
    kind: "dead",
    reason,
    disableConnection,
    pauseUntil,
  });
  if (status === 410) return dead("gone", true);
  if (word === "disable") return dead("aborted_by_receiver", true);
  if (word === "abort-message" || status === 489 || isNever(headers["retry-after"])) return dead("aborted_by_receiver");
  const hopeless = error === null ? undefined : HOPELESS[error];
  if (hopeless !== undefined) return dead(hopeless);
  if (!retryable(outcome, policy.on)) return dead("not_retryable");
  const scheduledMs = delayAfter(policy, standing.attemptsMade);
  if (scheduledMs === null) return dead("attempts_exhausted");
  const named = pauseUntil ?? retryAfter(headers["retry-after"], standing.now);
  // Up to a tenth longer, never shorter: jitter that keeps the schedule's word.
  const waitMs =
    named === null
      ? Math.max(scheduledMs, error === "timeout" || status === 429 ? OVERLOAD_BACKOFF_MS : 0) * (1 + 0.1 * random())
      : retryAfterWait(named - standing.now, scheduledMs, standing.attemptsMade);
  const at = Math.ceil(standing.now + waitMs);
  if (at - standing.createdAt > policy.max_age_seconds * SECOND_MS + standing.ageCreditMs) return dead("age_exceeded");
  return { kind: "retry", at, pauseUntil };
}

/**
 * The receiver's own time wins over the schedule. One that names a short time again and again would see a delivery's attempts
 * used up at once: it gets twice as long each time, up to what the schedule says.
 */
const retryAfterWait = (namedMs: number, scheduledMs: number, attemptsMade: number): number =>
  Math.max(namedMs, Math.min(scheduledMs, namedMs * 2 ** (attemptsMade - 1)));

/** How long to wait after so many attempts, in milliseconds; null when there are no more. */
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
  // Whatever was no complete answer, a timeout included.
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
