// Circuit breaker: closed, open, half-open with a single probe. Pure.
import { SECOND_MS } from "../kernel/durations.ts";
import type { CircuitPolicy } from "../model/policies.ts";
import type { CircuitState } from "./protocol.ts";

export interface Circuit {
  readonly failures: number;
  /** Openings in a row without a success between them; 0 means closed. */
  readonly openings: number;
  /** When a probe may go. Milliseconds since the epoch; null while closed. */
  readonly open_until: number | null;
}

export const CLOSED: Circuit = { failures: 0, openings: 0, open_until: null };

/** `half_open` says that a probe may go, or is under way. */
export const circuitState = (circuit: Circuit, policy: CircuitPolicy | null, now: number): CircuitState =>
  policy === null || circuit.open_until === null ? "closed" : now < circuit.open_until ? "open" : "half_open";

export function openFor(policy: CircuitPolicy, openings: number): number {
  return Math.min(policy.max_open_seconds, policy.open_seconds * 2 ** Math.min(30, openings - 1)) * SECOND_MS;
}

export interface Tally {
  readonly successes: number;
  readonly failures: number;
  readonly trailing_failures: number;
}

/**
 * The circuit after a group of sends.
 * @param probe whether this was the half-open probe: it alone closes the circuit or opens it anew, later reports of sends
 *   that began before the opening change nothing
 */
export function afterSends(
  circuit: Circuit,
  policy: CircuitPolicy | null,
  tally: Tally,
  probe: boolean,
  now: number,
): Circuit {
  const failures = tally.successes > 0 ? tally.trailing_failures : circuit.failures + tally.failures;
  if (policy === null) return { ...CLOSED, failures };
  if (circuit.open_until !== null) {
    if (!probe || tally.successes + tally.failures === 0) return circuit;
    if (tally.failures === 0) return CLOSED;
    const openings = circuit.openings + 1;
    return { failures, openings, open_until: now + openFor(policy, openings) };
  }
  return failures >= policy.failure_threshold
    ? { failures, openings: 1, open_until: now + openFor(policy, 1) }
    : { ...CLOSED, failures };
}
