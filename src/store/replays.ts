// Bulk replays in D1: plans, runs and their pieces. A run goes through the keys, oldest first, over the deliveries that had ended when it was
// created.
import { CALLBACK_RATE } from "../config/limits.ts";
import { LATEST_DELIVERIES, MAX_PLANNED_ENTRIES, PIECE_ENTRIES } from "../config/record-limits.ts";
import type { AuditEntry } from "../model/audit.ts";
import type { Delivery } from "../model/delivery.ts";
import { afterKey, firstKeyAt, type DeliveryId, type ReplayId } from "../model/ids.ts";
import { replayShare, spread, type Bearable, type Replay, type ReplayFilter, type Run } from "../model/replay.ts";
import { sqlList } from "./status-lists.ts";
import { auditStatement } from "./audit.ts";
import { deliveryFromRow, type DeliveryRow } from "./event-rows.ts";
import { replays } from "./schema.ts";
import { columnsOf, extracts } from "./statements.ts";
import type { Page } from "./scan.ts";
import type { CandidatePage, Candidate, Piece } from "../delivery/index.ts";

type RunRow = typeof replays.$inferSelect;
const COLUMNS = columnsOf(replays);

const runFromRow = (row: RunRow): Run => ({
  ...row,
  filter: JSON.parse(row.filter) as ReplayFilter,
  latest: JSON.parse(row.latest) as DeliveryId[],
  matched_exact: row.matched_exact === 1,
  collected: row.collected === 1,
});

/** The range of keys of a filter, from (inclusive) and to (exclusive). @param now deliveries created later are left out */
function keyRange({ event_id, from, to }: ReplayFilter, now: number): { from: string; to: string } {
  const least = firstKeyAt("dlv", from ?? 0);
  const end = firstKeyAt("dlv", Math.min(to ?? Infinity, now + 1));
  if (event_id === null) return { from: least, to: end };
  const prefix = `dlv_${event_id.slice(4)}`;
  return { from: prefix > least ? prefix : least, to: afterKey(prefix) < end ? afterKey(prefix) : end };
}

/** The index to go through. `?1` and `?2` are the keys, `?3` the destination if it is part of the index. */
function walkSql({ status, destination_id }: ReplayFilter): string {
  if (status !== "dead") return "deliveries WHERE id > ?1 AND id < ?2";
  return destination_id === null
    ? "deliveries INDEXED BY deliveries_dead_by_time WHERE status = 'dead' AND id > ?1 AND id < ?2"
    : "deliveries INDEXED BY deliveries_dead WHERE status = 'dead' AND destination_id = ?3 AND id > ?1 AND id < ?2";
}

/** The deliveries that a run takes: those that ended before it and whose connection and destination exist. `?4` to `?8`: `filterValues`. */
const MATCHES = `d.status IN (SELECT value FROM json_each(?4)) AND d.finished_at <= ?5 AND (?6 IS NULL OR d.source_id = ?6)
  AND (?3 IS NULL OR d.destination_id = ?3) AND (?7 IS NULL OR d.connection_id = ?7) AND d.replay_id IS NOT ?8
  AND (d.destination_id LIKE 'callback\\_%' ESCAPE '\\' OR EXISTS (SELECT 1 FROM destinations t WHERE t.id = d.destination_id))
  AND (d.connection_id IS NULL OR EXISTS (SELECT 1 FROM connections c WHERE c.id = d.connection_id))`;

const filterValues = (filter: ReplayFilter, endedBy: number, run: string) => [
  JSON.stringify(filter.status === null ? ["dead", "delivered"] : [filter.status]),
  endedBy,
  filter.source_id,
  filter.connection_id,
  run,
];

/** No run has this id: `replay_id IS NOT ''` holds for every delivery. */
const NO_RUN = "";

export interface Plan {
  readonly matched: number;
  /** False when there were more deliveries than a plan examines. */
  readonly exact: boolean;
  readonly sample: readonly Delivery[];
}

/** Counts the matches among the first `MAX_PLANNED_ENTRIES` deliveries, and shows the first matches. */
export async function planReplay(db: D1Database, filter: ReplayFilter, now: number, sample: number): Promise<Plan> {
  const { from, to } = keyRange(filter, now);
  const walked = `(SELECT * FROM ${walkSql(filter)} ORDER BY id LIMIT ${MAX_PLANNED_ENTRIES}) d`;
  const bound = [from, to, filter.destination_id, ...filterValues(filter, now, NO_RUN)];
  const [counted, first] = await db.batch([
    db.prepare(`SELECT COUNT(*) AS entries, COALESCE(SUM(${MATCHES}), 0) AS matched FROM ${walked}`).bind(...bound),
    db.prepare(`SELECT * FROM ${walked} WHERE ${MATCHES} LIMIT ${sample}`).bind(...bound),
  ]);
  const { entries, matched } = (counted?.results[0] ?? { entries: 0, matched: 0 }) as Record<
    "entries" | "matched",
    number
  >;
  return {
    matched,
    exact: entries < MAX_PLANNED_ENTRIES,
    sample: (first?.results ?? []).map((row) => deliveryFromRow(row as DeliveryRow)),
  };
}

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

