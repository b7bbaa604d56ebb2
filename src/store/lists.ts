// Reads events and deliveries, and changes single deliveries on request. Lists are pages of scan.ts.
import { LIST_SCAN_ROWS, LIST_SCAN_EVENTS, BACKLOG_SCAN_ROWS } from "../config/record-limits.ts";
import type { Delivery } from "../model/delivery.ts";
import type { AuditEntry } from "../model/audit.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { DeliveryId } from "../model/ids.ts";
import type { DeliveryStatus, EventStatus } from "../model/lifecycle.ts";
import { endCountStatement } from "./counters.ts";
import { auditStatement } from "./audit.ts";
import type { RowRecord } from "../record/index.ts";
import { reviveStatements } from "./record-batch.ts";
import { deliveryStatements } from "./records.ts";
import { failureStatement } from "./replay-progress.ts";
import { scanPage, type Equal, type Page, type Scan } from "./scan.ts";
import { events } from "./schema.ts";
import { columnsOf } from "./statements.ts";
import { deliveryFromRow, eventFromRow, PIECE_COLUMNS, type DeliveryRow, type EventRow } from "./event-rows.ts";
import { BEFORE_CANCELLED, BEFORE_PENDING, FINAL, WAITING } from "./status-lists.ts";

export interface DeliveryFilter {
  readonly status?: DeliveryStatus;
  readonly destination_id?: string;
  readonly source_id?: string;
  /** Keys from (inclusive) and to (exclusive). */
  readonly from: string;
  readonly to: string;
}

/** A delivery whose attempts cannot be read is shown without them, so that it does not hide others. */
function toDelivery(row: object): Delivery {
  try {
    return deliveryFromRow(row as DeliveryRow);
  } catch {
    return deliveryFromRow({ ...(row as DeliveryRow), attempts: "[]" });
  }
}

const equals = (columns: Readonly<Record<string, string | undefined>>): Equal[] =>
  Object.entries(columns).flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]));

export async function listDeliveries(db: D1Database, filter: DeliveryFilter, limit: number): Promise<Page<Delivery>> {
  const { status, destination_id, source_id, from, to } = filter;
  const index = chooseIndex(filter);
  const filters = equals(index === undefined ? { status, destination_id, source_id } : { source_id });
  const scan = { table: "deliveries", columns: "r.*", index, filters, from, to, entries: LIST_SCAN_ROWS } as const;
  const page = await scanPage<DeliveryRow>(db, scan, limit);
  return { ...page, rows: page.rows.map(toDelivery) };
}

/** Dead deliveries are few among many, so they have an index, as do the dead and the held ones of a destination. */
function chooseIndex({ status, destination_id }: DeliveryFilter): Scan["index"] {
  const condition = `status = '${status}'`;
  const by = equals({ destination_id });
  if (status === "dead" && destination_id === undefined) return { name: "deliveries_dead_by_time", condition, by };
  if (status === "dead") return { name: "deliveries_dead", condition, by };
  return status === "held" && destination_id !== undefined ? { name: "deliveries_held", condition, by } : undefined;
}

export async function findDelivery(db: D1Database, id: DeliveryId): Promise<Delivery | null> {
  const row = await db.prepare("SELECT * FROM deliveries WHERE id = ?1").bind(id).first();
  return row === null ? null : toDelivery(row);
}

export type EventSummary = Omit<EventRow, "body" | "ignored"> & { readonly statuses: readonly DeliveryStatus[] };

/** The event, without its body. Throws where the row is corrupt. */
export const summarisedEvent = (row: EventSummary): SluiceEvent => eventFromRow({ ...row, body: "" });

const SUMMARY = columnsOf(events, ["body", "ignored", ...PIECE_COLUMNS]);

export interface EventFilter {
  readonly source_id?: string;
  readonly status?: EventStatus;
  /** Searched in the path, query, headers, a body stored as text, and the source's name and slug. */
  readonly search?: string;
  readonly from: string;
  readonly to: string;
}

const deliveriesWith = (id: string): string =>
  `deliveries d WHERE d.id >= 'dlv_' || substr(${id}, 5) AND d.id < 'dlv_' || substr(${id}, 5) || '~'`;

/** `eventStatus` of model/lifecycle.ts in SQL, for an event that is on record. */
const EVENT_STATUS = `(SELECT CASE WHEN COUNT(*) = 0 THEN 'ignored'
    WHEN SUM(d.status NOT IN ${FINAL}) > 0 THEN 'in_progress'
    WHEN SUM(d.status = 'dead') > 0 THEN 'dead' WHEN SUM(d.status = 'delivered') > 0 THEN 'delivered' ELSE 'cancelled' END
  FROM ${deliveriesWith("walked.id")})`;

/** Headers and query with a credential in them are not searched: a search could guess it piece by piece. */
const SEARCHED = `(SELECT e.path || iif(e.options ->> '$.credentials' IS NULL, e.query || char(10) || e.headers, '') || char(10) || iif(e.body_encoding = 'utf8', e.body, '')
    || char(10) || COALESCE(s.slug || char(10) || (s.spec ->> '$.name'), '')
  FROM events e LEFT JOIN sources s ON s.id = e.source_id WHERE e.id = walked.id)`;

