// Adaptive pace: halves after a 429 or 503 and rises again in equal steps (additive increase, multiplicative decrease; Chiu and Jain 1989).
// It only lowers the rate: the configured pace is enforced as well. Pure.
import { IDLE, settle, toGrid, type Pace, type PaceState } from "./gcra.ts";

/** The pace in use is a number of sixteenths of the ceiling, at least one. */
const LEVELS = 16;
/** At most one halving in this time. Milliseconds. */
export const CUT_EVERY_MS = 5_000;
/** At most one step up in this time, and only after a success. Milliseconds. */
export const RAISE_EVERY_MS = 5_000;
/** Without a configured pace the observed rate is the ceiling, at least one a second. Milliseconds. */
const SLOWEST_BASE_MS = 1_000;

export interface Throttle {
  /** 1 to 15. At 16 there is no throttle. */
  readonly level: number;
  /** The interval of the observed rate, used if no pace is configured. Milliseconds. */
  readonly base_ms: number;
  readonly cut_at: number;
  readonly changed_at: number;
  readonly pace: PaceState;
}

export interface SendSummary {
  readonly successes: number;
  /** Answers 429 or 503. */
  readonly throttled: number;
  /** When the latest of those sends began. Milliseconds since the epoch; null without any. */
  readonly throttled_at: number | null;
  readonly sends: number;
  /** From the first start to the last end. Milliseconds. */
  readonly span_ms: number;
}

/**
 * The throttle after a group of sends; null at the ceiling.
 * A refused send that began before the last halving says nothing about the pace since then, so a batch of refusals halves it once.
 */
export function throttleAfter(before: Throttle | null, seen: SendSummary, now: number): Throttle | null {
  if (seen.throttled > 0) {
    if (before === null) {
      const base_ms = Math.min(SLOWEST_BASE_MS, Math.max(1_000, seen.span_ms) / Math.max(1, seen.sends));
      return { level: LEVELS / 2, base_ms, cut_at: now, changed_at: now, pace: IDLE };
    }
    if (now - before.cut_at < CUT_EVERY_MS || (seen.throttled_at ?? 0) < before.cut_at) return before;
    return { ...before, level: Math.max(1, Math.floor(before.level / 2)), cut_at: now, changed_at: now };
  }
  if (before === null || seen.successes === 0 || now - before.changed_at < RAISE_EVERY_MS) return before;
  return before.level + 1 >= LEVELS ? null : { ...before, level: before.level + 1, changed_at: now };
}

/** @param ceilingMs the interval of the configured pace; null without one. Milliseconds */
export const throttlePace = (throttle: Throttle, ceilingMs: number | null): Pace => ({
  intervalMs: toGrid(((ceilingMs ?? throttle.base_ms) * LEVELS) / throttle.level),
  toleranceMs: 0,
  slackMs: 0,
});

export const settled = (throttle: Throttle, ceilingMs: number | null, now: number): Throttle => ({
  ...throttle,
  pace: settle(throttle.pace, throttlePace(throttle, ceilingMs), now),
});
