// New times for deliveries whose times were given under other limits: an earlier time or none. Reserves only slots that it gives, so that no
// part of the pace is left unused. Pure.
import { circuitState } from "./circuit.ts";
import { nextReserved } from "./gcra.ts";
import type { GateLimits, RescheduleRequest } from "./protocol.ts";
import { current, forgetting, nextTime, findPause, promised, type GateState, type Paces } from "./state.ts";

/** A smaller gain is not worth a row. Milliseconds. */
const LEAST_GAIN_MS = 1_000;
/** The interval without any limit: as fast as the queue's consumers can follow. Milliseconds. */
const FREE_INTERVAL_MS = 2;

export function reschedule(
  before: GateState,
  request: RescheduleRequest,
  now: number,
): { readonly state: GateState; readonly times: readonly (number | null)[] } {
  const { limits } = request;
  const found = current(before, limits, now);
  const { paces } = found;
  let state = request.restart ? forgetting(found.state, now) : found.state;
  const parked = request.parked === true;
  if (parked && circuitState(state.circuit, limits.circuit, now) !== "closed")
    return { state, times: request.waiting.map(() => null) };
  const from = Math.max(now, findPause(state, limits, now, true)?.at ?? 0);
  const times = request.waiting.map((at) => {
    const next = timeAfter(state, paces, limits, from);
    // It keeps a time that is already earlier, and is sent then if the pace permits it.
    if (at < next && !parked) return null;
    state = given(state, paces, next);
    return parked || at - next >= Math.max(LEAST_GAIN_MS, request.least_gain * (at - now)) ? next : null;
  });
  return { state: { ...state, heard: Math.max(state.heard, from) }, times };
}

const isPaced = ({ pace, throttle }: Paces): boolean => pace !== null || throttle !== null;

function timeAfter(state: GateState, paces: Paces, limits: GateLimits, from: number): number {
  if (isPaced(paces)) return nextTime(state, paces, from, nextReserved);
  if (limits.max_concurrency === null) return Math.ceil(Math.max(from, state.wake + FREE_INTERVAL_MS));
  return Math.ceil(Math.max(from, state.places.end + state.mean_ms / limits.max_concurrency));
}

const given = (state: GateState, paces: Paces, at: number): GateState =>
  isPaced(paces)
    ? promised(state, paces, at)
    : {
        ...state,
        wake: Math.max(state.wake, at),
        places: { ...state.places, end: Math.max(state.places.end, at), mean_ms: state.mean_ms },
      };
