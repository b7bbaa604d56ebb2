// Bulk replays in D1. A run goes through the keys, oldest first, over the deliveries that had ended when it was created.
import type { AuditEntry } from "../model/audit.ts";
import { firstKeyAt, type DeliveryId, type ReplayId } from "../model/ids.ts";
import type { Replay, ReplayFilter, Run } from "../model/replay.ts";
import { sqlList } from "./status-lists.ts";
import { auditStatement } from "./audit.ts";
import { keyRange } from "./replay-filter.ts";
import { replays } from "./schema.ts";
import { columnsOf, extracts } from "./statements.ts";
import type { Page } from "./scan.ts";

type RunRow = typeof replays.$inferSelect;
const COLUMNS = columnsOf(replays);

const runFromRow = (row: RunRow): Run => ({
  ...row,
  filter: JSON.parse(row.filter) as ReplayFilter,
  latest: JSON.parse(row.latest) as DeliveryId[],
  matched_exact: row.matched_exact === 1,
  collected: row.collected === 1,
});

/** Inserts a run. One that is on record already stays as it is. */
export async function insertReplay(
  db: D1Database,
  run: Pick<Replay, "id" | "filter" | "rate_per_second" | "matched" | "matched_exact" | "created_at">,
  entry: AuditEntry,
): Promise<void> {
  const { from, to } = keyRange(run.filter, run.created_at);
  const row: RunRow = {
    ...run,
    status: "running",
    filter: JSON.stringify(run.filter),
    matched_exact: Number(run.matched_exact),
    seen: 0,
    collected: 0,
    queued: 0,
    done: 0,
    failed: 0,
    after: from,
    until: to,
    latest: "[]",
    step: 0,
    next_at: run.created_at,
    finished_at: null,
  };
  await db.batch([
    db
      .prepare(
        `INSERT INTO replays (${COLUMNS.join(", ")}) SELECT ${extracts(COLUMNS)} FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`,
      )
      .bind(JSON.stringify([row])),
    auditStatement(db, [entry]),
  ]);
}

export async function readRun(db: D1Database, id: string): Promise<Run | null> {
  const row = await db.prepare("SELECT * FROM replays WHERE id = ?1").bind(id).first<RunRow>();
  return row === null ? null : runFromRow(row);
}

export async function listReplays(db: D1Database, before: string | null, limit: number): Promise<Page<Run>> {
  const { results } = await db
    .prepare("SELECT * FROM replays WHERE id < ?1 ORDER BY id DESC LIMIT ?2")
    .bind(before ?? "rpl_~", limit + 1)
    .all<RunRow>();
  const rows = results.slice(0, limit).map(runFromRow);
  return { rows, next: results.length > limit ? (rows.at(-1)?.id ?? null) : null };
}

/** Stops a run: it queues nothing more, and what it has queued is delivered. Null when it has ended. */
export async function cancelReplay(db: D1Database, id: string, now: number, entry: AuditEntry): Promise<Run | null> {
  const [changed] = await db.batch<RunRow>([
    db
      .prepare(
        "UPDATE replays SET status = 'cancelled', finished_at = ?2 WHERE id = ?1 AND status = 'running' RETURNING *",
      )
      .bind(id, now),
    auditStatement(db, [entry]),
  ]);
  const row = changed?.results[0];
  return row === undefined ? null : runFromRow(row);
}

/** The states of a run's delivery before its first attempt. */
const UNATTEMPTED = sqlList(["pending", "deferred", "held"]);

export async function stillWaits(db: D1Database, run: Run): Promise<boolean> {
  if (run.latest.length === 0) return false;
  const row = await db
    .prepare(
      `SELECT COUNT(*) AS ours, COALESCE(SUM(status IN ${UNATTEMPTED}), 0) AS waiting
       FROM deliveries WHERE id IN (SELECT value FROM json_each(?1)) AND replay_id = ?2`,
    )
    .bind(JSON.stringify(run.latest), run.id)
    .first<{ ours: number; waiting: number }>();
  return row !== null && row.waiting * 2 > row.ours;
}

export async function putOff(db: D1Database, run: Run, until: number): Promise<boolean> {
  const { meta } = await db
    .prepare("UPDATE replays SET next_at = ?3, step = step + 1 WHERE id = ?1 AND status = 'running' AND step = ?2")
    .bind(run.id, run.step, until)
    .run();
  return meta.changes > 0;
}

/** Runs whose next step was due before `before`: its message is lost. They become due now. */
export async function stalledReplays(
  db: D1Database,
  before: number,
  now: number,
): Promise<{ readonly id: ReplayId; readonly step: number }[]> {
  const { results } = await db
    .prepare(
      "UPDATE replays SET next_at = ?2 WHERE status = 'running' AND collected = 0 AND next_at <= ?1 RETURNING id, step",
    )
    .bind(before, now)
    .all<{ id: ReplayId; step: number }>();
  return results;
}

/** Removes runs from before `before` that have ended. @returns how many */
export async function pruneReplays(db: D1Database, before: number): Promise<number> {
  const { meta } = await db
    .prepare("DELETE FROM replays WHERE id < ?1 AND status <> 'running'")
    .bind(`rpl_${firstKeyAt("dlv", before).slice(4)}`)
    .run();
  return meta.changes;
}
