// Why a delivery waits, in words: what is configured now, and what it ran into. Pure.
import type { DeferralReason } from "../../model/lifecycle.ts";
import type { DeliveryShape, DestinationShape } from "../shapes.ts";
import { span } from "./time.tsx";

const MAX_WAITS = 6;

const seconds = (value: number): string => span(value * 1_000);
const times = (value: number, word: string): string => `${value} ${word}${value === 1 ? "" : "s"}`;

function pace({ rate_limit: limit }: DestinationShape): string {
  if (limit === null) return "the pace that the destination can bear at the moment";
  const per = limit.period_seconds === 1 ? "second" : seconds(limit.period_seconds);
  return `a pace of ${limit.limit} per ${per}${limit.burst === undefined ? "" : `, ${limit.burst} at once`}`;
}

/** The waits between attempts. */
function retrySchedule({ retry }: Pick<DestinationShape, "retry">): string {
  if ("strategy" in retry && retry.strategy !== undefined) {
    const { strategy, base_seconds, cap_seconds, max_attempts } = retry;
    return `${strategy} waits from ${seconds(base_seconds)} up to ${seconds(cap_seconds)}, ${max_attempts} attempts at most`;
  }
  if (!("schedule_seconds" in retry)) return "";
  const { schedule_seconds: waits } = retry;
  const first = waits.slice(0, MAX_WAITS).map(seconds).join(", ");
  return `waits of ${first}${waits.length > MAX_WAITS ? ", …" : ""}: ${times(waits.length + 1, "attempt")} at most`;
}

const DEFERRALS: Readonly<Record<DeferralReason, (destination: DestinationShape | null) => string>> = {
  pace: (destination) => (destination === null ? "the destination's pace" : `the destination has ${pace(destination)}`),
  concurrency: (destination) =>
    destination?.max_concurrency == null
      ? "the destination's concurrency limit"
      : `the destination takes ${times(destination.max_concurrency, "request")} at a time`,
  circuit: (destination) =>
    destination?.circuit == null
      ? "the destination's circuit is open"
      : `the destination's circuit is open: it opens after ${times(destination.circuit.failure_threshold, "failure")} in a row, and closes once a probe succeeds`,
  retry_after: () => "the destination asked for this pause with Retry-After",
  gate_unreachable: () => "the gate, which keeps the destination's pace, could not be reached",
  slow_lane: () => "the destination answers slowly: its deliveries travel apart, so that others need not wait",
  time_budget: () => "the batch it came in ran out of time",
  secret_unavailable: () => "a secret of the destination is not available",
  body_unavailable: () => "the body could not be read from R2",
  resolver_unavailable: () => "no DNS resolver responded",
  token_unavailable: () => "the OAuth token endpoint did not respond",
  configuration_unreadable: () => "the configuration was written by a newer release",
  listener_gone: () => "its listener has just disconnected",
  subrequests: () => "the plan allowed no more calls at a time",
  batch: () => "it waits for more events, to be sent with them in one request",
};

/**
 * Why it waits; null for a delivery that has ended.
 * @param destination as it is configured now; null where that is not known
 */
export function whyItWaits(
  { status, deferred_by, attempts_made, connection_id }: DeliveryShape,
  destination: DestinationShape | null,
): string | null {
  switch (status) {
    case "delivered":
    case "dead":
    case "cancelled":
      return null;
    case "held":
      if (destination?.type === "listener" && !destination.paused)
        return "Held: its listener is not connected. It goes on when one connects.";
      return destination?.paused === true
        ? "Held: the destination is paused. It goes on when the destination is resumed."
        : `Held: its destination${connection_id === null ? "" : " or connection"} was paused. It goes on when that is resumed.`;
    case "scheduled":
      return "Scheduled: its publisher or its connection asked for this delay.";
    case "deferred":
      return deferred_by === null
        ? "Deferred. This uses no attempt."
        : `Deferred: ${DEFERRALS[deferred_by](destination)}. This uses no attempt.`;
    case "retrying":
      return destination === null
        ? "The latest attempt failed: this is the wait of the retry schedule."
        : `The latest attempt failed. This is wait ${attempts_made} of the retry schedule: ${retrySchedule(destination)}.`;
    case "pending":
      return "Due: it is in the queue.";
  }
}
