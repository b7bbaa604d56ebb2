// A gate's state, and the steps that its calls share. Pure: `now` and ids are passed in.
import { settled, throttlePace, type Throttle } from "./adaptive.ts";
import { CLOSED, circuitState, underPolicy, type Circuit } from "./circuit.ts";
import { afterPromise, IDLE, buildPace, settle, withoutPromises, type Pace, type PaceState } from "./gcra.ts";
import { liveLeases, NO_LINE, type Lease, type Line } from "./leases.ts";
import type { GateLimits } from "./protocol.ts";

export interface GateState {
  readonly pace: PaceState;
  readonly throttle: Throttle | null;
  readonly leases: readonly Lease[];
  readonly circuit: Circuit;
  readonly pause_until: number | null;
  /** How long a send takes, smoothed. Milliseconds. */
  readonly mean_ms: number;
  /** The next time for a delivery without a pace that waits for the circuit or a Retry-After. */
  readonly wake: number;
  readonly places: Line;
  /** When a delivery last came for its slot, or the first one is due. */
  readonly heard: number;
  /** When those deliveries come back that wait for the circuit to permit a probe. */
  readonly probes: readonly number[];
}

export const NEW_GATE: GateState = {
  pace: IDLE,
  throttle: null,
  leases: [],
  circuit: CLOSED,
  pause_until: null,
  mean_ms: 500,
  wake: 0,
  places: NO_LINE,
  heard: 0,
  probes: [],
};

/** Reads the state that any earlier version stored. */
export const fromStored = (stored: Partial<GateState>): GateState => ({
  ...NEW_GATE,
  ...stored,
  circuit: { ...CLOSED, ...stored.circuit },
});

/** The paces in force: the configured one and the adaptive one. */
export interface Paces {
  readonly pace: Pace | null;
  readonly throttle: Pace | null;
}

const buildPaces = (state: GateState, limits: GateLimits): Paces => {
  const pace = limits.rate_limit === null ? null : buildPace(limits.rate_limit);
  return { pace, throttle: state.throttle === null ? null : throttlePace(state.throttle, pace?.intervalMs ?? null) };
};

/** The state under these limits now. */
export function current(before: GateState, limits: GateLimits, now: number): { state: GateState; paces: Paces } {
  const pace = limits.rate_limit === null ? null : buildPace(limits.rate_limit);
  const throttle = limits.adaptive && before.throttle !== null ? before.throttle : null;
  const state: GateState = {
    ...before,
    leases: liveLeases(before.leases, now),
    pace: pace === null ? IDLE : settle(before.pace, pace, now),
    throttle: throttle === null ? null : settled(throttle, pace?.intervalMs ?? null, now),
    circuit: underPolicy(before.circuit, limits.circuit, now),
    pause_until: before.pause_until !== null && before.pause_until > now ? before.pause_until : null,
  };
  return { state, paces: buildPaces(state, limits) };
}

/** Gives up all reserved slots. */
export const forgetting = (state: GateState, now: number): GateState => ({
  ...state,
  pace: withoutPromises(state.pace, now),
  throttle: state.throttle === null ? null : { ...state.throttle, pace: withoutPromises(state.throttle.pace, now) },
  places: NO_LINE,
  wake: 0,
  heard: now,
});

type Next = (state: PaceState, pace: Pace, now: number) => number;

/** The first time at or after `now` that both paces permit. */
export function nextTime(state: GateState, { pace, throttle }: Paces, now: number, next: Next): number {
  const configured = pace === null ? now : next(state.pace, pace, now);
  return throttle === null || state.throttle === null
    ? configured
    : Math.max(configured, next(state.throttle.pace, throttle, now));
}

export const promised = (state: GateState, { pace, throttle }: Paces, at: number): GateState => ({
  ...state,
  pace: pace === null ? state.pace : afterPromise(state.pace, pace, at),
  throttle:
    throttle === null || state.throttle === null
      ? state.throttle
      : { ...state.throttle, pace: afterPromise(state.throttle.pace, throttle, at) },
});

/** What pauses the whole destination now; null if nothing does. @param probing whether this delivery may be the probe */
export function findPause(
  state: GateState,
  limits: GateLimits,
  now: number,
  probing: boolean,
): { readonly at: number; readonly by: "retry_after" | "circuit" } | null {
  if (state.pause_until !== null) return { at: state.pause_until, by: "retry_after" };
  const circuit = circuitState(state.circuit, limits.circuit, now);
  return circuit === "open" || (circuit === "half_open" && !probing)
    ? { at: openingAt(state, now), by: "circuit" }
    : null;
}

/** When the circuit next permits a send: when its open time ends, or the probe in flight. */
const openingAt = (state: GateState, now: number): number =>
  Math.max(
    state.circuit.open_until ?? now,
    now + 1_000,
    ...state.leases.filter((lease) => lease.probe).map((lease) => Math.min(lease.expires_at, now + 2 * state.mean_ms)),
  );
