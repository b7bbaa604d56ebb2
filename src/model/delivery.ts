// One event on its way to one destination, and the attempts made for it.
import type { ConnectionId, DeliveryId, DestinationId, EventId, ReplayId, SourceId } from "./ids.ts";
import type { DeferralReason, DeliveryStatus } from "./lifecycle.ts";

/** What went wrong with an attempt when there was no usable answer; `http_status` when there was one. */
export const ERROR_CODES = [
  "timeout",
  "dns",
  "connect_refused",
  "tls",
  "reset",
  "network",
  "redirect",
  "too_large",
  "http_status",
  "body_missing",
  "blocked_address",
  "loop",
  "auth_failed",
  "no_result",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** One HTTP request made for a delivery. */
export interface Attempt {
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly started_at: number;
  readonly duration_ms: number;
  readonly response_status: number | null;
  readonly response_headers: Readonly<Record<string, string>> | null;
  /** The first bytes of the answer as text, capped. */
  readonly response_body: string | null;
  readonly error: ErrorCode | null;
  /** Why no request was made, in words. */
  readonly error_detail?: string;
}

/** Why a delivery ended without success. */
const DEAD_REASONS = [
  "attempts_exhausted",
  "age_exceeded",
  "not_retryable",
  "gone",
  "aborted_by_receiver",
  "unprocessable",
  "transform_failed",
] as const;
export type DeadReason = (typeof DEAD_REASONS)[number];

export interface Delivery {
  readonly id: DeliveryId;
  readonly event_id: EventId;
  readonly source_id: SourceId | null;
  /** Null for what could not be processed at all. */
  readonly connection_id: ConnectionId | null;
  readonly destination_id: DestinationId | null;
  readonly status: DeliveryStatus;
  readonly attempts_made: number;
  /** Milliseconds since the epoch; null in a final state and while held. */
  readonly next_attempt_at: number | null;
  readonly deferred_by: DeferralReason | null;
  readonly deferrals: number;
  /** The slot that the gate reserved for this delivery, milliseconds since the epoch. */
  readonly slot_at: number | null;
  readonly last_response_status: number | null;
  /** An `ErrorCode`, a `DeadReason`, or both joined by `: `. */
  readonly last_error: string | null;
  readonly attempts: readonly Attempt[];
  readonly created_at: number;
  readonly finished_at: number | null;
  /** The latest replay that it was made or brought back to life by. */
  readonly replay_id: ReplayId | null;
  /** Attempts of a life before it was dead: they do not count against those it may have now. Absent means none. */
  readonly attempts_before?: number;
  /** Milliseconds by which its age limit is stretched: the time it waited for an open circuit. */
  readonly age_credit_ms: number;
}
