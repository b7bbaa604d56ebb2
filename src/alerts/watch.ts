// One check of all alerts: measures, updates each state, sends the notices that are due. A notice is stored before it is sent and removed
// afterwards: after a crash between the two it is sent once more, under the same id.
import { MAX_OPEN_REQUESTS } from "../config/limits.ts";
import { SWEEP_BUDGETS_MS } from "../config/record-limits.ts";
import { runPool } from "../kernel/pool.ts";
import type { Alert, AlertSpec, AlertState, Reading } from "../model/alert.ts";
import type { Logger } from "../telemetry/index.ts";
import { advance, afterFailure, afterSent } from "./advance.ts";
import { withIssues } from "./issue-links.ts";
import { observe } from "./observe.ts";
import { notify, type NotifyPorts } from "./notify.ts";

export interface WatchPorts extends NotifyPorts {
  readonly log: Logger;
  readonly list: () => Promise<readonly Alert[]>;
  /** One reading per spec, in order. Bounded reads. */
  readonly measure: (specs: readonly AlertSpec[], now: number) => Promise<readonly Reading[]>;
  /** The latest open issue of each destination, by slug. Read only where a new notice names destinations. */
  readonly latestIssues: () => Promise<ReadonlyMap<string, string>>;
  /** The alert in its new state. Null when something else has changed it meanwhile. */
  readonly save: (alert: Alert, state: AlertState) => Promise<Alert | null>;
}

/** @returns how many notices were sent */
export async function watchAlerts(ports: WatchPorts): Promise<number> {
  const started = ports.now();
  const alerts = await ports.list();
  // A disabled alert is checked only to resolve an open incident.
  const watched = alerts.filter(({ spec, state }) => spec.enabled || state.state === "firing" || state.notice !== null);
  if (watched.length === 0) return 0;
  const readings = await ports.measure(
    watched.map(({ spec }) => spec),
    started,
  );
  const due: Alert[] = [];
  let issues: ReturnType<WatchPorts["latestIssues"]> | null = null;
  const latest = (): ReturnType<WatchPorts["latestIssues"]> => (issues ??= ports.latestIssues());
  for (const [index, alert] of watched.entries()) {
    const reading = readings[index];
    if (reading === undefined) continue;
    const advanced = advance(alert, observe(alert.spec.rule, reading, started), started);
    const isNew = advanced.notice !== null && advanced.notice.id !== alert.state.notice?.id;
    const state = isNew && advanced.notice?.details.length ? withIssues(advanced, await latest()) : advanced;
    const changed = JSON.stringify(state) !== JSON.stringify(alert.state);
    const moved = changed ? await ports.save(alert, state) : alert;
    if (moved !== null && state.notice !== null && state.notice.next_at <= started) due.push(moved);
  }
  let sent = 0;
  await runPool(
    due,
    MAX_OPEN_REQUESTS,
    async (alert) => {
      if (await notifyOne(alert, ports)) sent += 1;
    },
    () => ports.now() - started < SWEEP_BUDGETS_MS.alerts,
  );
  return sent;
}

async function notifyOne(alert: Alert, ports: WatchPorts): Promise<boolean> {
  const { notice } = alert.state;
  if (notice === null) return false;
  const result = await notify(alert, notice, ports);
  const now = ports.now();
  if (!result.ok) ports.log.error("alert not sent", { alert: alert.id, notice: notice.kind, error: result.error });
  const after = result.ok ? afterSent(alert.state, now) : afterFailure(alert.state, notice, result.error, now);
  await ports.save(alert, after);
  return result.ok;
}
