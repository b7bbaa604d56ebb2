// Time ranges of pages, and intervals for their charts.
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../kernel/durations.ts";

const MOST_BARS = 60;
/** A day is shown in hours: half hours would be summed from sixty times as many counters. */
const STEPS: readonly (readonly [string, number])[] = [
  ["1m", MINUTE_MS],
  ["2m", 2 * MINUTE_MS],
  ["5m", 5 * MINUTE_MS],
  ["15m", 15 * MINUTE_MS],
  ["1h", HOUR_MS],
  ["6h", 6 * HOUR_MS],
  ["1d", DAY_MS],
];

/** Counters of minutes are not kept longer than this. */
const MINUTES_MS = 47 * HOUR_MS;

/** The shortest interval with at most 60 bars. @param lengthMs length of the range @param ageMs of its begin, where counters are read */
export const intervalFor = (lengthMs: number, ageMs = 0): string =>
  STEPS.find(([, ms]) => lengthMs / ms <= MOST_BARS && (ms >= HOUR_MS || ageMs < MINUTES_MS))?.[0] ?? "7d";

/** A time in a query, in milliseconds since the epoch; null if it is missing or invalid. */
export function parseInstant(text: string | undefined): number | null {
  const ms = text === undefined || text === "" ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
