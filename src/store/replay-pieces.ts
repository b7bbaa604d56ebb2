// What a bulk replay takes: the plan's count, the next matches, and the transaction that takes a piece of them.
import { LATEST_DELIVERIES, MAX_PLANNED_ENTRIES, MAX_PLANNED_WALKS, PIECE_SCAN } from "../config/record-limits.ts";
import type { Candidate, CandidatePage, Piece } from "../delivery/index.ts";
import type { Delivery } from "../model/delivery.ts";
import { afterKey, eventIdOf, type DeliveryId } from "../model/ids.ts";
import { spread, type ReplayFilter, type Run } from "../model/replay.ts";
import { deliveryFromRow, type DeliveryRow } from "./event-rows.ts";
import { reviveStatements } from "./record-batch.ts";
import { filterValues, keyRange, MATCHES, NO_RUN, walkSql } from "./replay-filter.ts";
import { readRecords, walkSegments, type SegmentDelivery } from "./replay-segments.ts";
import { atStepStatement, countQueuedStatement, nextStepStatement, takenIn } from "./replay-step.ts";
import { shareStatements, sharesFrom } from "./replay-shares.ts";
import { isRefusal } from "./segments.ts";
import { deliveries } from "./schema.ts";
import { extracts, insertSelect } from "./statements.ts";

const MATCHED_BY = [
  ...["id", "source_id", "connection_id", "destination_id"],
  ...["status", "finished_at", "replay_id", "event_type"],
  ...["last_error", "last_response_status"],
];

