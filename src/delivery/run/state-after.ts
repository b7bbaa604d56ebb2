// What the next consumer should know of a destination after one batch's sends to it. Pure.
import { RECOVERED_LATENCY_MS, SLOW_LATENCY_MS } from "../../config/limits.ts";
import type { DestinationState } from "../../model/destination-state.ts";
import type { RunStats } from "./run-stats.ts";
import type { Lane } from "../types.ts";
import type { GateSnapshot } from "../../gate/index.ts";

export interface RunSummary {
  readonly lane: Lane;
  /** Null where the gate has not answered. */
  readonly snapshot: GateSnapshot | null;
  readonly seen: RunStats;
  /** Whether the batch's time was over before all had been sent. */
  readonly outOfTime: boolean;
  /** When no send is started any more. Milliseconds since the epoch. */
  readonly deadline: number;
}

export function stateAfter(
  before: DestinationState,
  { lane, snapshot, seen, outOfTime, deadline }: RunSummary,
  now: number,
): DestinationState {
  const mean = seen.summary().mean_ms;
  const turnsSlow = seen.timeouts > 0 || outOfTime || (mean !== null && mean >= SLOW_LATENCY_MS);
  const recovered = lane === "slow" && mean !== null && mean < RECOVERED_LATENCY_MS && now < deadline;
  const pause = snapshot === null ? before.pause_until : snapshot.pause_until;
  return {
    destination_id: before.destination_id,
    lane: turnsSlow ? "slow" : before.lane === "slow" && recovered ? "normal" : before.lane,
    circuit: snapshot?.circuit ?? before.circuit,
    open_until: snapshot === null ? before.open_until : snapshot.open_until,
    pause_until: pause !== null && pause <= now ? null : pause,
    failures: snapshot?.recent_failures ?? before.failures,
    throttled: snapshot?.throttled ?? before.throttled,
  };
}
