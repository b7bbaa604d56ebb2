// Counts as the API shows them. Pure.
import { toHistogram, type Counts } from "./counts.ts";
import { quantiles } from "./histogram.ts";

/** Whole milliseconds, within 9.1 % of the exact values; null when nothing was measured. */
export interface Percentiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

function percentiles(counts: Counts, kind: "a" | "l"): Percentiles {
  const [p50, p95, p99] = quantiles(toHistogram(counts, kind), [0.5, 0.95, 0.99]);
  const whole = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));
  return { p50: whole(p50), p95: whole(p95), p99: whole(p99) };
}

/**
 * @param perDestination whether the counts are a destination's: then `accepted` counts its deliveries, and figures of whole events are null
 */
export function figures(counts: Counts, perDestination: boolean) {
  const of = (name: string): number => counts[name] ?? 0;
  const ofEvents = (name: string): number | null => (perDestination ? null : of(name));
  return {
    accepted: perDestination ? of("made") : of("accepted"),
    rejected: ofEvents("rejected"),
    duplicates: ofEvents("duplicate"),
    ignored: ofEvents("ignored"),
    bytes_in: ofEvents("bytes_in"),
    deliveries: of("made"),
    delivered: of("delivered"),
    attempts: of("attempts"),
    failed_attempts: of("failed_attempts"),
    deferred: of("deferred"),
    dead: of("dead"),
    cancelled: of("cancelled"),
    latency_ms: percentiles(counts, "l"),
    attempt_ms: percentiles(counts, "a"),
  };
}

export type Figures = ReturnType<typeof figures>;
