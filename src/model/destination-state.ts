// How a destination is doing, as far as a consumer must know before it sends. A healthy one has no record.
import type { DestinationId } from "./ids.ts";

export interface DestinationState {
  readonly destination_id: DestinationId;
  /** `slow` sends its deliveries over the slow lane, where they hold up nobody healthy. */
  readonly lane: "normal" | "slow";
  readonly circuit: "closed" | "open" | "half_open";
  readonly open_until: number | null;
  /** Until when a Retry-After holds it back. Milliseconds since the epoch. */
  readonly pause_until: number | null;
  /** Failures that still count, in a row or within the circuit's window. */
  readonly failures: number;
  /** Its pace has been cut after a 429 or 503 and has not climbed back yet. */
  readonly throttled: boolean;
}

export const healthyState = (id: DestinationId): DestinationState => ({
  destination_id: id,
  lane: "normal",
  circuit: "closed",
  open_until: null,
  pause_until: null,
  failures: 0,
  throttled: false,
});

export const isHealthy = (state: DestinationState): boolean =>
  state.lane === "normal" &&
  state.circuit === "closed" &&
  state.failures === 0 &&
  state.pause_until === null &&
  !state.throttled;

/** Whether the difference is worth a row: the mere count of failures is not. */
export const differs = (a: DestinationState, b: DestinationState): boolean =>
  a.lane !== b.lane ||
  a.circuit !== b.circuit ||
  a.open_until !== b.open_until ||
  a.pause_until !== b.pause_until ||
  a.throttled !== b.throttled ||
  (a.failures === 0) !== (b.failures === 0);