/** Events with the states of their deliveries. */
export async function listEvents(db: D1Database, filter: EventFilter, limit: number): Promise<Page<EventSummary>> {
  const { source_id, status, search, from, to } = filter;
  // An event is `accepted` until it is on record.
  if (status === "accepted") return { rows: [], next: null };
  const page = await scanPage<Omit<EventRow, "body" | "ignored"> & { statuses: string }>(
    db,
    {
      table: "events",
      columns: `${SUMMARY.map((column) => `r.${column}`).join(", ")},
        (SELECT json_group_array(d.status) FROM ${deliveriesWith("r.id")}) AS statuses`,
      filters: equals({ source_id }),
      derived: status === undefined ? [] : [[EVENT_STATUS, status]],
      contains: search === undefined ? undefined : { of: SEARCHED, text: search },
      from,
      to,
      entries: status === undefined && search === undefined ? LIST_SCAN_ROWS : LIST_SCAN_EVENTS,
    },
    limit,
  );
  return {
    ...page,
    rows: page.rows.map((row) => ({ ...row, statuses: JSON.parse(row.statuses) as DeliveryStatus[] })),
  };
}

const WAITING_OF_DESTINATION = `SELECT id, status FROM (SELECT id, status, destination_id FROM deliveries INDEXED BY deliveries_due
  WHERE status IN ${WAITING} ORDER BY next_attempt_at LIMIT ${BACKLOG_SCAN_ROWS}) WHERE destination_id = ?1`;

/** The number of a destination's waiting, held and dead deliveries by state. Counts stop at `cap`. */
export async function readBacklog(
  db: D1Database,
  destinationId: string,
  cap = 10_000,
): Promise<Record<string, number>> {
  const { results } = await db
    .prepare(
      `SELECT status, COUNT(*) AS count FROM (
         SELECT status FROM (${WAITING_OF_DESTINATION} LIMIT ${cap})
         UNION ALL SELECT status FROM (SELECT status FROM deliveries INDEXED BY deliveries_held WHERE status = 'held' AND destination_id = ?1 LIMIT ${cap})
         UNION ALL SELECT status FROM (SELECT status FROM deliveries INDEXED BY deliveries_dead WHERE status = 'dead' AND destination_id = ?1 LIMIT ${cap}))
       GROUP BY status`,
    )
    .bind(destinationId)
    .all<{ status: string; count: number }>();
  return Object.fromEntries(results.map((row) => [row.status, row.count]));
}

/** The oldest waiting or held delivery; null when there is none. */
export async function oldestWaiting(
  db: D1Database,
  destinationId: string,
): Promise<{ readonly id: DeliveryId; readonly created_at: number } | null> {
  return db
    .prepare(
      `SELECT id, created_at FROM deliveries WHERE id = (SELECT MIN(id) FROM (
         SELECT MIN(id) AS id FROM (${WAITING_OF_DESTINATION})
         UNION ALL SELECT MIN(id) FROM deliveries INDEXED BY deliveries_held WHERE status = 'held' AND destination_id = ?1))`,
    )
    .bind(destinationId)
    .first<{ id: DeliveryId; created_at: number }>();
}

/**
 * Makes a delivery due now; null when a consumer has claimed it or it cannot become due. A dead one starts over: with all its attempts, its
 * age counted from now, and outside of the replay that has counted its end.
 */
export async function makeDue(
  db: D1Database,
  id: DeliveryId,
  now: number,
  entry: AuditEntry,
): Promise<Delivery | null> {
  const update = db
    .prepare(
      `UPDATE deliveries SET attempts_before = iif(status = 'dead', attempts_made, attempts_before),
         age_credit_ms = iif(status = 'dead', MAX(0, ?2 - created_at), age_credit_ms), replay_id = iif(status = 'dead', NULL, replay_id),
         status = 'pending', next_attempt_at = ?2, deferred_by = NULL, slot_at = NULL, finished_at = NULL, requeued_until = NULL
       WHERE id = ?1 AND status IN ${BEFORE_PENDING} AND (claimed_until IS NULL OR claimed_until <= ?2) RETURNING *`,
    )
    .bind(id, now);
  return changedDelivery(await db.batch<object>([update, auditStatement(db, [entry])]));
}

const changedDelivery = ([changed]: readonly D1Result<object>[]): Delivery | null => {
  const row = changed?.results[0];
  return row === undefined ? null : toDelivery(row);
};

/** Cancels a delivery; a dead one is discarded. Null when a consumer has claimed it or it has ended otherwise. */
export async function cancelDelivery(
  db: D1Database,
  id: DeliveryId,
  now: number,
  entry: AuditEntry,
): Promise<Delivery | null> {
  const idle = `id = ?1 AND status IN ${BEFORE_CANCELLED} AND (claimed_until IS NULL OR claimed_until <= ?2)`;
  const [, , ...changed] = await db.batch<object>([
    endCountStatement(db, "cancelled", idle, id, now),
    failureStatement(db, `${idle} AND status <> 'dead'`, id, now),
    db
      .prepare(
        `UPDATE deliveries SET status = 'cancelled', next_attempt_at = NULL, deferred_by = NULL, finished_at = ?2
         WHERE ${idle} RETURNING *`,
      )
      .bind(id, now),
    auditStatement(db, [entry]),
  ]);
  return changedDelivery(changed);
}

/**
 * Inserts further deliveries of an event. One that is on record already stays as it is.
 * @param revived the event and its past deliveries, where these are in a segment: they get rows in the same transaction
 */
export async function insertDeliveries(
  db: D1Database,
  made: readonly Delivery[],
  entry: AuditEntry,
  revived: readonly RowRecord[] = [],
): Promise<void> {
  await db.batch([...reviveStatements(db, revived), ...deliveryStatements(db, made), auditStatement(db, [entry])]);
}
