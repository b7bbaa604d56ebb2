// The gate's state for its callers. Pure; changes nothing.
import { circuitState, listOutages, recentFailures } from "./circuit.ts";
import { nextReserved, tokens } from "./gcra.ts";
import { placesInUse } from "./leases.ts";
import type { GateLimits, GateSnapshot } from "./protocol.ts";
import { current, nextTime, type GateState } from "./state.ts";

export function inspect(before: GateState, limits: GateLimits, now: number): GateSnapshot {
  const { state, paces } = current(before, limits, now);
  const circuit = circuitState(state.circuit, limits.circuit, now);
  const intervalMs = paces.throttle?.intervalMs ?? paces.pace?.intervalMs ?? null;
  return {
    circuit,
    open_until: circuit === "closed" ? null : state.circuit.open_until,
    circuit_reason: state.circuit.reason,
    opened_at: state.circuit.opened_at,
    outages: listOutages(state.circuit, now),
    consecutive_failures: state.circuit.failures,
    recent_failures: recentFailures(state.circuit, limits.circuit, now),
    pause_until: state.pause_until,
    leases_in_use: placesInUse(state.leases),
    next_free_at: intervalMs === null ? null : nextTime(state, paces, now, nextReserved),
    rate_in_use: intervalMs === null ? null : 1_000 / intervalMs,
    throttled: state.throttle !== null,
    tokens: paces.pace === null ? null : paces.throttle === null ? tokens(state.pace, paces.pace, now) : null,
    mean_ms: state.mean_ms,
    stale: false,
  };
}
