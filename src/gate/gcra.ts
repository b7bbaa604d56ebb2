// Pace: the generic cell rate algorithm, as a virtual schedule of sends (ATM Forum TM 4.0, section 4.4.2). Pure.
// Two frontiers: what has really been permitted, which alone enforces the limit [G4], and what has been promised to deferred deliveries.
import type { RateLimit } from "../model/policies.ts";

/** Theoretical arrival times, in milliseconds since the epoch. `reserved` is never behind `actual`. */
export interface PaceState {
  readonly actual: number;
  readonly reserved: number;
}

export const IDLE: PaceState = { actual: 0, reserved: 0 };

export interface Pace {
  /** Between two sends in the long run. Milliseconds. */
  readonly intervalMs: number;
  /** How far ahead of the schedule a burst may run. Milliseconds. */
  readonly toleranceMs: number;
  /** How much later than permitted a send may start. Milliseconds. */
  readonly slackMs: number;
}

/** The part of a burst that is given up so that sends may start a little late and still keep the pace. */
const SLACK_SHARE = 1 / 3;
const MAX_SLACK_MS = 500;

/**
 * A burst defaults to one second's worth, at least one. Late sends move into the time of those after them, so what they may
 * be late is taken off the tolerance: then no choice of times between `at` and `at + slackMs` passes burst + rate × time.
 */
export function paceOf({ limit, period_seconds, burst }: RateLimit): Pace {
  const intervalMs = (period_seconds * 1000) / limit;
  const size = burst ?? Math.min(limit, Math.max(1, Math.ceil(limit / period_seconds)));
  const whole = (size - 1) * intervalMs;
  const slackMs = Math.floor(Math.min(MAX_SLACK_MS, whole * SLACK_SHARE));
  return { intervalMs, toleranceMs: whole - slackMs, slackMs };
}

/**
 * The state as these limits see it: a frontier that a former, slower or wider pace left far ahead is drawn in, so that a
 * raised limit is in force at once. Never moves `actual` to where the new limit could be passed.
 */
export const settle = (state: PaceState, now: number): PaceState => ({
  actual: state.actual,
  reserved: Math.max(state.reserved, state.actual, now),
});

/** Rounded up: a send is never permitted before its exact time. */
const wholeMs = (ms: number): number => Math.ceil(ms);

/** The next time at which a send is really permitted. */
export const nextActual = (state: PaceState, pace: Pace, now: number): number =>
  wholeMs(Math.max(now, state.actual - pace.toleranceMs));

/** The next slot that has not been promised to anybody. */
export const nextReserved = (state: PaceState, pace: Pace, now: number): number =>
  wholeMs(Math.max(now, state.reserved - pace.toleranceMs, state.actual - pace.toleranceMs));

/** After a permitted send at `at`. @param promised its slot had been reserved before */
export function afterSend(state: PaceState, pace: Pace, at: number, promised: boolean): PaceState {
  const actual = Math.max(state.actual, at) + pace.intervalMs;
  const reserved = promised ? state.reserved : Math.max(state.reserved, at) + pace.intervalMs;
  return { actual, reserved: Math.max(reserved, actual) };
}

/** After a slot at `at` has been promised. */
export const afterPromise = (state: PaceState, pace: Pace, at: number): PaceState => ({
  actual: state.actual,
  reserved: Math.max(state.reserved, at) + pace.intervalMs,
});
