// What a consumer and a destination's gate say to each other. One call before a group of sends, one after it where there is something to tell.
import type { CircuitPolicy, RateLimit } from "../model/policies.ts";

/** The limits travel with every call, so that a change is in force at once and the gate keeps no configuration. */
export interface GateLimits {
  readonly rate_limit: RateLimit | null;
  readonly max_concurrency: number | null;
  readonly circuit: CircuitPolicy | null;
}

export interface AcquireRequest {
  readonly limits: GateLimits;
  /** Deliveries that come back at a slot reserved for them earlier. They go first. */
  readonly entitled: number;
  /** Deliveries that have no slot yet. */
  readonly fresh: number;
  /** How long the caller is ready to wait for a permitted time. Milliseconds. */
  readonly horizon_ms: number;
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
  readonly failures: number;
  /** Failures since the last success, in order of completion. */
  readonly trailing_failures: number;
  /** Permits that were not used. */
  readonly unused: number;
  /** Until when a 429 or 503 asked the whole destination to wait. Milliseconds since the epoch. */
  readonly pause_until: number | null;
  /** Mean duration of the sends, for estimating when a place becomes free. Milliseconds; null without sends. */
  readonly mean_ms: number | null;
}

export type CircuitState = "closed" | "open" | "half_open";

/** The gate's state as others may see it: health page, consumers. Instants in milliseconds since the epoch. */
export interface GateSnapshot {
  readonly circuit: CircuitState;
  /** When an open circuit lets a probe through. */
  readonly open_until: number | null;
  readonly consecutive_failures: number;
  /** Until when a Retry-After holds the destination back. */
  readonly pause_until: number | null;
  readonly leases_in_use: number;
  /** The next time at which a delivery without a slot could go. */
  readonly next_free_at: number | null;
}

/** The gate as its users see it. Throws when it cannot be reached. */
export interface Gate {
  acquire(destinationId: string, request: AcquireRequest): Promise<AcquireResponse>;
  report(destinationId: string, request: ReportRequest): Promise<GateSnapshot>;
  inspect(destinationId: string, limits: GateLimits): Promise<GateSnapshot>;
}
