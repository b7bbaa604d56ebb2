// The health of a destination, as far as a consumer needs it before it sends. A healthy destination has no row.
import type { DestinationId } from "./ids.ts";

export interface DestinationState {
  readonly destination_id: DestinationId;
  /** `slow`: its deliveries travel in the slow lane, where they delay no healthy destination. */
  readonly lane: "normal" | "slow";
  readonly circuit: "closed" | "open" | "half_open";
  readonly open_until: number | null;
  /** The end of a Retry-After. Milliseconds since the epoch. */
  readonly pause_until: number | null;
  /** Failures that still count: in a row, or within the circuit's window. */
  readonly failures: number;
  /** Its pace was reduced after a 429 or 503 and has not recovered yet. */
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

/** Whether the change must be recorded. The number of failures alone need not be. */
export const differs = (a: DestinationState, b: DestinationState): boolean =>
  a.lane !== b.lane ||
  a.circuit !== b.circuit ||
  a.open_until !== b.open_until ||
  a.pause_until !== b.pause_until ||
  a.throttled !== b.throttled ||
  (a.failures === 0) !== (b.failures === 0);
