// Puts the real bindings behind alerts. Wiring only.
import { countsQueue, notify, watchAlerts, withQueue, type NotifyPorts, type WatchPorts } from "../../alerts/index.ts";
import { MAX_ALERTS } from "../../config/limits.ts";
import { capture } from "../../kernel/result.ts";
import type { Alert, Notice } from "../../model/alert.ts";
import { issueId, issueStatus, type Issue } from "../../model/issue.ts";
import type { Runtime } from "../runtime.ts";
import { databasesOf } from "../databases.ts";
import { eventBacklog, readBacklogs } from "../queues.ts";
import * as store from "../../store/index.ts";
import { describeError } from "../../telemetry/index.ts";
import { httpSender } from "../../outbound/index.ts";
import { probe } from "../../outbound/probe.ts";

const notifyPorts = ({ now, urls, fetch, vault, callbackSecrets, settings }: Runtime): NotifyPorts => ({
  origin: settings.publicOrigin,
  now,
  urls,
  openSecrets: vault.openSecrets,
  callbackSecrets,
  send: httpSender({ fetch, readStored: async () => null, probe, now }),
});

/** Sends one notification now. */
export const notifyNow = (
  runtime: Runtime,
  alert: Pick<Alert, "id" | "spec">,
  notice: Notice,
): ReturnType<typeof notify> => notify(alert, notice, notifyPorts(runtime));

/** @param change for tests */
export function watch(runtime: Runtime, change: Partial<WatchPorts> = {}): Promise<number> {
  const { env, log, settings } = runtime;
  return watchAlerts({
    ...notifyPorts(runtime),
    log,
    list: async () =>
      (await store.listAlerts(env.DB, MAX_ALERTS, null)).flatMap((row) => {
        const alert = capture(() => store.alertFromRow(row));
        if (!alert.ok) log.error("alert unreadable", { alert: row.id, error: describeError(alert.error) });
        return alert.ok ? [alert.value] : [];
      }),
    measure: async (specs, now) => {
      const measured = await store.readAllForAlerts(databasesOf(env), specs, settings.watermarks, now);
      const readings = await store.withHealth(databasesOf(env), specs, measured, now);
      if (!specs.some(countsQueue)) return readings;
      const events = eventBacklog(await readBacklogs(env));
      return readings.map((reading, index) => withQueue(specs[index], reading, events));
    },
    latestIssues: async () => latestIssues(await store.readIssues(databasesOf(env)), env.DB, runtime.now()),
    save: async (alert, state) => {
      const moved = await store.moveAlert(env.DB, alert, state);
      if (moved !== null && state.state !== alert.state.state) await showPages(runtime);
      return moved;
    },
    ...change,
  });
}

/** The id of the issue of each destination that is open and has failed last, by the destination's slug. */
async function latestIssues(issues: readonly Issue[], db: D1Database, now: number): Promise<Map<string, string>> {
  const open = issues.filter((issue) => issueStatus(issue, now) === "open");
  const slugs = await store.readSlugs(
    db,
    "destinations",
    open.map((issue) => issue.destination_id),
  );
  return new Map(
    open
      .sort((a, b) => a.last_seen_at - b.last_seen_at)
      .map((issue) => [slugs.get(issue.destination_id) ?? issue.destination_id, issueId(issue)]),
  );
}

/** Open pages show an alert that opens or is resolved. Rare enough for a read of its own. */
async function showPages({ env, live, log }: Runtime): Promise<void> {
  try {
    live.learn(await store.readWatch(env.DB));
    await live.changed();
  } catch (error) {
    log.error("live feed not notified", { error: describeError(error) });
  }
}
