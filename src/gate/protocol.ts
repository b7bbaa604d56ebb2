// The calls between a consumer and a destination's gate: one before a group of sends, and one after it if there is something to report.
import type { BatchLimits, Waiting } from "./collecting.ts";
import type { GateReason } from "../model/lifecycle.ts";
import type { CircuitPolicy, RateLimit } from "../model/policies.ts";

/** The limits travel with every call, so that a change applies at once and the gate stores no configuration. */
export interface GateLimits {
  readonly rate_limit: RateLimit | null;
  readonly max_concurrency: number | null;
  readonly circuit: CircuitPolicy | null;
  /** Whether a 429 or 503 lowers the pace. */
  readonly adaptive: boolean;
}

export interface AcquireRequest {
  readonly limits: GateLimits;
  /** Deliveries that come for a reserved slot. They go first. */
  readonly entitled: number;
  /** Deliveries that have no slot yet. */
  readonly fresh: number;
  /** How far ahead the caller accepts permits. Milliseconds. */
  readonly horizon_ms: number;
  /** Sends that the caller can have in flight at a time. Missing from an older caller, which counts as all of them. */
  readonly width?: number;
  /** The recent duration of a send; null or missing if the caller does not know it. Milliseconds. */
  readonly send_ms?: number | null;
  /** How long the answer may take to arrive: no permit of a pace expires before that. Milliseconds; missing from an older caller. */
  readonly delay_ms?: number;
  /** How long the caller may hold its places. After that the gate takes them back. Milliseconds. */
  readonly lease_ms: number;
}

/**
 * `go` permits one send between `at` and `until` (null: any time after `at`). A later send would take the time of others.
 * `defer` gives the time to come back at. Milliseconds since the epoch. */
export type Grant =
  | { readonly kind: "go"; readonly at: number; readonly until: number | null }
  | {
      readonly kind: "defer";
      readonly until: number;
      readonly by: GateReason;
      /** No slot is reserved: it waits until the circuit has closed. Missing from an older gate. */
      readonly parked?: true;
    };

export interface AcquireResponse {
  /** `entitled` grants first, then `fresh` ones, in order. */
  readonly grants: readonly Grant[];
  /** How many of the permitted sends may be in flight at once, and the id for the report; null without a concurrency limit or probe. */
  readonly lease: { readonly id: string; readonly width: number } | null;
  readonly snapshot: GateSnapshot;
}

/** The results of a group of sends. */
export interface ReportRequest {
  readonly limits: GateLimits;
  readonly lease_id: string | null;
  readonly successes: number;
  /** Server errors, timeouts, network errors, 408 and 429. */
  readonly failures: number;
  /** Any other answer: it says something about the request, not about the destination. */
  readonly neutral: number;
  /** Failures since the last success, in order of completion. */
  readonly trailing_failures: number;
  /** Permits that were not used. */
  readonly unused: number;
  /** Answers 429 or 503. */
  readonly throttled: number;
  /** When the latest of those sends began. Milliseconds since the epoch. */
  readonly throttled_at: number | null;
  /** From the first start to the last end. Milliseconds. */
  readonly span_ms: number;
  /** Until when a 429 or 503 asked the whole destination to wait. Milliseconds since the epoch. */
  readonly pause_until: number | null;
  /** Mean duration of the sends, to estimate when a place becomes free. Milliseconds; null without sends. */
  readonly mean_ms: number | null;
}

/**
 * Deliveries whose times were given under other limits, or under a circuit that has closed since. Times in milliseconds since the epoch,
 * ascending.
 */
export interface RescheduleRequest {
  readonly limits: GateLimits;
  /** Gives up all reserved slots: for the first of a series of calls. */
  readonly restart: boolean;
  /** How much earlier a new time must be, as a share of the wait. */
  readonly least_gain: number;
  readonly waiting: readonly number[];
  /** They are parked: each gets a slot, also a later one, but none does before the circuit has closed. */
  readonly parked?: true;
}

/** A period in which a circuit was not closed. Milliseconds since the epoch. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

export type CircuitReason = "failures_in_a_row" | "failure_rate";

export type CircuitState = "closed" | "open" | "half_open";

/** The gate's state for consumers and the health page. Instants in milliseconds since the epoch. */
export interface GateSnapshot {
  readonly circuit: CircuitState;
  /** When an open circuit permits a probe. */
  readonly open_until: number | null;
  readonly circuit_reason: CircuitReason | null;
  /** When it left the closed state; null while closed. */
  readonly opened_at: number | null;
  readonly outages: readonly Outage[];
  readonly consecutive_failures: number;
  /** Failures that still count, in a row or within the circuit's window. */
  readonly recent_failures: number;
  /** Until when a Retry-After pauses the destination. */
  readonly pause_until: number | null;
  readonly leases_in_use: number;
  /** The next free slot. */
  readonly next_free_at: number | null;
  /** Sends a second at the pace in force; null without one. */
  readonly rate_in_use: number | null;
  /** Whether the adaptive pace is below its ceiling. */
  readonly throttled: boolean;
  /** How many sends the pace permits at once; null without a configured pace. */
  readonly tokens: number | null;
  /** How long a send takes, as far as the gate knows. Missing from an older gate. Milliseconds. */
  readonly mean_ms?: number;
  /** Whether the times given so far are much later than necessary: they should be rescheduled. */
  readonly stale: boolean;
}

export interface TakeResponse {
  /** Deliveries that may share a request, as far as D1 still has them as waiting. */
  readonly ids: readonly string[];
  readonly calls: readonly number[];
}

/** The part of a gate where deliveries wait to share a request. Throws if it is unreachable or holds too many. */
export interface Collector {
  /** @returns the instants at which to send a `flush` message, one for each. Milliseconds since the epoch; the past means now */
  collect(destinationId: string, waiting: readonly Waiting[], limits: BatchLimits): Promise<readonly number[]>;
  take(destinationId: string, limits: BatchLimits): Promise<TakeResponse>;
}

/** A gate. Calls throw if it is unreachable. */
export interface Gate {
  acquire(destinationId: string, request: AcquireRequest): Promise<AcquireResponse>;
  report(destinationId: string, request: ReportRequest): Promise<GateSnapshot>;
  inspect(destinationId: string, limits: GateLimits): Promise<GateSnapshot>;
  /** For each waiting delivery an earlier time, or null if it keeps its time. */
  reschedule(destinationId: string, request: RescheduleRequest): Promise<readonly (number | null)[]>;
}
