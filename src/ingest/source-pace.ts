// A source's limit: the gate's arithmetic, without reserved slots. Pure.
import type { RateLimit } from "../model/policies.ts";
import { afterSend, nextActual, buildPace, settle, type Pace, type PaceState } from "../gate/index.ts";

export interface LeaseAnswer {
  readonly granted: number;
  /** How long they may be used. The pace subtracts this from its burst, so late use does not exceed the limit. Milliseconds. */
  readonly valid_ms: number;
  /** When the next permit is available; 0 if all were granted. Milliseconds from now. */
  readonly retry_ms: number;
}

export function lease(
  stored: PaceState,
  limit: RateLimit,
  wanted: number,
  now: number,
): { readonly state: PaceState; readonly answer: LeaseAnswer } {
  const pace = sourcePace(limit);
  let state = settle(stored, pace, now);
  let granted = 0;
  while (granted < wanted && nextActual(state, pace, now) <= now) {
    state = afterSend(state, pace, now, false);
    granted += 1;
  }
  const retryMs = granted === wanted ? 0 : nextActual(state, pace, now) - now;
  return { state, answer: { granted, valid_ms: pace.slackMs, retry_ms: retryMs } };
}

/** Permits that are leased one by one are used at once, so nothing is subtracted from the burst for late use. */
function sourcePace(limit: RateLimit): Pace {
  const pace = buildPace(limit);
  return largestLease(limit, 2) > 1
    ? pace
    : { intervalMs: pace.intervalMs, toleranceMs: pace.toleranceMs + pace.slackMs, slackMs: 0 };
}

/** The most permits worth leasing at once: as many as the pace allows while a lease is valid, and at most a quarter of the burst. */
export function largestLease(limit: RateLimit, most: number): number {
  const { intervalMs, toleranceMs, slackMs } = buildPace(limit);
  const burst = Math.floor((toleranceMs + slackMs) / intervalMs) + 1;
  return Math.max(1, Math.min(most, Math.floor(burst / 4), Math.floor(slackMs / intervalMs)));
}
