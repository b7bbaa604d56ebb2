// Pace: the generic cell rate algorithm, as a virtual schedule of sends (ATM Forum TM 4.0, section 4.4.2). Pure.
// Two frontiers: what has really been permitted, which alone enforces the limit [G4], and what has been promised to deferred deliveries.
import type { RateLimit } from "../model/policies.ts";

/** One pace's count of what has been permitted. */
interface Frontier {
  readonly intervalMs: number;
  readonly toleranceMs: number;
  /** Theoretical arrival time. Milliseconds since the epoch. */
  readonly actual: number;
}

/** The pace in force. `reserved` is never behind `actual`; both in milliseconds since the epoch. */
export interface PaceState extends Frontier {
  readonly reserved: number;
  /** The last moment at which a permitted send may still start. */
  readonly last: number;
  /** Paces in force before, newest first: they go on counting, so that limits that alternate give no burst each time. */
  readonly former: readonly Frontier[];
}

export const IDLE: PaceState = { intervalMs: 0, toleranceMs: 0, actual: 0, reserved: 0, last: 0, former: [] };

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
/** Intervals are whole multiples of this, rounded up: sums with instants up to the year 2109 are then exact, and no rounding adds up. */
const GRID_PER_MS = 2_048;
const MAX_FORMER = 4;

/** An interval on the grid, never shorter than given. Milliseconds. */
export const toGrid = (ms: number): number => Math.ceil(ms * GRID_PER_MS) / GRID_PER_MS;

/**
 * A burst defaults to one second's worth, at least one. Late sends move into the time of those after them, so what they may
 * be late is taken off the tolerance: then no choice of times between `at` and `at + slackMs` passes burst + rate × time.
 */
export function paceOf({ limit, period_seconds, burst }: RateLimit): Pace {
  const intervalMs = toGrid((period_seconds * 1000) / limit);
  const size = burst ?? Math.min(limit, Math.max(1, Math.ceil(limit / period_seconds)));
  const whole = (size - 1) * intervalMs;
  const slackMs = Math.floor(Math.min(MAX_SLACK_MS, whole * SLACK_SHARE));
  return { intervalMs, toleranceMs: whole - slackMs, slackMs };
}

/**
 * The state as this pace sees it. A changed pace is in force at once: what it permits keeps to it from the change on, and
 * permits of the former pace that may still be used are taken off its burst. Promises stay good when the pace rises, since
 * `actual` alone decides over them; new ones are made from now on, at the new interval.
 */
export function settle(stored: PaceState, pace: Pace, now: number): PaceState {
  // Fields that an older version did not keep.
  const state: PaceState = { ...IDLE, ...stored };
  const { intervalMs, toleranceMs } = pace;
  if (state.intervalMs === intervalMs && state.toleranceMs === toleranceMs) {
    return { ...state, reserved: Math.max(state.reserved, state.actual, now) };
  }
  const current: Frontier = { intervalMs: state.intervalMs, toleranceMs: state.toleranceMs, actual: state.actual };
  const counting = [current, ...state.former].filter((one) => one.actual > now);
  const same = (one: Frontier): boolean => one.intervalMs === intervalMs && one.toleranceMs === toleranceMs;
  const outstanding =
    state.last < now || state.intervalMs === 0 ? 0 : Math.ceil((state.actual - now + MAX_SLACK_MS) / state.intervalMs);
  // A whole burst used up is the most that counts: a slower pace is not held back for what a faster one permitted.
  const burstMs = toleranceMs + pace.slackMs + intervalMs;
  const actual = Math.max(
    outstanding === 0 ? 0 : state.last + Math.min(outstanding * intervalMs, burstMs),
    Math.min(counting.find(same)?.actual ?? 0, Math.max(now, state.last) + burstMs),
  );
  const promised = intervalMs < state.intervalMs ? 0 : state.reserved;
  return {
    intervalMs,
    toleranceMs,
    actual,
    reserved: Math.max(promised, actual, now),
    last: state.last,
    former: counting.filter((one) => !same(one)).slice(0, MAX_FORMER),
  };
}

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
  return {
    ...state,
    actual,
    reserved: Math.max(reserved, actual),
    last: Math.max(state.last, at + pace.slackMs),
    former: state.former.map((one) => ({ ...one, actual: Math.max(one.actual, at) + one.intervalMs })),
  };
}

/** After a slot at `at` has been promised. */
export const afterPromise = (state: PaceState, pace: Pace, at: number): PaceState => ({
  ...state,
  reserved: Math.max(state.reserved, at) + pace.intervalMs,
});

/** Takes back all promises: whoever still counts on one is entitled as before, but no new one waits behind it. */
export const withoutPromises = (state: PaceState, now: number): PaceState => ({
  ...state,
  reserved: Math.max(state.actual, now),
});

/** How many sends could go at once. */
export const tokens = (state: PaceState, pace: Pace, now: number): number =>
  Math.max(0, Math.floor((now + pace.toleranceMs - Math.max(state.actual, now)) / pace.intervalMs) + 1);
