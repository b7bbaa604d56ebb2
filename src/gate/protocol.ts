// What a consumer and a destination's gate say to each other. One call before a group of sends, one after it where there is something to tell.
import type { BatchLimits, Waiting } from "./collecting.ts";
import type { CircuitPolicy, RateLimit } from "../model/policies.ts";

/** The limits travel with every call, so that a change is in force at once and the gate keeps no configuration. */
export interface GateLimits {
  readonly rate_limit: RateLimit | null;
  readonly max_concurrency: number | null;
  readonly circuit: CircuitPolicy | null;
  /** Whether the pace gives way after a 429 or 503. */
  readonly adaptive: boolean;
}

export interface AcquireRequest {
  readonly limits: GateLimits;
  /** Deliveries that come back at a slot reserved for them earlier. They go first. */
  readonly entitled: number;
  /** Deliveries that have no slot yet. */
  readonly fresh: number;
  /** How long the caller is ready to wait for a permitted time. Milliseconds. */
  readonly horizon_ms: number;
  /** Sends that the caller can have under way at a time. Absent from an older caller: as many as it asks for. */
  readonly width?: number;
  /** What a send has taken of late, as the caller knows; null or absent where it does not. Milliseconds. */
  readonly send_ms?: number | null;
  /** How long the caller may hold what it is given at the most; after that the gate takes leases back. Milliseconds. */
  readonly lease_ms: number;
}

/**
 * `go` permits one send from `at` to `until` (null: any time after): a later one would fall into the time of others.
 * `defer` names the time reserved for another try. Milliseconds since the epoch. */
export type Grant =
  | { readonly kind: "go"; readonly at: number; readonly until: number | null }
  | { readonly kind: "defer"; readonly until: number; readonly by: "pace" | "concurrency" | "circuit" | "retry_after" };

export interface AcquireResponse {
  /** `entitled` grants first, then `fresh` ones, in order. */
  readonly grants: readonly Grant[];
  /** How many of the permitted sends may be under way at once, and the name to give back; null without a concurrency limit or probe. */
  readonly lease: { readonly id: string; readonly width: number } | null;
  readonly snapshot: GateSnapshot;
}

/** What became of a group of sends. */
export interface ReportRequest {
  readonly limits: GateLimits;
  readonly lease_id: string | null;
  readonly successes: number;
  /** Server errors, timeouts, network errors, 408 and 429. */
  readonly failures: number;
  /** Any other answer: it tells of the one request, not of the destination. */
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
  /** Mean duration of the sends, for estimating when a place becomes free. Milliseconds; null without sends. */
  readonly mean_ms: number | null;
}

/**
 * Deliveries that wait with a time given to them under other limits, or under a circuit that has closed since.
 * Times in milliseconds since the epoch, ascending.
 */
export interface RescheduleRequest {
  readonly limits: GateLimits;
  /** Takes back what has been promised so far: for the first of a series of calls. */
  readonly restart: boolean;
  /** How much earlier a new time must be to be worth it, as a share of the wait. */
  readonly least_gain: number;
  readonly waiting: readonly number[];
}

/** From when until when a circuit was not closed. Milliseconds since the epoch. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

export type CircuitReason = "failures_in_a_row" | "failure_rate";

export type CircuitState = "closed" | "open" | "half_open";

/** The gate's state as others may see it: health page, consumers. Instants in milliseconds since the epoch. */
export interface GateSnapshot {
  readonly circuit: CircuitState;
  /** When an open circuit lets a probe through. */
  readonly open_until: number | null;
  readonly circuit_reason: CircuitReason | null;
  /** When it left the closed state; null while closed. */
  readonly opened_at: number | null;
  readonly outages: readonly Outage[];
  readonly consecutive_failures: number;
  /** Failures that still count, in a row or within the circuit's window. */
  readonly recent_failures: number;
  /** Until when a Retry-After holds the destination back. */
  readonly pause_until: number | null;
  readonly leases_in_use: number;
  /** The next time at which a delivery without a slot could go. */
  readonly next_free_at: number | null;
  /** Sends a second at the pace in force; null where nothing bounds it. */
  readonly rate_in_use: number | null;
  /** Whether a 429 or 503 holds it below its ceiling. */
  readonly throttled: boolean;
  /** How many sends the pace would let go at once; null without a configured pace. */
  readonly tokens: number | null;
  /** Times given so far have become much later than they need be: time to `retime`. */
  readonly stale: boolean;
}

export interface TakeResponse {
  /** Deliveries that may share a request: D1 says of each whether it still waits. */
  readonly ids: readonly string[];
  readonly calls: readonly number[];
}

/** The part of a gate where deliveries wait to share a request. Throws when it cannot be reached or holds too many. */
export interface Collector {
  /** @returns when to send a `flush` message, once for each instant. Milliseconds since the epoch; the past means now */
  collect(destinationId: string, waiting: readonly Waiting[], limits: BatchLimits): Promise<readonly number[]>;
  take(destinationId: string, limits: BatchLimits): Promise<TakeResponse>;
}

/** The gate as its users see it. Throws when it cannot be reached. */
export interface Gate {
  acquire(destinationId: string, request: AcquireRequest): Promise<AcquireResponse>;
  report(destinationId: string, request: ReportRequest): Promise<GateSnapshot>;
  inspect(destinationId: string, limits: GateLimits): Promise<GateSnapshot>;
  /** For each waiting delivery an earlier time, or null where it keeps the one it has. */
  reschedule(destinationId: string, request: RescheduleRequest): Promise<readonly (number | null)[]>;
}