/** The next matches, among `PIECE_ENTRIES` deliveries. */
export async function candidates(db: D1Database, run: Run, after: string, limit: number): Promise<CandidatePage> {
  const walk = walkSql(run.filter);
  const keys = [after, run.until];
  const { destination_id } = run.filter;
  const [found, end, bearable, running] = await db.batch([
    db
      .prepare(
        `SELECT d.id, d.destination_id, d.connection_id, d.status = 'dead' AS dead
         FROM (SELECT * FROM ${walk} ORDER BY id LIMIT ${PIECE_ENTRIES}) d WHERE ${MATCHES} LIMIT ${limit}`,
      )
      .bind(...keys, destination_id, ...filterValues(run.filter, run.created_at, run.id)),
    db
      .prepare(`SELECT id FROM ${walk} ORDER BY id LIMIT 1 OFFSET ${PIECE_ENTRIES - 1}`)
      .bind(...keys, ...(walk.includes("?3") ? [destination_id] : [])),
    db.prepare(
      `SELECT id, spec ->> '$.rate_limit' AS rate_limit, spec ->> '$.max_concurrency' AS max_concurrency FROM destinations
       WHERE rate_limit IS NOT NULL OR max_concurrency IS NOT NULL`,
    ),
    db.prepare("SELECT filter ->> '$.destination_id' AS id FROM replays WHERE status = 'running' AND collected = 0"),
  ]);
  const rows = (found?.results ?? []) as (Omit<Candidate, "dead"> & { dead: number })[];
  const last = end?.results[0] as { id: string } | undefined;
  const full = rows.length === limit;
  const runs = (running?.results ?? []) as { id: string | null }[];
  const share = (id: string, limits: Bearable): number =>
    replayShare(limits, run.rate_per_second, runs.filter((other) => other.id === null || other.id === id).length);
  return {
    found: rows.map((row) => ({ ...row, dead: row.dead === 1 })),
    next: full ? (rows.at(-1)?.id ?? null) : (last?.id ?? null),
    shares: new Map([
      ...((bearable?.results ?? []) as BearableRow[]).map((row) => [row.id, share(row.id, toBearable(row))] as const),
      ...rows
        .filter((row) => row.destination_id.startsWith("callback_"))
        .map(
          ({ destination_id: id }) => [id, share(id, { rate_limit: CALLBACK_RATE, max_concurrency: null })] as const,
        ),
    ]),
  };
}

interface BearableRow {
  readonly id: string;
  readonly rate_limit: string | null;
  readonly max_concurrency: number | null;
}

const toBearable = ({ rate_limit, max_concurrency }: BearableRow): Bearable => ({
  rate_limit: rate_limit === null ? null : (JSON.parse(rate_limit) as Bearable["rate_limit"]),
  max_concurrency,
});

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

/** One transaction, which changes nothing unless the run is still at this step. */
export async function takePiece(db: D1Database, run: Run, piece: Piece, now: number): Promise<Set<DeliveryId> | null> {
  const items = JSON.stringify(piece.items);
  const latest = spread(piece.items, LATEST_DELIVERIES).map(({ id, again }) => again ?? id);
  // `?2` the run, `?3` its step.
  const standing = "EXISTS (SELECT 1 FROM replays WHERE id = ?2 AND status = 'running' AND step = ?3)";
  const count = db
    .prepare(
      "UPDATE replays SET queued = queued + changes() WHERE id = ?1 AND status = 'running' AND step = ?2 AND changes() > 0",
    )
    .bind(run.id, run.step);
  const [revived, , made, , moved] = await db.batch<{ id: DeliveryId }>([
    db
      .prepare(
        `UPDATE deliveries SET status = 'pending', next_attempt_at = item.at, replay_id = ?2, attempts_before = attempts_made,
           age_credit_ms = MAX(0, item.at - created_at), deferred_by = NULL, slot_at = NULL, finished_at = NULL, claimed_until = NULL, requeued_until = NULL
         FROM (SELECT value ->> '$.id' AS id, value ->> '$.at' AS at FROM json_each(?1) WHERE value ->> '$.again' IS NULL) AS item
         WHERE deliveries.id = item.id AND deliveries.status = 'dead' AND deliveries.finished_at <= ?4 AND ${standing}
         RETURNING deliveries.id`,
      )
      .bind(items, run.id, run.step, run.created_at),
    count,
    db
      .prepare(
        `INSERT INTO deliveries (id, source_id, connection_id, destination_id, status, attempts_made, next_attempt_at, deferrals, attempts, created_at,
           replay_id, age_credit_ms)
         SELECT item.again, d.source_id, d.connection_id, d.destination_id, 'pending', 0, item.at, 0, '[]', ?4, ?2, 0
         FROM (SELECT value ->> '$.id' AS id, value ->> '$.again' AS again, value ->> '$.at' AS at FROM json_each(?1)) AS item
           JOIN deliveries d ON d.id = item.id
         WHERE item.again IS NOT NULL AND ${standing} ON CONFLICT DO NOTHING RETURNING id`,
      )
      .bind(items, run.id, run.step, now),
    count,
    db
      .prepare(
        `UPDATE replays SET seen = seen + ?3, latest = ?4, after = ?5, collected = ?6, next_at = ?7, step = step + 1,
           status = iif(?6 AND done + failed >= queued, 'done', status), finished_at = iif(?6 AND done + failed >= queued, ?8, NULL)
         WHERE id = ?1 AND status = 'running' AND step = ?2 RETURNING id`,
      )
      .bind(
        run.id,
        run.step,
        piece.items.length,
        JSON.stringify(latest),
        piece.after,
        Number(piece.collected),
        piece.next_at,
        now,
      ),
  ]);
  if (moved?.results.length !== 1) return null;
  return new Set([...(revived?.results ?? []), ...(made?.results ?? [])].map(({ id }) => id));
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
