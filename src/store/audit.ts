// The audit log in D1. An entry is written in the batch that makes the change, and only if the batch changes something.
import { AUDIT_SCAN_ROWS } from "../config/record-limits.ts";
import { sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { AuditEntry } from "../model/audit.ts";
import { firstKeyAt } from "../model/ids.ts";
import type { Page } from "./scan.ts";
import { audit } from "./schema.ts";
import { columnsOf, extracts, jsonParameters } from "./statements.ts";

const COLUMNS = columnsOf(audit);
const SELECT = `SELECT ${extracts(COLUMNS)} FROM json_each(`;
// Whether the statement before this one has changed a row: its own condition may not have been met.
const IF_CHANGED = ") WHERE changes() > 0";

/** Must directly follow the statement that makes the change, in the same batch. */
export const auditStatement = (db: D1Database, entries: readonly AuditEntry[]): D1PreparedStatement =>
  db.prepare(`INSERT INTO audit (${COLUMNS.join(", ")}) ${SELECT}?1${IF_CHANGED}`).bind(JSON.stringify(entries));

/** The same for any number of entries. */
export const auditStatements = (db: D1Database, entries: readonly AuditEntry[]): D1PreparedStatement[] =>
  jsonParameters(entries).map((rows) =>
    db.prepare(`INSERT INTO audit (${COLUMNS.join(", ")}) ${SELECT}?1${IF_CHANGED}`).bind(rows),
  );

/** The same for a batch of drizzle's, which accepts no raw statements. */
export const auditInsert = (db: DrizzleD1Database, entries: readonly AuditEntry[]): BatchItem<"sqlite"> =>
  db.insert(audit).select(sql`${sql.raw(SELECT)}${JSON.stringify(entries)}${sql.raw(IF_CHANGED)}`);

export interface AuditFilter {
  readonly actor?: string;
  readonly kind?: string;
  /** An id, or a slug or name. */
  readonly resource?: string;
  /** Keys from (inclusive) and to (exclusive). */
  readonly from: string;
  readonly to: string;
}

type AuditRow = typeof audit.$inferSelect;

/** Newest first. */
export async function listAudit(db: D1Database, filter: AuditFilter, limit: number): Promise<Page<AuditEntry>> {
  const scan = `SELECT * FROM audit WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ${AUDIT_SCAN_ROWS}`;
  const range = [filter.from, filter.to] as const;
  const [found, scanned] = await db.batch([
    db
      .prepare(
        `SELECT * FROM (${scan}) WHERE (?3 IS NULL OR actor = ?3) AND (?4 IS NULL OR kind = ?4)
           AND (?5 IS NULL OR resource_id = ?5 OR resource_name = ?5) ORDER BY id DESC LIMIT ?6`,
      )
      .bind(...range, filter.actor ?? null, filter.kind ?? null, filter.resource ?? null, limit + 1),
    db.prepare(`SELECT COUNT(*) AS entries, MIN(id) AS last FROM (${scan})`).bind(...range),
  ]);
  const all = ((found?.results ?? []) as AuditRow[]).map((row) => ({
    ...row,
    changed: JSON.parse(row.changed) as string[],
  }));
  const rows = all.slice(0, limit);
  const { entries, last } = (scanned?.results[0] ?? { entries: 0, last: null }) as { entries: number; last: string };
  return { rows, next: all.length > limit ? (rows.at(-1)?.id ?? null) : entries === AUDIT_SCAN_ROWS ? last : null };
}

/** Removes a chunk of what is older than `before`; how many entries. */
export async function pruneAudit(db: D1Database, before: number, limit: number): Promise<number> {
  const { meta } = await db
    .prepare("DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < ?1 ORDER BY id LIMIT ?2)")
    .bind(firstKeyAt("aud", before), limit)
    .run();
  return meta.changes;
}
