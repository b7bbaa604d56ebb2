// One event on its way to one destination, and the attempts made for it.
import type { ConnectionId, DeliveryId, DestinationId, EventId, ReplayId, SourceId } from "./ids.ts";
import type { DeferralReason, DeliveryStatus } from "./lifecycle.ts";

/**
 * Why an attempt failed. `http_status`: there was a response, and its status says so. The last four are those of brokers and queues:
 * `broker_error` has the broker's own code in its detail.
 */
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
  "not_found",
  "unroutable",
  "throttled",
  "broker_error",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** One HTTP request made, or one message sent, for a delivery. */
export interface Attempt {
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly started_at: number;
  readonly duration_ms: number;
  readonly response_status: number | null;
  readonly response_headers: Readonly<Record<string, string>> | null;
  /** The first bytes of the response as text, capped. */
  readonly response_body: string | null;
  readonly error: ErrorCode | null;
  /** In words, why no request was made, or what is wrong with the body of a successful response. */
  readonly error_detail?: string;
  /** Where headers, body and detail are in R2, if not here: key, offset and length in bytes. Not shown. */
  readonly answer?: readonly [key: string, offset: number, length: number];
}

/** Why a delivery ended without success. */
export const DEAD_REASONS = [
  "attempts_exhausted",
  "age_exceeded",
  "not_retryable",
  "gone",
  "aborted_by_receiver",
  "unprocessable",
  "transform_failed",
  "consumer_crashed",
] as const;
export type DeadReason = (typeof DEAD_REASONS)[number];

/** Why a delivery was cancelled by Sluice itself. */
export const CANCEL_REASONS = ["destination_deleted", "connection_deleted"] as const;
export type CancelReason = (typeof CANCEL_REASONS)[number];

const LAST_ERRORS = new Set<string>([...ERROR_CODES, ...DEAD_REASONS, ...CANCEL_REASONS]);
/** Whether a `last_error` can be this text: it begins with a reason, and may say more after `: `. */
export const isLastError = (text: string): boolean => LAST_ERRORS.has(text.split(": ", 1)[0] ?? "");

export interface Delivery {
  readonly id: DeliveryId;
  readonly event_id: EventId;
  readonly source_id: SourceId | null;
  /** Of its event. */
  readonly event_type?: string | null;
  /** Null for a message that could not be processed, and for events published straight to a destination. */
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
  /** An `ErrorCode`, a `DeadReason`, a `CancelReason`, or a reason and more about it joined by `: `. */
  readonly last_error: string | null;
  readonly attempts: readonly Attempt[];
  readonly created_at: number;
  readonly finished_at: number | null;
  /** The latest replay that made or redrove it. */
  readonly replay_id: ReplayId | null;
  /** Attempts before its last redrive. They do not count against its policy. Absent means none. */
  readonly attempts_before?: number;
  /** Milliseconds by which its age limit is extended: the time it waited for an open circuit. */
  readonly age_credit_ms: number;
}

/** What all deliveries have in common that have not been attempted. */
export const UNTRIED = {
  attempts_made: 0,
  deferred_by: null,
  deferrals: 0,
  slot_at: null,
  last_response_status: null,
  last_error: null,
  attempts: [],
  finished_at: null,
} as const satisfies Partial<Delivery>;
