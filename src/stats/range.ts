// Which buckets an answer has, and whether they are read from counters of minutes, hours or days. Pure.
import { FITTING_STATS_BUCKETS, HOURS_KEPT_MS, MAX_STATS_BUCKETS, MINUTES_KEPT_MS } from "../config/record-limits.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../kernel/durations.ts";
import { err, ok, type Result } from "../kernel/result.ts";

export interface StatsRange {
  /** Start of the first bucket and end of the last one, multiples of the interval. Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly intervalMs: number;
  /** The length of the coarsest counters that add up to a bucket: a minute, an hour or a day. */
  readonly step: number;
}

export interface RangeFault {
  readonly field: "from" | "interval";
  readonly detail: string;
}

const NAMED = new Map([
  ["minute", MINUTE_MS],
  ["hour", HOUR_MS],
  ["day", DAY_MS],
]);
const UNITS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
const FITTING = [1, 5, 15, 60, 360, 1_440, 10_080].map((minutes) => minutes * MINUTE_MS);

/** `minute`, `hour`, `day`, or a number of them: `5m`, `6h`, `7d`. Milliseconds; null for anything else. */
export function parseInterval(text: string): number | null {
  const match = /^([1-9]\d{0,4})([mhd])$/.exec(text);
  return NAMED.get(text) ?? (match === null ? null : Number(match[1]) * (UNITS[match[2] ?? ""] ?? 0));
}

const stepOf = (intervalMs: number): number =>
  intervalMs % DAY_MS === 0 ? DAY_MS : intervalMs % HOUR_MS === 0 ? HOUR_MS : MINUTE_MS;

const floor = (ms: number, unit: number): number => Math.floor(ms / unit) * unit;
const countBuckets = (from: number, to: number, intervalMs: number): number =>
  (floor(to - 1, intervalMs) - floor(from, intervalMs)) / intervalMs + 1;

const isKept = (from: number, step: number, now: number): boolean =>
  step === DAY_MS || floor(from, step) >= now - (step === HOUR_MS ? HOURS_KEPT_MS : MINUTES_KEPT_MS) - step;

/** @param intervalMs null: an interval that suits the range */
export function statsRange(
  from: number,
  to: number,
  intervalMs: number | null,
  now: number,
): Result<StatsRange, RangeFault> {
  if (from >= to) return err({ field: "from", detail: "must be before `to`" });
  const interval =
    intervalMs ??
    FITTING.find((ms) => countBuckets(from, to, ms) <= FITTING_STATS_BUCKETS && isKept(from, stepOf(ms), now)) ??
    7 * DAY_MS;
  const field = intervalMs === null ? "from" : "interval";
  const buckets = countBuckets(from, to, interval);
  if (buckets > MAX_STATS_BUCKETS) {
    const detail = `gives ${buckets} buckets, at most ${MAX_STATS_BUCKETS} are returned: use a longer interval or a shorter range`;
    return err({ field, detail });
  }
  const step = stepOf(interval);
  if (!isKept(from, step, now)) {
    const [unit, kept, next] =
      step === MINUTE_MS ? ["minutes", "48 hours", "whole hours"] : ["hours", "90 days", "whole days"];
    return err({ field, detail: `${unit} are kept for ${kept}: use ${next} or a later \`from\`` });
  }
  return ok({
    from: floor(from, interval),
    to: floor(to - 1, interval) + interval,
    intervalMs: interval,
    step,
  });
}

/** A range of the counters of one step. `to` is exclusive. */
export interface Stretch {
  readonly step: number;
  readonly from: number;
  readonly to: number;
}

/** Until when minutes have been added up to hours, and hours to days. Milliseconds since the epoch; 0: not yet. */
export interface RollMarks {
  readonly hours: number;
  readonly days: number;
}

/** The coarsest counters for each part of a range. Each count is in exactly one of the stretches. */
export function splitRange({ from, to, step }: Pick<StatsRange, "from" | "to" | "step">, marks: RollMarks): Stretch[] {
  const days = step === DAY_MS ? clamp(marks.days, from, to) : from;
  const hours = step === MINUTE_MS ? days : clamp(marks.hours, days, to);
  const all: Stretch[] = [
    { step: DAY_MS, from, to: days },
    { step: HOUR_MS, from: days, to: hours },
    { step: MINUTE_MS, from: hours, to },
  ];
  return all.filter((stretch) => stretch.from < stretch.to);
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
