// Ends of issues: one closes once its destination has succeeded since, nothing has failed for its cause for a while, and no dead letter is left. What is
// older than the record's retention is removed.
import { ISSUE_CHECK, ISSUE_CHECK_MS, ISSUE_QUIET_MS, MAX_LISTED_ISSUES } from "../config/record-limits.ts";
import { MINUTE_MS } from "../kernel/durations.ts";
import { SLUICE_ACTOR } from "../model/audit.ts";
import { isFinal, type DeliveryStatus } from "../model/lifecycle.ts";
import { OTHER_CAUSE, type Issue } from "../model/issue.ts";
import { deadByCause } from "./issues.ts";
import { readMark, writeMark } from "./marks.ts";

const MARK = "issues_checked";

type Quiet = Pick<Issue, "destination_id" | "cause" | "last_seen_at" | "last_delivery_id"> & {
  /** Of that delivery; null where it is gone. */
  readonly status: DeliveryStatus | null;
};

/** Closes what is over. @returns how many */
export async function closeIssues(db: D1Database, now: number): Promise<number> {
  const checked = (await readMark(db, MARK)) ?? 0;
  if (now - checked < ISSUE_CHECK_MS) return 0;
  const { results: quiet } = await db
    .prepare(
      `SELECT i.destination_id, i.cause, i.last_seen_at, i.last_delivery_id, d.status
       FROM issues i LEFT JOIN deliveries d ON d.id = i.last_delivery_id
       WHERE i.closed_at IS NULL AND i.last_seen_at <= ?1 LIMIT ${MAX_LISTED_ISSUES}`,
    )
    .bind(now - ISSUE_QUIET_MS)
    .all<Quiet>();
  if (quiet.length === 0) return 0;
  const succeeded = await successes(db, quiet, checked);
  const over = quiet.filter((issue) => hasSucceeded(issue, succeeded.get(issue.destination_id) ?? 0));
  const closed = over.length === 0 ? 0 : await closeEach(db, over, now);
  await writeMark(db, MARK, now);
  return closed;
}

/** A delivery that waits will show whether the cause is gone. */
const hasSucceeded = ({ status, last_seen_at }: Quiet, succeededAt: number): boolean =>
  status === "delivered" || ((status === null || isFinal(status)) && succeededAt > last_seen_at);

/**
 * The latest minute in which each destination has succeeded. An issue that was quiet at the last check was compared with what came before that check; the
 * others have failed later than a quiet time before it.
 */
async function successes(
  db: D1Database,
  quiet: readonly Quiet[],
  checked: number,
): Promise<ReadonlyMap<string, number>> {
  const from = Math.max(checked - ISSUE_QUIET_MS, Math.min(...quiet.map((issue) => issue.last_seen_at)));
  const { results } = await db
    .prepare(
      `SELECT destination_id, MAX(at) AS at FROM (
         SELECT destination_id, at, counts FROM counters WHERE step = ${MINUTE_MS} AND at >= ?1 ORDER BY step DESC, at DESC LIMIT ${ISSUE_CHECK.counters})
       WHERE counts ->> '$.delivered' > 0 AND destination_id IN (SELECT value FROM json_each(?2)) GROUP BY 1`,
    )
    .bind(from, JSON.stringify(quiet.map((issue) => issue.destination_id)))
    .all<{ destination_id: string; at: number }>();
  return new Map(results.map(({ destination_id, at }) => [destination_id, at]));
}

async function closeEach(db: D1Database, over: readonly Quiet[], now: number): Promise<number> {
  const left = await deadByCause(
    [db],
    over.map(({ destination_id }) => destination_id),
  );
  const ended = over.filter(({ destination_id, cause }) => {
    const { causes, exact } = left.get(destination_id) ?? { causes: new Map<string, number>(), exact: true };
    // Further causes have no name: any dead letter may be theirs.
    return exact && (cause === OTHER_CAUSE ? causes.size === 0 : !causes.has(cause));
  });
  if (ended.length === 0) return 0;
  const { meta } = await db
    .prepare(
      `UPDATE issues SET closed_at = ?2, closed_by = '${SLUICE_ACTOR.id}' FROM json_each(?1) e
       WHERE closed_at IS NULL AND destination_id = e.value ->> '$.destination_id' AND issues.cause = e.value ->> '$.cause'
         AND last_seen_at = e.value ->> '$.last_seen_at'`,
    )
    .bind(JSON.stringify(ended), now)
    .run();
  return meta.changes;
}

/** Removes what was last seen before `before` and is not muted, and what has lost its destination. @returns how many */
export async function pruneIssues(db: D1Database, before: number): Promise<number> {
  const { meta } = await db
    .prepare(
      `DELETE FROM issues WHERE (last_seen_at < ?1 AND muted_at IS NULL) OR NOT EXISTS (SELECT 1 FROM destinations t WHERE t.id = issues.destination_id)`,
    )
    .bind(before)
    .run();
  return meta.changes;
}
