// Adaptive pace: halves after a 429 or 503 and climbs back by equal steps (additive increase, multiplicative decrease; Chiu and Jain 1989).
// It only ever holds back: the configured pace is enforced beside it. Pure.
import { IDLE, settle, toGrid, type Pace, type PaceState } from "./gcra.ts";

/** The pace in use is so many sixteenths of the ceiling. Never less than one of them. */
const LEVELS = 16;
/** One halving per so long. Milliseconds. */
export const CUT_EVERY_MS = 5_000;
/** One step up per so long, and only where a send has succeeded. Milliseconds. */
export const RAISE_EVERY_MS = 5_000;
/** Without a configured pace, what was observed counts as the ceiling; at least one a second. Milliseconds. */
const SLOWEST_BASE_MS = 1_000;

export interface Throttle {
  /** 1 to 15; a throttle at its ceiling is none. */
  readonly level: number;
  /** Between two sends at the observed pace, where none is configured. Milliseconds. */
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
 * A refusal of a send that began before the last halving says nothing about the pace since: so a batch of them halves once.
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

/** @param ceilingMs between two sends at the configured pace; null where none is configured. Milliseconds */
export const throttlePace = (throttle: Throttle, ceilingMs: number | null): Pace => ({
  intervalMs: toGrid(((ceilingMs ?? throttle.base_ms) * LEVELS) / throttle.level),
  toleranceMs: 0,
  slackMs: 0,
});

export const settled = (throttle: Throttle, ceilingMs: number | null, now: number): Throttle => ({
  ...throttle,
  pace: settle(throttle.pace, throttlePace(throttle, ceilingMs), now),
});
