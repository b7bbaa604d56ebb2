// Measures what alert rules compare: counters within the window, waiting deliveries, circuits that are not closed, the database. One round trip for all
// rules. Counters are read by time, and a bounded number of waiting deliveries is counted.
import { MAX_ALERT_ROWS, MAX_WAITING_COUNTED, MINUTE_WINDOW_SECONDS } from "../config/limits.ts";
import type { Watermarks } from "../config/env.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../kernel/durations.ts";
import type { AlertSpec, Reading, RuleType } from "../model/alert.ts";
import { percentOf } from "../model/watermarks.ts";
import type { RollMarks } from "../stats/index.ts";
import { marksStatement, rollMarks } from "./counter-rollup.ts";
import { issueId } from "../model/issue.ts";
import type { issues } from "./schema.ts";
import { countersSql } from "./stats.ts";
import { WAITING } from "./status-lists.ts";

const NAMED = "COALESCE((SELECT t.slug FROM destinations t WHERE t.id = g.destination_id), g.destination_id, '')";

/** `issueStatus` of model/issue.ts is `open`, for an issue `g`. `?2` is the time. */
const IS_OPEN = `g.closed_at IS NULL AND g.acknowledged_at IS NULL
  AND (g.muted_at IS NULL OR g.muted_until <= ?2)`;
type IssueRow = typeof issues.$inferSelect;

/** @returns a reading for each rule, in order */
export async function readForAlerts(
  db: D1Database,
  specs: readonly AlertSpec[],
  watermarks: Pick<Watermarks, "limitBytes">,
  now: number,
): Promise<Reading[]> {
  const counts = specs.some(({ rule }) => windowSeconds(rule) !== null);
  const marks = counts ? rollMarks((await marksStatement(db).all()).results) : { hours: 0, days: 0 };
  const results = await db.batch<object>(specs.map((spec) => readingStatement(db, spec, marks, now)));
  return specs.map(({ rule }, index) => {
    const result = results[index];
    return rule.type === "storage"
      ? { kind: "storage", percent: percentOf(result?.meta.size_after ?? 0, watermarks) }
      : toReading(rule.type, result?.results ?? []);
  });
}

const windowSeconds = (rule: AlertSpec["rule"]): number | null =>
  "window_seconds" in rule ? rule.window_seconds : null;

function readingStatement(db: D1Database, spec: AlertSpec, marks: RollMarks, now: number): D1PreparedStatement {
  const { rule, source, destination } = spec;
  switch (rule.type) {
    case "dead_letters":
    case "success_rate": {
      const step = rule.window_seconds > MINUTE_WINDOW_SECONDS ? HOUR_MS : MINUTE_MS;
      const from = Math.floor((now - rule.window_seconds * SECOND_MS) / step) * step;
      return db
        .prepare(
          `SELECT ${NAMED} AS name, dead, attempts, failed FROM (
             SELECT destination_id, SUM(COALESCE(counts ->> '$.dead', 0)) AS dead,
               SUM(COALESCE(counts ->> '$.attempts', 0)) AS attempts, SUM(COALESCE(counts ->> '$.failed_attempts', 0)) AS failed
             FROM (${countersSql({ from, to: now + 1, step }, marks)}) WHERE destination_id <> ''
             GROUP BY 1 ORDER BY dead DESC, failed DESC LIMIT ${MAX_ALERT_ROWS}) AS g`,
        )
        .bind(source, destination);
    }
    case "oldest_message":
    case "backlog": {
      const oldest = rule.type === "oldest_message";
      // Reads the index alone, unless the rule needs the deliveries' ages.
      return db
        .prepare(
          `SELECT ${NAMED} AS name, count, oldest_at FROM (
             SELECT w.destination_id, COUNT(*) AS count, ${oldest ? "MIN(d.created_at)" : "0"} AS oldest_at
             FROM (SELECT id, status, destination_id FROM deliveries INDEXED BY deliveries_due
                   WHERE status IN ${WAITING} ORDER BY next_attempt_at LIMIT ${MAX_WAITING_COUNTED}) AS w
               ${oldest ? "CROSS JOIN deliveries d ON d.id = w.id" : ""}
             WHERE w.status <> 'scheduled' AND (?1 IS NULL OR w.destination_id = ?1)
             GROUP BY 1 ORDER BY count DESC LIMIT ${MAX_ALERT_ROWS}) AS g`,
        )
        .bind(destination);
    }
    case "open_issues":
      return db
        .prepare(
          `SELECT ${NAMED} AS destination, g.* FROM issues g
           WHERE ${IS_OPEN} AND (?1 IS NULL OR g.destination_id = ?1) ORDER BY g.count DESC LIMIT ${MAX_ALERT_ROWS}`,
        )
        .bind(destination, now);
    case "circuit_open":
      return db
        .prepare(
          `SELECT t.slug AS name FROM destination_states s JOIN destinations t ON t.id = s.destination_id
           WHERE s.circuit <> 'closed' AND json_extract(t.spec, '$.circuit') IS NOT NULL AND (?1 IS NULL OR t.id = ?1)
           ORDER BY s.destination_id LIMIT ${MAX_ALERT_ROWS}`,
        )
        .bind(destination);
    // Read over all databases at once.
    case "destination_failing":
    case "source_refusing":
    // Every query reports the size of the database.
    case "storage":
      return db.prepare("SELECT 1");
  }
}

function toReading(type: Exclude<RuleType, "storage">, rows: readonly object[]): Reading {
  switch (type) {
    case "dead_letters":
    case "success_rate":
      return { kind: "counts", rows: rows as Extract<Reading, { kind: "counts" }>["rows"] };
    case "oldest_message":
    case "backlog":
      return { kind: "waiting", rows: rows as Extract<Reading, { kind: "waiting" }>["rows"] };
    case "open_issues":
      return {
        kind: "issues",
        rows: (rows as (IssueRow & { destination: string })[]).map((row) => ({
          name: `${row.destination}: ${row.cause}`,
          count: row.count,
          issue: issueId(row),
        })),
      };
    case "circuit_open":
      return { kind: "circuits", names: (rows as { name: string }[]).map(({ name }) => name) };
    case "destination_failing":
    case "source_refusing":
      return { kind: "health", rows: [] };
  }
}