/** Which deliveries of segments match, by the conditions that rows must meet. Those that have rows do not: the rows are examined. */
const matchingStatement = (
  db: D1Database,
  found: readonly SegmentDelivery[],
  filter: ReplayFilter,
  endedBy: number,
  run: string,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT d.id FROM (SELECT ${extracts(MATCHED_BY)} FROM json_each(?1)) d
       WHERE ${MATCHES} AND NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.id = d.id) ORDER BY d.id`,
    )
    .bind(JSON.stringify(found, MATCHED_BY), null, filter.destination_id, ...filterValues(filter, endedBy, run));

const idsOf = (result: D1Result | undefined): ReadonlySet<string> =>
  new Set(((result?.results ?? []) as { readonly id: string }[]).map(({ id }) => id));

export interface Plan {
  readonly matched: number;
  /** False when there were more deliveries than a plan examines, or a segment that cannot be decoded. */
  readonly exact: boolean;
  readonly sample: readonly Delivery[];
}

/** Counts the matches among the first `MAX_PLANNED_ENTRIES` deliveries in rows and as many in segments, and shows the first matches. */
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
  const rows = (first?.results ?? []).map((row) => deliveryFromRow(row as DeliveryRow));
  const segments = await planSegments(db, filter, now, sample);
  return {
    matched: matched + segments.matched,
    exact: entries < MAX_PLANNED_ENTRIES && segments.exact,
    sample: [...rows, ...segments.sample].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, sample),
  };
}

async function planSegments(db: D1Database, filter: ReplayFilter, now: number, sample: number): Promise<Plan> {
  const range = keyRange(filter, now);
  const first: Delivery[] = [];
  let { from } = range;
  let matched = 0;
  let entries = 0;
  let isReadable = true;
  for (let walks = 0; from < range.to && walks < MAX_PLANNED_WALKS && entries < MAX_PLANNED_ENTRIES; walks++) {
    const walk = await walkSegments(db, filter, { from, to: range.to }, Infinity);
    if (walk.found.length > 0) {
      const ids = idsOf(await matchingStatement(db, walk.found, filter, now, NO_RUN).all());
      matched += ids.size;
      first.push(...walk.found.filter(({ id }) => ids.has(id)).slice(0, sample - first.length));
    }
    entries += walk.entries;
    isReadable &&= walk.unreadable.length === 0;
    from = walk.to;
  }
  return { matched, exact: from >= range.to && isReadable, sample: first };
}

/** The next matches, among as many deliveries in rows and in segments as `scan` says. */
export async function candidates(
  db: D1Database,
  run: Run,
  after: string,
  limit: number,
  scan = PIECE_SCAN,
): Promise<CandidatePage> {
  const walk = walkSql(run.filter);
  const inSegments = await walkSegments(db, run.filter, { from: after, to: run.until }, limit, scan);
  const keys = [after, inSegments.to];
  const { destination_id } = run.filter;
  const [found, end, limited, running, matching] = await db.batch([
    db
      .prepare(
        `SELECT d.id, d.destination_id, d.connection_id, d.status = 'dead' AS dead
         FROM (SELECT * FROM ${walk} ORDER BY id LIMIT ${scan.rows}) d WHERE ${MATCHES} LIMIT ${limit}`,
      )
      .bind(...keys, destination_id, ...filterValues(run.filter, run.created_at, run.id)),
    db
      .prepare(`SELECT id FROM ${walk} ORDER BY id LIMIT 1 OFFSET ${scan.rows - 1}`)
      .bind(...keys, ...(walk.includes("?3") ? [destination_id] : [])),
    ...shareStatements(db),
    ...(inSegments.found.length === 0
      ? []
      : [matchingStatement(db, inSegments.found, run.filter, run.created_at, run.id)]),
  ]);
  const rows = (found?.results ?? []) as (Omit<Candidate, "dead" | "segment"> & { dead: number })[];
  const last = rows.length === limit ? rows.at(-1) : (end?.results[0] as { id: string } | undefined);
  const examinedTo = last === undefined ? inSegments.to : afterKey(last.id);
  const matches = idsOf(matching);
  const all: Candidate[] = [
    ...rows.map((row) => ({ ...row, dead: row.dead === 1, segment: null })),
    ...inSegments.found
      .filter(({ id }) => matches.has(id) && id < examinedTo)
      .map(({ id, destination_id: to, connection_id, segment }) => ({
        id,
        destination_id: to ?? "",
        connection_id,
        dead: false,
        segment,
      })),
  ];
  const taken = all.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
  const callbacks = taken.map((one) => one.destination_id).filter((id) => id.startsWith("callback_"));
  return {
    found: taken,
    next: all.length > limit ? (taken.at(-1)?.id ?? null) : examinedTo < run.until ? examinedTo : null,
    shares: sharesFrom([limited, running], run, callbacks),
    unreadable: inSegments.unreadable,
  };
}

/**
 * One transaction, which is refused unless the run is still at this step. Events of segments get rows in it.
 * @returns the deliveries that wait now; null when it was refused
 */
export async function takePiece(db: D1Database, run: Run, piece: Piece, now: number): Promise<Set<DeliveryId> | null> {
  const items = JSON.stringify(piece.items);
  const latest = spread(piece.items, LATEST_DELIVERIES).map(({ id, again }) => again ?? id);
  const records = await readRecords(
    db,
    new Map(piece.items.flatMap(({ id, segment }) => (segment === null ? [] : [[eventIdOf(id), segment] as const]))),
  );
  const count = countQueuedStatement(db, run);
  const statements = [
    atStepStatement(db, run),
    ...reviveStatements(db, records),
    db
      .prepare(
        `UPDATE deliveries SET status = 'pending', next_attempt_at = item.at, replay_id = ?2, attempts_before = attempts_made,
           age_credit_ms = MAX(0, item.at - created_at), deferred_by = NULL, slot_at = NULL, finished_at = NULL, claimed_until = NULL, requeued_until = NULL
         FROM (SELECT value ->> '$.id' AS id, value ->> '$.at' AS at FROM json_each(?1) WHERE value ->> '$.again' IS NULL) AS item
         WHERE deliveries.id = item.id AND deliveries.status = 'dead' AND deliveries.finished_at <= ?3
         RETURNING deliveries.id AS taken`,
      )
      .bind(items, run.id, run.created_at),
    count,
    db
      .prepare(
        `${insertSelect(deliveries, {
          ...{
            id: "item.again",
            source_id: "d.source_id",
            event_type: "d.event_type",
            connection_id: "d.connection_id",
            destination_id: "d.destination_id",
          },
          ...{ status: "'pending'", attempts_made: 0, next_attempt_at: "item.at", deferrals: 0, attempts: "'[]'" },
          ...{ created_at: "?3", replay_id: "?2", age_credit_ms: 0 },
        })}
         FROM (SELECT value ->> '$.id' AS id, value ->> '$.again' AS again, value ->> '$.at' AS at FROM json_each(?1)) AS item
           JOIN deliveries d ON d.id = item.id
         WHERE item.again IS NOT NULL ON CONFLICT DO NOTHING RETURNING id AS taken`,
      )
      .bind(items, run.id, now),
    count,
    nextStepStatement(db, run, piece, piece.items.length, latest, now),
  ];
  try {
    return takenIn(await db.batch<{ readonly taken?: DeliveryId }>(statements));
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}
