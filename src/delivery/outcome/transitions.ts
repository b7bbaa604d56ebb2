// The transitions of a delivery, as pure functions from one state to the next. Only `afterAttempt` uses an attempt [G11].
import { MAX_KEPT_ATTEMPTS, UNREADABLE_WAIT_MS } from "../../config/limits.ts";
import { MINUTE_MS, SECOND_MS } from "../../kernel/durations.ts";
import type { Attempt, Delivery } from "../../model/delivery.ts";
import type { DeferralReason, FinalStatus } from "../../model/lifecycle.ts";
import type { Decision } from "../types.ts";
import type { Answer } from "../../outbound/index.ts";

/**
 * @param slotAt the slot that a gate reserved; it entitles the delivery when it comes back
 * @param openMs how long the circuit was or will be open during its life: this does not count as its age
 */
export const deferred = (
  delivery: Delivery,
  by: DeferralReason,
  until: number,
  slotAt: number | null = null,
  openMs = 0,
): Delivery => ({
  ...delivery,
  status: "deferred",
  deferred_by: by,
  deferrals: delivery.deferrals + 1,
  next_attempt_at: Math.ceil(until),
  slot_at: slotAt,
  age_credit_ms: Math.max(delivery.age_credit_ms, openMs),
});

/** How long a delivery waits for something that cannot be had now: half of its age, between half a minute and ten. Milliseconds. */
export const putOffMs = (ageMs: number): number => Math.min(10 * MINUTE_MS, Math.max(30 * SECOND_MS, ageMs / 2));

/** For a delivery whose configuration only a newer release can read: one may run beside this one, or come back after a rollback. */
export const putOff = (delivery: Delivery, now: number): Delivery =>
  deferred(delivery, "configuration_unreadable", Math.max(delivery.next_attempt_at ?? 0, now + UNREADABLE_WAIT_MS));

export const held = (delivery: Delivery): Delivery => ({
  ...delivery,
  status: "held",
  next_attempt_at: null,
  deferred_by: null,
  slot_at: null,
});

export const ended = (delivery: Delivery, status: FinalStatus, error: string | null, now: number): Delivery => ({
  ...delivery,
  status,
  next_attempt_at: null,
  deferred_by: null,
  slot_at: null,
  last_error: error ?? delivery.last_error,
  finished_at: now,
});

export function afterAttempt(
  delivery: Delivery,
  answer: Answer,
  startedAt: number,
  decision: Decision,
  now: number,
): Delivery {
  const number = delivery.attempts_made + 1;
  const attempt: Attempt = {
    number,
    started_at: startedAt,
    duration_ms: answer.durationMs,
    response_status: answer.status,
    response_headers: answer.headers,
    response_body: answer.excerpt,
    error: answer.error,
    ...(answer.detail == null ? {} : { error_detail: answer.detail }),
  };
  const tried: Delivery = {
    ...delivery,
    attempts_made: number,
    attempts: keepAttempts([...delivery.attempts, attempt]),
    last_response_status: answer.status,
    last_error: answer.error,
  };
  switch (decision.kind) {
    case "delivered":
      return { ...ended(tried, "delivered", null, now), last_error: null };
    case "dead":
      return ended(tried, "dead", answer.error === null ? decision.reason : `${decision.reason}: ${answer.error}`, now);
    case "retry":
      return { ...tried, status: "retrying", next_attempt_at: decision.at, deferred_by: null, slot_at: null };
  }
}

/** Keeps the first attempt and the latest ones. */
const keepAttempts = (attempts: readonly Attempt[]): readonly Attempt[] =>
  attempts.length <= MAX_KEPT_ATTEMPTS ? attempts : [...attempts.slice(0, 1), ...attempts.slice(1 - MAX_KEPT_ATTEMPTS)];
