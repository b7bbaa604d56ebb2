// The lifecycle of a delivery: its states and the transitions between them.
// Every state that is not final has an owner for its next step: a `next_attempt_at`, or the pause that holds it.

export const DELIVERY_STATUSES = [
  "scheduled", // first attempt is planned for later (delay, deliver_at)
  "pending", // due now
  "deferred", // put off without using an attempt: pace, concurrency, circuit, retry-after, lane
  "retrying", // an attempt failed, the next one is planned
  "held", // its destination or connection is paused
  "delivered",
  "dead",
  "cancelled",
] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

export const FINAL_STATUSES = ["delivered", "dead", "cancelled"] as const;
export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** States in which a delivery has a due time, by which the sweep finds it. */
export const WAITING_STATUSES = ["scheduled", "pending", "deferred", "retrying"] as const;

/** A state in a filter, or all of those in which a delivery waits for an attempt. */
export type StatusFilter = DeliveryStatus | "waiting";
export const STATUS_FILTERS = [...DELIVERY_STATUSES, "waiting"] as const;
export const statusesIn = (filter: StatusFilter): readonly DeliveryStatus[] =>
  filter === "waiting" ? WAITING_STATUSES : [filter];

export const isFinal = (status: DeliveryStatus): status is FinalStatus =>
  (FINAL_STATUSES as readonly DeliveryStatus[]).includes(status);

const TRANSITIONS: Readonly<Record<DeliveryStatus, readonly DeliveryStatus[]>> = {
  scheduled: ["pending", "deferred", "retrying", "held", "delivered", "dead", "cancelled"],
  pending: ["pending", "deferred", "retrying", "held", "delivered", "dead", "cancelled"],
  deferred: ["pending", "deferred", "retrying", "held", "delivered", "dead", "cancelled"],
  retrying: ["pending", "deferred", "retrying", "held", "delivered", "dead", "cancelled"],
  held: ["pending", "held", "dead", "cancelled"],
  delivered: [],
  dead: ["pending", "cancelled"], // redrive, discard
  cancelled: [],
};

/** The states from which a transition leads to this one. */
export const statusesBefore = (to: DeliveryStatus): readonly DeliveryStatus[] =>
  DELIVERY_STATUSES.filter((from) => TRANSITIONS[from].includes(to));

/** The reasons for which a destination's gate defers, with a time of its choice. */
export const GATE_REASONS = ["pace", "concurrency", "circuit", "retry_after"] as const;
export type GateReason = (typeof GATE_REASONS)[number];

/** Why a delivery was put off. None of these uses up an attempt. */
export const DEFERRAL_REASONS = [
  ...GATE_REASONS,
  "gate_unreachable",
  "slow_lane",
  "time_budget",
  "secret_unavailable",
  "body_unavailable",
  "resolver_unavailable", // no DNS resolver answers
  "token_unavailable", // the OAuth token endpoint does not answer
  "configuration_unreadable", // has a value that only a newer release can read
  "listener_gone", // its listener has just disconnected
  "subrequests", // its consumer has made as many calls as the account's plan allows
  "batch", // waits for others to share a request with
] as const;
export type DeferralReason = (typeof DEFERRAL_REASONS)[number];

export const EVENT_STATUSES = ["accepted", "in_progress", "delivered", "dead", "ignored", "cancelled"] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

/**
 * The state of an event follows from its deliveries.
 * @param recorded false while the event still waits in the queue for its first attempt
 */
export function eventStatus(recorded: boolean, deliveries: readonly DeliveryStatus[]): EventStatus {
  if (!recorded) return "accepted";
  if (deliveries.length === 0) return "ignored";
  if (deliveries.some((status) => !isFinal(status))) return "in_progress";
  if (deliveries.includes("dead")) return "dead";
  return deliveries.includes("delivered") ? "delivered" : "cancelled";
}
