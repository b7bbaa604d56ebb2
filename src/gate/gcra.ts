// Pace: the generic cell rate algorithm as a virtual schedule of sends (ATM Forum TM 4.0, section 4.4.2). Pure.
// It has two frontiers: the permits given, which alone enforce the limit [G4], and the slots reserved for deferred deliveries.
import type { RateLimit } from "../model/policies.ts";

/** The permits given under one pace. */
interface Frontier {
  readonly intervalMs: number;
  readonly toleranceMs: number;
  /** Theoretical arrival time. Milliseconds since the epoch. */
  readonly actual: number;
}

/** The pace in force. `reserved` is never before `actual`; both in milliseconds since the epoch. */
export interface PaceState extends Frontier {
  readonly reserved: number;
  /** The last instant at which a permitted send may start. */
  readonly last: number;
  /** Earlier paces, newest first. They keep counting, so that switching between limits does not give a new burst each time. */
  readonly former: readonly Frontier[];
}

export const IDLE: PaceState = { intervalMs: 0, toleranceMs: 0, actual: 0, reserved: 0, last: 0, former: [] };

export interface Pace {
  /** The average time between two sends. Milliseconds. */
  readonly intervalMs: number;
  /** How far a burst may be ahead of the schedule. Milliseconds. */
  readonly toleranceMs: number;
  /** How late a permitted send may start. Milliseconds. */
  readonly slackMs: number;
}

/** The share of a burst that is given up so that sends may start late and still keep the pace. */
const SLACK_SHARE = 1 / 3;
const MAX_SLACK_MS = 500;
/** Intervals are whole multiples of 1/2048 ms, rounded up: sums with instants up to the year 2109 are exact, so rounding errors do not add up. */
const GRID_PER_MS = 2_048;
const MAX_FORMER = 4;

/** The interval rounded up to the grid. Milliseconds. */
export const toGrid = (ms: number): number => Math.ceil(ms * GRID_PER_MS) / GRID_PER_MS;

/**
 * The default burst is one second's worth, at least one. A late send takes time from the sends after it, so the permitted lateness is subtracted
 * from the tolerance. Then sends at any time between `at` and `at + slackMs` stay within burst + rate × time, in whatever order permits were given.
 */
export function buildPace({ limit, period_seconds, burst }: RateLimit): Pace {
  const intervalMs = toGrid((period_seconds * 1000) / limit);
  const size = burst ?? Math.min(limit, Math.max(1, Math.ceil(limit / period_seconds)));
  const whole = (size - 1) * intervalMs;
  const slackMs = Math.floor(Math.min(MAX_SLACK_MS, whole * SLACK_SHARE));
  return { intervalMs, toleranceMs: whole - slackMs, slackMs };
}

/**
 * The state under this pace. A changed pace applies at once: its permits keep to it from the change on, and permits of the former pace that may
 * still be used are subtracted from its burst. If the pace rises, reserved slots stay valid, because only `actual` decides about permits; new slots
 * are reserved from now on at the new interval.
 */
export function settle(stored: PaceState, pace: Pace, now: number): PaceState {
  // An older version did not store all fields.
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
  // At most one whole burst counts as used: a slower pace is not blocked by permits of a faster one.
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

/** Rounded up, so that no send is permitted before its exact time. */
const wholeMs = (ms: number): number => Math.ceil(ms);

/** The next time at which a send is permitted. */
export const nextActual = (state: PaceState, pace: Pace, now: number): number =>
  wholeMs(Math.max(now, state.actual - pace.toleranceMs));

/** The next free slot. */
export const nextReserved = (state: PaceState, pace: Pace, now: number): number =>
  wholeMs(Math.max(now, state.reserved - pace.toleranceMs, state.actual - pace.toleranceMs));

/** After a permit for a send at `at`. @param promised whether its slot was reserved before */
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

/** After a slot at `at` was reserved. */
export const afterPromise = (state: PaceState, pace: Pace, at: number): PaceState => ({
  ...state,
  reserved: Math.max(state.reserved, at) + pace.intervalMs,
});

/** Gives up all reserved slots. Deliveries that come for one are still entitled, but new slots no longer queue behind them. */
export const withoutPromises = (state: PaceState, now: number): PaceState => ({
  ...state,
  reserved: Math.max(state.actual, now),
});

/** How many sends could go at once. */
export const tokens = (state: PaceState, pace: Pace, now: number): number =>
  Math.max(0, Math.floor((now + pace.toleranceMs - Math.max(state.actual, now)) / pace.intervalMs) + 1);
