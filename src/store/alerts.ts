// Alerts in D1. The configuration and the state of an alert are separate columns, so that a change of one does not overwrite the other.
import { MAX_ALERTS } from "../config/limits.ts";
import { alertSpecSchema, NEW_ALERT_STATE, type Alert, type AlertState } from "../model/alert.ts";
import { readSpec } from "../model/stored-spec.ts";
import type { AuditEntry } from "../model/audit.ts";
import { auditStatement } from "./audit.ts";
import { alerts } from "./schema.ts";
import { columnsOf, extracts } from "./statements.ts";

export type AlertRow = typeof alerts.$inferSelect;
const COLUMNS = columnsOf(alerts);

export const alertFromRow = (row: Pick<AlertRow, "id" | "spec" | "state" | "revision">): Alert => ({
  id: row.id,
  spec: readSpec(alertSpecSchema, row.spec),
  state: { ...NEW_ALERT_STATE, ...(JSON.parse(row.state) as Partial<AlertState>) },
  revision: row.revision,
});

/** Newest first. @param before the id that the page follows */
export async function listAlerts(db: D1Database, limit: number, before: string | null): Promise<AlertRow[]> {
  const { results } = await db
    .prepare("SELECT * FROM alerts WHERE ?2 IS NULL OR id < ?2 ORDER BY id DESC LIMIT ?1")
    .bind(limit, before)
    .all<AlertRow>();
  return results;
}

export const findAlert = (db: D1Database, id: string): Promise<AlertRow | null> =>
  db.prepare("SELECT * FROM alerts WHERE id = ?1").bind(id).first();

/** False when there are `MAX_ALERTS` already. */
export async function insertAlert(db: D1Database, row: AlertRow, entry: AuditEntry): Promise<boolean> {
  const [inserted] = await db.batch([
    db
      .prepare(
        `INSERT INTO alerts (${COLUMNS.join(", ")}) SELECT ${extracts(COLUMNS)} FROM json_each(?1)
         WHERE (SELECT COUNT(*) FROM alerts) < ${MAX_ALERTS}`,
      )
      .bind(JSON.stringify([row])),
    auditStatement(db, [entry]),
  ]);
  return (inserted?.meta.changes ?? 0) > 0;
}

/** False when the alert has changed since it was read. */
export async function replaceAlertSpec(
  db: D1Database,
  read: Pick<AlertRow, "id" | "spec">,
  spec: string,
  now: number,
  entries: readonly AuditEntry[],
): Promise<boolean> {
  const [changed] = await db.batch([
    db
      .prepare("UPDATE alerts SET spec = ?3, updated_at = ?4 WHERE id = ?1 AND spec = ?2")
      .bind(read.id, read.spec, spec, now),
    auditStatement(db, entries),
  ]);
  return (changed?.meta.changes ?? 0) > 0;
}

/** The alert in its new state; null when it has been moved or deleted since it was read. */
export async function moveAlert(db: D1Database, alert: Alert, state: AlertState): Promise<Alert | null> {
  const { meta } = await db
    .prepare("UPDATE alerts SET state = ?3, revision = revision + 1 WHERE id = ?1 AND revision = ?2")
    .bind(alert.id, alert.revision, JSON.stringify(state))
    .run();
  return meta.changes > 0 ? { ...alert, state, revision: alert.revision + 1 } : null;
}

export async function deleteAlert(db: D1Database, id: string, entry: AuditEntry): Promise<void> {
  await db.batch([db.prepare("DELETE FROM alerts WHERE id = ?1").bind(id), auditStatement(db, [entry])]);
}
