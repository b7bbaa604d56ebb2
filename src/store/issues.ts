// Reads issues from all databases and keeps what is decided about them. Each database counts the failures that it records, so an issue may have a row
// in each; a decision is written to all of them.
import { ISSUE_CHECK, MAX_LISTED_ISSUES } from "../config/record-limits.ts";
import type { AuditEntry } from "../model/audit.ts";
import type { DestinationId } from "../model/ids.ts";
import { issueId, mergeIssue, type Issue, type IssueDecision, type IssueKey } from "../model/issue.ts";
import { auditStatement } from "./audit.ts";
import { causeSql } from "./causes.ts";
import { issues } from "./schema.ts";
import { columnsOf, extracts } from "./statements.ts";

const COLUMNS = columnsOf(issues);
const DECIDED = [
  "acknowledged_at",
  "muted_at",
  "muted_until",
  "closed_at",
  "closed_by",
] as const satisfies (keyof IssueDecision)[];

/** Merged over the databases, in no order. @param of only of this destination, or this cause of it */
export async function readIssues(
  databases: readonly D1Database[],
  of: Partial<IssueKey> = {},
): Promise<readonly Issue[]> {
  const found = await Promise.all(
    databases.map((db) =>
      db
        .prepare(
          `SELECT * FROM issues WHERE (?1 IS NULL OR destination_id = ?1) AND (?2 IS NULL OR cause = ?2)
           ORDER BY destination_id, cause LIMIT ${MAX_LISTED_ISSUES}`,
        )
        .bind(of.destination_id ?? null, of.cause ?? null)
        .all<Issue>(),
    ),
  );
  const rows = found.flatMap(({ results }) => results);
  return [...Map.groupBy(rows, issueId).values()].map((same) => mergeIssue(same as [Issue, ...Issue[]]));
}

/** Decides about an issue in all databases. One that has no row of it gets one that counts nothing: it would open the issue anew. */
export async function decideIssue(
  databases: readonly D1Database[],
  issue: Issue,
  decision: IssueDecision,
  entry: AuditEntry,
): Promise<void> {
  const row = JSON.stringify([{ ...issue, count: 0, ...decision }]);
  for (const [index, db] of databases.entries())
    await db.batch([
      db
        .prepare(
          `INSERT INTO issues (${COLUMNS.join(", ")}) SELECT ${extracts(COLUMNS)} FROM json_each(?1) WHERE true
           ON CONFLICT DO UPDATE SET ${DECIDED.map((column) => `${column} = excluded.${column}`).join(", ")}`,
        )
        .bind(row),
      ...(index === 0 ? [auditStatement(db, [entry])] : []),
    ]);
}

/** Dead deliveries among the latest of one destination, by cause. */
interface DeadByCause {
  readonly causes: ReadonlyMap<string, number>;
  /** False where there are more than were examined. */
  readonly exact: boolean;
}

const deadStatement = (db: D1Database, destination: string): D1PreparedStatement =>
  db
    .prepare(
      `SELECT ${causeSql()} AS cause, COUNT(*) AS n FROM (
         SELECT last_error, last_response_status FROM deliveries INDEXED BY deliveries_dead
         WHERE status = 'dead' AND destination_id = ?1 ORDER BY id DESC LIMIT ${ISSUE_CHECK.dead}) GROUP BY 1`,
    )
    .bind(destination);

/** Of each destination, over all databases. */
export async function deadByCause(
  databases: readonly D1Database[],
  destinations: readonly DestinationId[],
): Promise<ReadonlyMap<string, DeadByCause>> {
  const distinct = [...new Set(destinations)];
  if (distinct.length === 0) return new Map();
  const found = await Promise.all(
    databases.map((db) => db.batch<{ cause: string | null; n: number }>(distinct.map((id) => deadStatement(db, id)))),
  );
  return new Map(
    distinct.map((id, index) => {
      const each = found.map((results) => results[index]?.results ?? []);
      const causes = new Map<string, number>();
      for (const { cause, n } of each.flat()) causes.set(cause ?? "", (causes.get(cause ?? "") ?? 0) + n);
      return [id, { causes, exact: each.every((rows) => rows.reduce((sum, { n }) => sum + n, 0) < ISSUE_CHECK.dead) }];
    }),
  );
}
