// Permits and times: what a gate answers to a group of deliveries that want to go. Pure.
import { circuitState } from "./circuit.ts";
import { afterSend, nextActual, nextReserved } from "./gcra.ts";
import { enterLine, occupied, placesInUse } from "./leases.ts";
import type { AcquireRequest, AcquireResponse, Grant } from "./protocol.ts";
import { inspect } from "./snapshot.ts";
import { current, forgetting, nextTime, openingOf, promised, type GateState, type Paces } from "./state.ts";

/** Deliveries that wait for an opening come back this far apart, so that a million do not ask in one instant. */
const WAKE_INTERVAL_MS = 20;
/** Promises to deliveries that do not come, because they were cancelled or held, are forgotten after this long. */
const SILENCE_MS = 120_000;

export function acquire(
  before: GateState,
  request: AcquireRequest,
  now: number,
  leaseId: string,
): { readonly state: GateState; readonly response: AcquireResponse } {
  const { limits } = request;
  const found = current(before, limits, now);
  const { paces } = found;
  let state = attended(found.state, request, paces, now);
  const total = request.entitled + request.fresh;
  const circuit = circuitState(state.circuit, limits.circuit, now);
  const probing = state.leases.some((lease) => lease.probe);
  const probe = circuit === "half_open" && !probing && state.pause_until === null;
  const room =
    limits.max_concurrency === null ? Infinity : Math.max(0, limits.max_concurrency - placesInUse(state.leases));
  const grants: Grant[] = [];
  const going: number[] = [];
  for (let index = 0; index < total; index++) {
    const entitled = index < request.entitled;
    const opening = openingOf(state, limits, now, probe && going.length === 0);
    let grant: Grant;
    if (opening !== null) [state, grant] = awaitOpening(state, paces, opening.at, opening.by);
    else if (room === 0) {
      const [places, free] = enterLine(state.places, now, limits.max_concurrency ?? 1, state.mean_ms, entitled);
      const until = entitled ? free : nextTime(state, paces, free, nextReserved);
      state = { ...(entitled ? state : promised(state, paces, until)), places };
      grant = { kind: "defer", until, by: "concurrency" };
    } else [state, grant] = admit(state, paces, now, request.horizon_ms, entitled);
    if (grant.kind === "go") {
      going.push(grant.at);
      if (limits.max_concurrency !== null && !entitled)
        state = { ...state, places: occupied(state.places, now, limits.max_concurrency, state.mean_ms) };
    } else if (state.heard <= now - SILENCE_MS) state = { ...state, heard: grant.until };
    grants.push(grant);
  }
  const width = probe ? 1 : limits.max_concurrency === null ? 0 : Math.min(room, widthFor(going, state.mean_ms));
  const wanted = going.length === 0 ? 0 : width;
  const lease = wanted === 0 ? null : { id: leaseId, width: wanted, expires_at: now + request.lease_ms, probe };
  if (lease !== null) state = { ...state, leases: [...state.leases, lease] };
  return {
    state,
    response: {
      grants,
      lease: lease === null ? null : { id: lease.id, width: lease.width },
      snapshot: inspect(state, limits, now),
    },
  };
}

/** Places for sends at these times: as many as may be under way at once by what a send takes, and one to spare. */
function widthFor(times: readonly number[], meanMs: number): number {
  let first = 0;
  let most = 0;
  times.forEach((at, index) => {
    while ((times[first] ?? at) < at - meanMs) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return Math.min(times.length, most + 1);
}

/** Whether somebody has been given a time that lies ahead. */
const isAwaited = (state: GateState, { pace, throttle }: Paces, now: number): boolean =>
  state.places.end > now ||
  (pace !== null && nextReserved(state.pace, pace, now) > nextActual(state.pace, pace, now)) ||
  (throttle !== null &&
    state.throttle !== null &&
    nextReserved(state.throttle.pace, throttle, now) > nextActual(state.throttle.pace, throttle, now));

/** Notes who comes at its time; drops promises to those who have not come for long. */
function attended(state: GateState, request: AcquireRequest, paces: Paces, now: number): GateState {
  if (request.entitled > 0) return { ...state, heard: Math.max(state.heard, now) };
  const interval = Math.max(paces.pace?.intervalMs ?? 0, paces.throttle?.intervalMs ?? 0, state.mean_ms);
  return isAwaited(state, paces, now) && now > state.heard + SILENCE_MS + 2 * interval ? forgetting(state, now) : state;
}

function admit(state: GateState, paces: Paces, now: number, horizonMs: number, entitled: boolean): [GateState, Grant] {
  const { pace } = paces;
  const at = nextTime(state, paces, now, entitled ? nextActual : nextReserved);
  if (at <= now + horizonMs)
    return [permitted(state, paces, at, entitled), { kind: "go", at, until: pace === null ? null : at + pace.slackMs }];
  // An entitled delivery comes here only when many come late at once, or the pace has been cut: it gets another slot.
  const until = nextTime(state, paces, now, nextReserved);
  return [promised(state, paces, until), { kind: "defer", until, by: "pace" }];
}

const permitted = (state: GateState, { pace, throttle }: Paces, at: number, entitled: boolean): GateState => ({
  ...state,
  pace: pace === null ? state.pace : afterSend(state.pace, pace, at, entitled),
  throttle:
    throttle === null || state.throttle === null
      ? state.throttle
      : { ...state.throttle, pace: afterSend(state.throttle.pace, throttle, at, entitled) },
});

/** Reserves a time after an opening: a slot of the pace where there is one, else one of a thin stream. */
function awaitOpening(
  before: GateState,
  paces: Paces,
  openAt: number,
  by: "circuit" | "retry_after",
): [GateState, Grant] {
  const state = { ...before, heard: Math.max(before.heard, openAt) };
  if (paces.pace !== null || paces.throttle !== null) {
    const until = nextTime(state, paces, openAt, nextReserved);
    return [promised(state, paces, until), { kind: "defer", until, by }];
  }
  const until = Math.max(state.wake, openAt);
  return [
    { ...state, wake: until + WAKE_INTERVAL_MS },
    { kind: "defer", until, by },
  ];
}
