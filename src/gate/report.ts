// Applies the results of a group of sends to the gate's state. Pure.
import { throttleAfter } from "./adaptive.ts";
import { afterSends, underPolicy } from "./circuit.ts";
import { isStale, liveLeases } from "./leases.ts";
import type { GateSnapshot, ReportRequest } from "./protocol.ts";
import { inspect } from "./snapshot.ts";
import type { GateState } from "./state.ts";

export function report(
  before: GateState,
  request: ReportRequest,
  now: number,
): { readonly state: GateState; readonly snapshot: GateSnapshot } {
  const { limits } = request;
  // The pace stays as it is: a late report may come from a consumer that used other limits.
  const state: GateState = {
    ...before,
    leases: liveLeases(before.leases, now),
    circuit: underPolicy(before.circuit, limits.circuit, now),
  };
  const lease = before.leases.find((candidate) => candidate.id === request.lease_id);
  const pause = Math.max(state.pause_until ?? 0, request.pause_until ?? 0);
  const mean_ms = request.mean_ms === null ? state.mean_ms : state.mean_ms * 0.7 + request.mean_ms * 0.3;
  const sends = request.successes + request.failures + request.neutral;
  const circuit = afterSends(state.circuit, limits.circuit, request, lease?.probe === true, now);
  const throttle = limits.adaptive ? throttleAfter(state.throttle, { ...request, sends }, now) : null;
  const quicker = isStale(state.places, mean_ms, now);
  const after: GateState = {
    ...state,
    leases: state.leases.filter((candidate) => candidate !== lease),
    circuit,
    throttle,
    pause_until: pause > now ? pause : null,
    mean_ms,
    places: quicker ? { ...state.places, mean_ms } : state.places,
  };
  const stale =
    quicker ||
    (state.circuit.open_until !== null && circuit.open_until === null) ||
    (state.throttle !== null && throttle === null);
  return { state: after, snapshot: { ...inspect(after, limits, now), stale } };
}
