// Circuit breaker: closed, open, half-open with a single probe. It remembers when it was not closed, because that time does not count towards
// the age of a delivery. Pure.
import { DAY_MS, SECOND_MS } from "../kernel/durations.ts";
import type { CircuitPolicy } from "../model/policies.ts";
import type { CircuitReason, CircuitState, Outage } from "./protocol.ts";

interface Bucket {
  /** When it began. Milliseconds since the epoch. */
  readonly at: number;
  readonly successes: number;
  readonly failures: number;
}

export interface Circuit {
  /** In a row. */
  readonly failures: number;
  /** Openings in a row without a success; 0 means closed. */
  readonly openings: number;
  /** When a probe may go. Milliseconds since the epoch; null while closed. */
  readonly open_until: number | null;
  /** When it left the closed state; null while closed. */
  readonly opened_at: number | null;
  readonly reason: CircuitReason | null;
  /** Sends of the last `window_seconds`, oldest first. */
  readonly window: readonly Bucket[];
  /** Past periods in which it was not closed, oldest first. */
  readonly outages: readonly Outage[];
}

export const CLOSED: Circuit = {
  failures: 0,
  openings: 0,
  open_until: null,
  opened_at: null,
  reason: null,
  window: [],
  outages: [],
};

const BUCKETS = 10;
const MAX_OUTAGES = 50;
/** No delivery may be older. */
const REMEMBERED_MS = 30 * DAY_MS;

/** `half_open`: a probe may be sent or is in flight. */
export const circuitState = (circuit: Circuit, policy: CircuitPolicy | null, now: number): CircuitState =>
  policy === null || circuit.open_until === null ? "closed" : now < circuit.open_until ? "open" : "half_open";

function openFor(policy: CircuitPolicy, openings: number): number {
  return Math.min(policy.max_open_seconds, policy.open_seconds * policy.open_factor ** (openings - 1)) * SECOND_MS;
}

export interface Tally {
  readonly successes: number;
  readonly failures: number;
  /** Answers that say nothing about the destination's health, see `isFailure` in delivery. */
  readonly neutral: number;
  readonly trailing_failures: number;
}

/** Closes a circuit whose policy was removed. */
export const underPolicy = (circuit: Circuit, policy: CircuitPolicy | null, now: number): Circuit =>
  policy === null && circuit.open_until !== null ? closed(circuit, now) : circuit;

const closed = (circuit: Circuit, now: number): Circuit => ({
  ...CLOSED,
  outages: [
    ...circuit.outages.filter(({ to }) => to > now - REMEMBERED_MS),
    ...(circuit.opened_at === null ? [] : [{ from: circuit.opened_at, to: now }]),
  ].slice(-MAX_OUTAGES),
});

/**
 * The circuit after a group of sends.
 * @param probe whether this was the half-open probe. Only the probe closes the circuit or opens it again; late reports of sends that began before
 *   the opening change nothing
 */
export function afterSends(
  before: Circuit,
  policy: CircuitPolicy | null,
  tally: Tally,
  probe: boolean,
  now: number,
): Circuit {
  const circuit = underPolicy(before, policy, now);
  const failures = tally.successes > 0 ? tally.trailing_failures : circuit.failures + tally.failures;
  if (policy === null) return { ...circuit, failures, window: [] };
  if (circuit.open_until !== null) {
    if (!probe || tally.successes + tally.failures + tally.neutral === 0) return circuit;
    // A destination that answers is available again, even if it refuses this request.
    if (tally.failures === 0) return closed(circuit, now);
    const openings = circuit.openings + 1;
    return { ...circuit, failures, openings, open_until: now + openFor(policy, openings) };
  }
  const window = policy.failure_rate === null ? [] : counted(circuit.window, policy, tally, now);
  const reason = reasonToOpen(policy, failures, window);
  if (reason === null) return { ...circuit, failures, window };
  return {
    ...circuit,
    failures,
    openings: 1,
    open_until: now + openFor(policy, 1),
    opened_at: now,
    reason,
    window: [],
  };
}

function counted(window: readonly Bucket[], policy: CircuitPolicy, tally: Tally, now: number): readonly Bucket[] {
  const windowMs = policy.window_seconds * SECOND_MS;
  const kept = window.filter(({ at }) => at > now - windowMs);
  if (tally.successes + tally.failures === 0) return kept;
  const open = kept.at(-1);
  if (open === undefined || now - open.at >= windowMs / BUCKETS)
    return [...kept, { at: now, successes: tally.successes, failures: tally.failures }];
  return [
    ...kept.slice(0, -1),
    { at: open.at, successes: open.successes + tally.successes, failures: open.failures + tally.failures },
  ];
}

function reasonToOpen(policy: CircuitPolicy, failures: number, window: readonly Bucket[]): CircuitReason | null {
  if (failures >= policy.failure_threshold) return "failures_in_a_row";
  if (policy.failure_rate === null) return null;
  const failed = window.reduce((sum, bucket) => sum + bucket.failures, 0);
  const total = window.reduce((sum, bucket) => sum + bucket.successes, failed);
  return total >= policy.min_requests && failed / total >= policy.failure_rate ? "failure_rate" : null;
}

/** Failures that still count. While there are any, consumers must report successes as well. */
export const recentFailures = (circuit: Circuit, policy: CircuitPolicy | null, now: number): number =>
  Math.max(
    circuit.failures,
    policy === null || policy.failure_rate === null
      ? 0
      : circuit.window.reduce(
          (sum, { at, failures }) => sum + (at > now - policy.window_seconds * SECOND_MS ? failures : 0),
          0,
        ),
  );

/** All periods in which it was not closed; the current one until the earliest time at which it can close. */
export const listOutages = (circuit: Circuit, now: number): readonly Outage[] =>
  circuit.opened_at === null
    ? circuit.outages
    : [...circuit.outages, { from: circuit.opened_at, to: Math.max(now, circuit.open_until ?? now) }];

/** How much of the time from `from` to `to` the circuit was not closed. Milliseconds. */
export const outageMs = (outages: readonly Outage[], from: number, to: number): number =>
  outages.reduce((sum, outage) => sum + Math.max(0, Math.min(to, outage.to) - Math.max(from, outage.from)), 0);
