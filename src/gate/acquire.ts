// Answers a consumer that wants to send a group of deliveries: a permit or a time for each. Pure.
import { parkedUntil } from "../model/parked.ts";
import { Caller } from "./caller.ts";
import { circuitState } from "./circuit.ts";
import { afterSend, nextActual, nextReserved } from "./gcra.ts";
import { enterLine, occupied, placesInUse } from "./leases.ts";
import type { AcquireRequest, AcquireResponse, GateLimits, Grant } from "./protocol.ts";
import { inspect } from "./snapshot.ts";
import { current, forgetting, nextTime, findPause, promised, type GateState, type Paces } from "./state.ts";

/** Deliveries that come back for a probe at a time: one is sent, the others are there if it ends otherwise, and for the next probe. */
const MAX_PROBES = 3;
/** Deliveries without a pace that wait for the circuit or a Retry-After come back this far apart, so that not all ask at once. Milliseconds. */
const WAKE_INTERVAL_MS = 20;
/** Reserved slots are given up when no delivery has used one for this long: the deliveries were cancelled or held. Milliseconds. */
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
  let state = withSendTime(attended(found.state, request, paces, now), request);
  const total = request.entitled + request.fresh;
  const probe = mayProbe(state, limits, now);
  const room =
    limits.max_concurrency === null ? Infinity : Math.max(0, limits.max_concurrency - placesInUse(state.leases));
  // No permit may have expired when the answer arrives.
  const from = now + Math.max(0, (request.delay_ms ?? 0) - (paces.pace?.slackMs ?? Infinity) / 2);
  const caller = new Caller(request.width === undefined ? null : Math.min(room, request.width), state.mean_ms, from);
  let started = 0;
  const grants: Grant[] = [];
  for (let index = 0; index < total; index++) {
    const entitled = index < request.entitled;
    const opening = findPause(state, limits, now, probe && started === 0);
    let grant: Grant;
    if (opening?.by === "circuit") [state, grant] = awaitCircuit(state, paces, opening.at, now);
    else if (opening !== null) [state, grant] = awaitOpening(state, paces, opening.at, opening.by);
    else [state, grant] = admit(state, paces, { request, now, from, entitled, caller, room });
    if (grant.kind === "go") {
      caller.start(grant.at);
      started += 1;
      if (limits.max_concurrency !== null && !entitled)
        state = { ...state, places: occupied(state.places, now, limits.max_concurrency, state.mean_ms) };
    } else if (grant.parked !== true && state.heard <= now - SILENCE_MS) state = { ...state, heard: grant.until };
    grants.push(grant);
  }
  const width = probe ? 1 : limits.max_concurrency === null ? 0 : Math.min(room, caller.underWay);
  const lease = width === 0 || started === 0 ? null : { id: leaseId, width, expires_at: now + request.lease_ms, probe };
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

/** The caller's own measurement is newer than the reported one. */
const withSendTime = (state: GateState, { send_ms }: AcquireRequest): GateState =>
  send_ms == null ? state : { ...state, mean_ms: send_ms };

const mayProbe = (state: GateState, limits: GateLimits, now: number): boolean =>
  circuitState(state.circuit, limits.circuit, now) === "half_open" &&
  state.pause_until === null &&
  !state.leases.some((lease) => lease.probe);

/** Whether a slot is reserved in the future. */
const isAwaited = (state: GateState, { pace, throttle }: Paces, now: number): boolean =>
  state.places.end > now ||
  (pace !== null && nextReserved(state.pace, pace, now) > nextActual(state.pace, pace, now)) ||
  (throttle !== null &&
    state.throttle !== null &&
    nextReserved(state.throttle.pace, throttle, now) > nextActual(state.throttle.pace, throttle, now));

/** Notes that deliveries came for their slots, or gives up reserved slots that have not been used for long. */
function attended(state: GateState, request: AcquireRequest, paces: Paces, now: number): GateState {
  if (request.entitled > 0) return { ...state, heard: Math.max(state.heard, now) };
  const interval = Math.max(paces.pace?.intervalMs ?? 0, paces.throttle?.intervalMs ?? 0, state.mean_ms);
  return isAwaited(state, paces, now) && now > state.heard + SILENCE_MS + 2 * interval ? forgetting(state, now) : state;
}

interface Asked {
  readonly request: AcquireRequest;
  readonly now: number;
  /** No permit begins much earlier. */
  readonly from: number;
  readonly entitled: boolean;
  readonly caller: Caller;
  /** Free places. */
  readonly room: number;
}

/** Decides about one delivery: a permit if the caller can start it within its horizon, otherwise a time to come back. */
function admit(state: GateState, paces: Paces, asked: Asked): [GateState, Grant] {
  const { request, now, from, entitled, caller, room } = asked;
  const { pace } = paces;
  const isBounded = pace !== null || paces.throttle !== null || request.limits.max_concurrency !== null;
  const latest = from + request.horizon_ms;
  const freeAt = isBounded ? caller.freeAt : now;
  const slackMs = pace?.slackMs ?? 0;
  if (room > 0 && freeAt <= latest) {
    // The expected start is in the middle of the permit's life.
    const at = Math.max(
      nextTime(state, paces, now, entitled ? nextActual : nextReserved),
      Math.ceil(freeAt - slackMs / 2),
    );
    if (at <= latest)
      return [permitted(state, paces, at, entitled), { kind: "go", at, until: pace === null ? null : at + slackMs }];
  } else if (request.limits.max_concurrency !== null) return awaitPlace(state, paces, asked);
  // An entitled delivery gets here only if many come late at once or the pace was lowered: it gets another slot.
  const until = nextTime(state, paces, now, nextReserved);
  return [promised(state, paces, until), { kind: "defer", until, by: "pace" }];
}

/** A time at which a place should be free. If places are free now and only this caller has no connection left, another caller can use them at once. */
function awaitPlace(before: GateState, paces: Paces, { request, now, entitled, room }: Asked): [GateState, Grant] {
  const places = request.limits.max_concurrency ?? 1;
  const isFull = room <= (request.width ?? 0);
  const [line, free] = enterLine(before.places, now, { places, meanMs: before.mean_ms, again: entitled, isFull });
  const until = entitled ? free : nextTime(before, paces, free, nextReserved);
  const state = { ...(entitled ? before : promised(before, paces, until)), places: line };
  return [state, { kind: "defer", until, by: "concurrency" }];
}

const permitted = (state: GateState, { pace, throttle }: Paces, at: number, entitled: boolean): GateState => ({
  ...state,
  pace: pace === null ? state.pace : afterSend(state.pace, pace, at, entitled),
  throttle:
    throttle === null || state.throttle === null
      ? state.throttle
      : { ...state.throttle, pace: afterSend(state.throttle.pace, throttle, at, entitled) },
});

/** Some come back when the circuit permits a probe. All others are parked until it has closed. */
function awaitCircuit(before: GateState, paces: Paces, openAt: number, now: number): [GateState, Grant] {
  const probes = before.probes.filter((at) => at > now);
  if (probes.length >= MAX_PROBES)
    return [before, { kind: "defer", until: parkedUntil(now), by: "circuit", parked: true }];
  const [state, grant] = awaitOpening(before, paces, openAt, "circuit");
  return [{ ...state, probes: [...probes, grant.until] }, grant];
}

/** Reserves a time after the circuit's opening or the Retry-After: a slot of the pace, or without a pace one of an even stream. */
function awaitOpening(
  before: GateState,
  paces: Paces,
  openAt: number,
  by: "circuit" | "retry_after",
): [GateState, Extract<Grant, { kind: "defer" }>] {
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
