// What an attempt came to, and what follows from it. Pure.
import { MAX_RETRY_AFTER_SECONDS } from "../config/limits.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import type { Random } from "../kernel/random.ts";
import type { DeadReason, ErrorCode } from "../model/delivery.ts";
import type { RetryPolicy } from "../model/policies.ts";

/** The end of one HTTP request. Status and headers are null when no answer came. */
export interface Outcome {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly error: ErrorCode | null;
}

export type Decision =
  | { readonly kind: "delivered" }
  | { readonly kind: "retry"; readonly at: number; readonly pauseUntil: number | null }
  | {
      readonly kind: "dead";
      readonly reason: DeadReason;
      readonly disableConnection: boolean;
      readonly pauseUntil: number | null;
    };

export interface Standing {
  /** Including the attempt that this outcome is of. */
  readonly attemptsMade: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly ageCreditMs: number;
  readonly now: number;
}

/** The response table of the HTTP contract. */
export function decide(outcome: Outcome, policy: RetryPolicy, standing: Standing, random: Random): Decision {
  const { status } = outcome;
  if (outcome.error === null && status !== null && status >= 200 && status < 300) return { kind: "delivered" };
  const pauseUntil =
    status === 429 || status === 503 ? retryAfter(outcome.headers?.["retry-after"], standing.now) : null;
  const dead = (reason: DeadReason, disableConnection = false): Decision => ({
    kind: "dead",
    reason,
    disableConnection,
    pauseUntil,
  });
  if (status === 410) return dead("gone", true);
  const word = outcome.headers?.["webhook-delivery"]?.trim().toLowerCase();
  if (word === "disable") return dead("aborted_by_receiver", true);
  if (word === "abort-message" || status === 489) return dead("aborted_by_receiver");
  if (!retryable(outcome, policy.on)) return dead("not_retryable");
  const delayMs = delayAfter(policy, standing.attemptsMade);
  if (delayMs === null) return dead("attempts_exhausted");
  // Up to a tenth longer, never shorter: jitter that keeps the schedule's word.
  const at = Math.max(Math.round(standing.now + delayMs * (1 + 0.1 * random())), pauseUntil ?? 0);
  if (at - standing.createdAt > policy.max_age_seconds * SECOND_MS + standing.ageCreditMs) return dead("age_exceeded");
  return { kind: "retry", at, pauseUntil };
}

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
  if (status === null) return rule === "network";
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

/** RFC 9110, section 10.2.3: seconds (fractions are taken too) or an HTTP date. Milliseconds since the epoch, clamped; null when absent or nonsense. */
export function retryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const text = value.trim();
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * SECOND_MS : Date.parse(text) - now;
  return Number.isFinite(waitMs) && waitMs > 0 ? now + Math.min(waitMs, MAX_RETRY_AFTER_SECONDS * SECOND_MS) : null;
}
