// A destination's state after the sends of one batch. Pure.
import { RECOVERED_LATENCY_MS, SLOW_LATENCY_MS } from "../../config/limits.ts";
import type { DestinationState } from "../../model/destination-state.ts";
import type { RunStats } from "./run-stats.ts";
import type { Lane } from "../types.ts";
import type { GateSnapshot } from "../../gate/index.ts";

interface RunSummary {
  readonly lane: Lane;
  /** Null if the gate has not answered. */
  readonly snapshot: GateSnapshot | null;
  readonly seen: RunStats;
}

export function stateAfter(
  before: DestinationState,
  { lane, snapshot, seen }: RunSummary,
  now: number,
): DestinationState {
  const pause = snapshot === null ? before.pause_until : snapshot.pause_until;
  return {
    destination_id: before.destination_id,
    lane: laneAfter(before.lane, lane, seen, now),
    circuit: snapshot?.circuit ?? before.circuit,
    open_until: snapshot === null ? before.open_until : snapshot.open_until,
    pause_until: pause !== null && pause <= now ? null : pause,
    failures: snapshot?.recent_failures ?? before.failures,
    throttled: snapshot?.throttled ?? before.throttled,
  };
}

/** Decided by the destination's own sends, including those in flight. Between the two limits the lane stays as it is. */
function laneAfter(before: DestinationState["lane"], lane: Lane, seen: RunStats, now: number): "normal" | "slow" {
  const mean = seen.summary().mean_ms;
  const tookMs = Math.max(mean ?? 0, seen.longestUnderWay(now));
  if (seen.timeouts > 0 || tookMs >= SLOW_LATENCY_MS) return "slow";
  return lane === "slow" && mean !== null && tookMs < RECOVERED_LATENCY_MS ? "normal" : before;
}
