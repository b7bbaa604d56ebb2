// A gate's whole state and what each call does to it. Pure: `now` and ids are handed in, so that every property can be tested.
import { afterSends, CLOSED, circuitState, type Circuit } from "./circuit.ts";
import {
  afterPromise,
  afterSend,
  IDLE,
  nextActual,
  nextReserved,
  paceOf,
  settle,
  type Pace,
  type PaceState,
} from "./gcra.ts";
import { liveLeases, placeExpectedAt, placesInUse, type Lease } from "./leases.ts";
import type { AcquireRequest, AcquireResponse, GateLimits, GateSnapshot, Grant, ReportRequest } from "./protocol.ts";

export interface GateState {
  readonly pace: PaceState;
  readonly leases: readonly Lease[];
  readonly circuit: Circuit;
  readonly pause_until: number | null;
  /** How long a send takes, smoothed. Milliseconds. */
  readonly mean_ms: number;
  /** Where the next delivery is put that waits for an opening without a pace of its own. */
  readonly wake: number;
  /** The time given to the last delivery that found no place. */
  readonly line: number;
}

export const NEW_GATE: GateState = {
  pace: IDLE,
  leases: [],
  circuit: CLOSED,
  pause_until: null,
  mean_ms: 500,
  wake: 0,
  line: 0,
};

/** Deliveries that wait for an opening come back this far apart, so that a million do not ask in one instant. */
const WAKE_INTERVAL_MS = 20;

export function acquire(
  before: GateState,
  request: AcquireRequest,
  now: number,
  leaseId: string,
): { readonly state: GateState; readonly response: AcquireResponse } {
  const { limits } = request;
  const pace = limits.rate_limit === null ? null : paceOf(limits.rate_limit);
  let state: GateState = {
    ...before,
    leases: liveLeases(before.leases, now),
    pace: pace === null ? IDLE : settle(before.pace, pace, now),
    pause_until: before.pause_until !== null && before.pause_until > now ? before.pause_until : null,
  };
  const total = request.entitled + request.fresh;
  const circuit = circuitState(state.circuit, limits.circuit, now);
  const probing = state.leases.some((lease) => lease.probe);
  const probe = circuit === "half_open" && !probing && state.pause_until === null;
  const room =
    limits.max_concurrency === null ? Infinity : Math.max(0, limits.max_concurrency - placesInUse(state.leases));
  const grants: Grant[] = [];
  let going = 0;
  for (let index = 0; index < total; index++) {
    const opening =
      state.pause_until !== null
        ? { at: state.pause_until, by: "retry_after" as const }
        : circuit === "open" || (circuit === "half_open" && !(probe && going === 0))
          ? { at: openingAt(state, now), by: "circuit" as const }
          : null;
    let grant: Grant;
    if (opening !== null) [state, grant] = awaitOpening(state, pace, opening.at, opening.by);
    else if (room === 0) {
      const until = placeExpectedAt(now, state.line, limits.max_concurrency ?? 1, state.mean_ms);
      state = { ...state, line: until };
      grant = { kind: "defer", until, by: "concurrency" };
    } else [state, grant] = admit(state, pace, now, request.horizon_ms, index < request.entitled);
    if (grant.kind === "go") going += 1;
    grants.push(grant);
  }
  const wanted = going === 0 ? 0 : probe ? 1 : limits.max_concurrency === null ? 0 : Math.min(room, going);
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

function admit(
  state: GateState,
  pace: Pace | null,
  now: number,
  horizonMs: number,
  entitled: boolean,
): [GateState, Grant] {
  if (pace === null) return [state, { kind: "go", at: now, until: null }];
  const at = entitled ? nextActual(state.pace, pace, now) : nextReserved(state.pace, pace, now);
  if (at <= now + horizonMs)
    return [
      { ...state, pace: afterSend(state.pace, pace, at, entitled) },
      { kind: "go", at, until: at + pace.slackMs },
    ];
  // An entitled delivery comes here only when many come late at once: it lost its slot and gets another.
  const until = nextReserved(state.pace, pace, now);
  return [
    { ...state, pace: afterPromise(state.pace, pace, until) },
    { kind: "defer", until, by: "pace" },
  ];
}

/** When the circuit next lets somebody through: at the end of its open time, or of the probe under way. */
const openingAt = (state: GateState, now: number): number =>
  Math.max(
    state.circuit.open_until ?? now,
    now + 1_000,
    ...state.leases.filter((lease) => lease.probe).map((lease) => Math.min(lease.expires_at, now + 2 * state.mean_ms)),
  );

/** Reserves a time after an opening: a slot of the pace where there is one, else one of a thin stream. */
function awaitOpening(
  state: GateState,
  pace: Pace | null,
  openAt: number,
  by: "circuit" | "retry_after",
): [GateState, Grant] {
  if (pace !== null) {
    const until = nextReserved(state.pace, pace, openAt);
    return [
      { ...state, pace: afterPromise(state.pace, pace, until) },
      { kind: "defer", until, by },
    ];
  }
  const until = Math.max(state.wake, openAt);
  return [
    { ...state, wake: until + WAKE_INTERVAL_MS },
    { kind: "defer", until, by },
  ];
}

export function report(before: GateState, request: ReportRequest, now: number): GateState {
  const lease = before.leases.find((candidate) => candidate.id === request.lease_id);
  const pause = Math.max(before.pause_until ?? 0, request.pause_until ?? 0);
  return {
    ...before,
    leases: liveLeases(before.leases, now).filter((candidate) => candidate !== lease),
    circuit: afterSends(before.circuit, request.limits.circuit, request, lease?.probe === true, now),
    pause_until: pause > now ? pause : null,
    mean_ms: request.mean_ms === null ? before.mean_ms : before.mean_ms * 0.7 + request.mean_ms * 0.3,
  };
}

export function inspect(state: GateState, limits: GateLimits, now: number): GateSnapshot {
  const pause = state.pause_until !== null && state.pause_until > now ? state.pause_until : null;
  const circuit = circuitState(state.circuit, limits.circuit, now);
  const pace = limits.rate_limit === null ? null : paceOf(limits.rate_limit);
  return {
    circuit,
    open_until: circuit === "closed" ? null : state.circuit.open_until,
    consecutive_failures: state.circuit.failures,
    pause_until: pause,
    leases_in_use: placesInUse(liveLeases(state.leases, now)),
    next_free_at: pace === null ? null : nextReserved(settle(state.pace, pace, now), pace, now),
  };
}
