// The state of an alert after each check: it opens, repeats and resolves. Pure. The state contains the pending notice, so that it is sent
// after a crash too.
import { MINUTE_MS, SECOND_MS } from "../kernel/durations.ts";
import type { Alert, AlertState, KeptNotice, Observation } from "../model/alert.ts";

/** How long a failed notice waits. Doubles with each failure. */
const FIRST_RETRY_MS = MINUTE_MS;
const MAX_RETRY_MS = 60 * MINUTE_MS;

export function advance({ id, spec, state: before }: Alert, observed: Observation, now: number): AlertState {
  const { verdict } = observed;
  const since = (held: AlertState["since"], holds: boolean): number | null =>
    holds ? (held ?? now) : verdict === "unknown" ? held : null;
  const seen: AlertState = {
    ...before,
    value: observed.value,
    breached_since: since(before.breached_since, verdict === "breached"),
    clear_since: before.state === "ok" ? null : since(before.clear_since, verdict === "clear"),
  };
  const notify = (kind: KeptNotice["kind"], incident: string): Pick<AlertState, "notice" | "noticed_at"> => ({
    noticed_at: now,
    notice: {
      id: `${incident}-${kind}-${now}`,
      kind,
      incident,
      at: now,
      value: observed.value,
      details: observed.details,
      attempts: 0,
      next_at: now,
    },
  });
  if (before.state === "ok") {
    if (!spec.enabled) return { ...seen, breached_since: null };
    const held = verdict === "breached" && now - (seen.breached_since ?? now) >= spec.for_seconds * SECOND_MS;
    if (!held) return seen;
    const incident = `${id}-${now}`;
    return { ...seen, state: "firing", since: now, incident, ...notify("opened", incident) };
  }
  const incident = before.incident ?? id;
  const gone = verdict === "clear" && now - (seen.clear_since ?? now) >= spec.resolve_after_seconds * SECOND_MS;
  // A disabled alert resolves, so that the incident is closed in the target as well.
  if (gone || !spec.enabled) {
    const over = { breached_since: null, clear_since: null, incident: null };
    return { ...seen, state: "ok", since: now, ...over, ...notify("resolved", incident) };
  }
  const repeats =
    spec.repeat_minutes !== null &&
    before.notice === null &&
    now - (before.noticed_at ?? now) >= spec.repeat_minutes * MINUTE_MS;
  return repeats ? { ...seen, ...notify("repeated", incident) } : seen;
}

export const afterSent = (state: AlertState, now: number): AlertState => ({
  ...state,
  notice: null,
  last_sent_at: now,
  last_error: null,
});

export function afterFailure(state: AlertState, notice: KeptNotice, error: string, now: number): AlertState {
  const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(notice.attempts, 10));
  return { ...state, notice: { ...notice, attempts: notice.attempts + 1, next_at: now + waitMs }, last_error: error };
}
