// Reads of what happened. Pages go through the primary key, newest first, and scan a bounded number of rows: a filter that seldom
// matches gives a short page and a cursor, never a long wait.
import type { Delivery } from "../model/delivery.ts";
import type { AuditEntry } from "../model/audit.ts";
import { afterKey, type DeliveryId, type EventId } from "../model/ids.ts";
import type { DeliveryStatus } from "../model/lifecycle.ts";
import { endCountStatement } from "./counters.ts";
import { auditStatement } from "./audit.ts";
import { deliveryFromRow, type DeliveryRow, type EventRow } from "./event-rows.ts";

/** Rows that one page may look at. */
export const MAX_SCANNED_ROWS = 2_000;

export interface Page<T> {
  readonly rows: readonly T[];
  /** The key that the next page follows; null at the end. */
  readonly next: string | null;
}

export interface DeliveryFilter {
  readonly status?: DeliveryStatus;
  readonly destination_id?: string;
  readonly source_id?: string;
  /** Keys from (inclusive) and to (exclusive). */
  readonly from: string;
  readonly to: string;
}

const deliveryOf = (row: object): Delivery => deliveryFromRow(row as DeliveryRow & { requeued_until: number | null });

export async function listDeliveries(db: D1Database, filter: DeliveryFilter, limit: number): Promise<Page<Delivery>> {
  // One row more than may be scanned tells whether there is more.
  const { results } = await db
    .prepare(
      `WITH scanned AS MATERIALIZED (
         SELECT * FROM deliveries ${hint(filter)} WHERE id >= ?1 AND id < ?2
           ${filter.status === "dead" || filter.status === "held" ? `AND status = '${filter.status}'` : ""}
           ${hint(filter) === "" ? "" : "AND destination_id = ?4"}
         ORDER BY id DESC LIMIT ${MAX_SCANNED_ROWS + 1})
       SELECT *, (SELECT COUNT(*) FROM scanned) AS scanned_rows, (SELECT MIN(id) FROM scanned) AS last_scanned FROM scanned
       WHERE (?3 IS NULL OR status = ?3) AND (?4 IS NULL OR destination_id = ?4) AND (?5 IS NULL OR source_id = ?5)
       ORDER BY id DESC LIMIT ?6`,
    )
    .bind(
      filter.from,
      filter.to,
      filter.status ?? null,
      filter.destination_id ?? null,
      filter.source_id ?? null,
      limit + 1,
    )
    .all<DeliveryRow & { scanned_rows: number; last_scanned: string }>();
  const rows = results.slice(0, limit).map(deliveryOf);
  const last = results[0];
  if (results.length > limit) return { rows, next: rows.at(-1)?.id ?? null };
  // A page without any match does not say how far it came.
  const scanned = last ?? (await scanBound(db, filter));
  return { rows, next: scanned !== null && scanned.scanned_rows > MAX_SCANNED_ROWS ? scanned.last_scanned : null };
}

const hint = (filter: DeliveryFilter): string =>
  filter.destination_id === undefined
    ? ""
    : filter.status === "dead"
      ? "INDEXED BY deliveries_dead"
      : filter.status === "held"
        ? "INDEXED BY deliveries_held"
        : "";

async function scanBound(
  db: D1Database,
  filter: DeliveryFilter,
): Promise<{ scanned_rows: number; last_scanned: string } | null> {
  return db
    .prepare(
      `SELECT COUNT(*) AS scanned_rows, MIN(id) AS last_scanned FROM (
         SELECT id FROM deliveries WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ${MAX_SCANNED_ROWS + 1})`,
    )
    .bind(filter.from, filter.to)
    .first();
}

export async function findDelivery(db: D1Database, id: DeliveryId): Promise<Delivery | null> {
  const row = await db.prepare("SELECT * FROM deliveries WHERE id = ?1").bind(id).first();
  return row === null ? null : deliveryOf(row);
}

/** All deliveries of an event: they stand side by side in key order. */
export async function deliveriesOf(db: D1Database, event: EventId): Promise<Delivery[]> {
  const prefix = `dlv_${event.slice(4)}`;
  const { results } = await db
    .prepare("SELECT * FROM deliveries WHERE id >= ?1 AND id < ?2 ORDER BY id")
    .bind(prefix, afterKey(prefix))
    .all();
  return results.map(deliveryOf);
}

export async function findEvent(db: D1Database, id: EventId): Promise<EventRow | null> {
  return db.prepare("SELECT * FROM events WHERE id = ?1").bind(id).first<EventRow>();
}

export type EventSummary = Omit<EventRow, "body" | "ignored"> & { readonly statuses: readonly DeliveryStatus[] };

export interface EventFilter {
  readonly source_id?: string;
  readonly from: string;
  readonly to: string;
}

/** Events with the states of their deliveries. The caller filters by derived status; `next` is where the scan ended. */
export async function listEvents(db: D1Database, filter: EventFilter, limit: number): Promise<Page<EventSummary>> {
  const { results } = await db
    .prepare(
      `SELECT e.id, e.source_id, e.received_at, e.method, e.path, e.query, e.headers, e.body_encoding, e.body_key, e.body_bytes, e.verified, e.matched, e.duplicate_of, e.options,
         (SELECT json_group_array(d.status) FROM deliveries d
          WHERE d.id >= 'dlv_' || substr(e.id, 5) AND d.id < 'dlv_' || substr(e.id, 5) || '~') AS statuses
       FROM events e WHERE e.id >= ?1 AND e.id < ?2 AND (?3 IS NULL OR e.source_id = ?3)
       ORDER BY e.id DESC LIMIT ?4`,
    )
    .bind(filter.from, filter.to, filter.source_id ?? null, limit + 1)
    .all<Omit<EventRow, "body" | "ignored"> & { statuses: string }>();
  const rows = results
    .slice(0, limit)
    .map((row) => ({ ...row, statuses: JSON.parse(row.statuses) as DeliveryStatus[] }));
  return { rows, next: results.length > limit ? (rows.at(-1)?.id ?? null) : null };
}

/** Entries of the index of all that waits that are looked at to find those of one destination. */
const SCAN = 100_000;
const waitingOf = `SELECT id, status FROM (SELECT id, status, destination_id FROM deliveries INDEXED BY deliveries_due
  WHERE status IN ('scheduled', 'pending', 'deferred', 'retrying') ORDER BY next_attempt_at LIMIT ${SCAN}) WHERE destination_id = ?1`;

/** How many deliveries of a destination wait in which state; counts stop at `cap`. */
export async function backlogOf(db: D1Database, destinationId: string, cap = 10_000): Promise<Record<string, number>> {
  const { results } = await db
    .prepare(
      `SELECT status, COUNT(*) AS count FROM (
         SELECT status FROM (${waitingOf} LIMIT ${cap})
         UNION ALL SELECT status FROM (SELECT status FROM deliveries INDEXED BY deliveries_held WHERE status = 'held' AND destination_id = ?1 LIMIT ${cap})
         UNION ALL SELECT status FROM (SELECT status FROM deliveries INDEXED BY deliveries_dead WHERE status = 'dead' AND destination_id = ?1 LIMIT ${cap}))
       GROUP BY status`,
    )
    .bind(destinationId)
    .all<{ status: string; count: number }>();
  return Object.fromEntries(results.map((row) => [row.status, row.count]));
}

/** The waiting or held delivery of the oldest event; null when nothing waits. */
export async function oldestWaiting(
  db: D1Database,
  destinationId: string,
): Promise<{ readonly id: DeliveryId; readonly created_at: number } | null> {
  return db
    .prepare(
      `SELECT id, created_at FROM deliveries WHERE id = (SELECT MIN(id) FROM (
         SELECT MIN(id) AS id FROM (${waitingOf})
         UNION ALL SELECT MIN(id) FROM deliveries INDEXED BY deliveries_held WHERE status = 'held' AND destination_id = ?1))`,
    )
    .bind(destinationId)
    .first<{ id: DeliveryId; created_at: number }>();
}

/** Makes a delivery due now; null when it is in other hands or cannot be made due. */
export async function makeDue(
  db: D1Database,
  id: DeliveryId,
  now: number,
  entry: AuditEntry,
): Promise<Delivery | null> {
  const update = db
    .prepare(
      `UPDATE deliveries SET status = 'pending', next_attempt_at = ?2, deferred_by = NULL, slot_at = NULL, finished_at = NULL, requeued_until = NULL
       WHERE id = ?1 AND status NOT IN ('delivered', 'cancelled') AND (claimed_until IS NULL OR claimed_until <= ?2) RETURNING *`,
    )
    .bind(id, now);
  return changedDelivery(await db.batch<object>([update, auditStatement(db, [entry])]));
}

const changedDelivery = ([changed]: readonly D1Result<object>[]): Delivery | null => {
  const row = changed?.results[0];
  return row === undefined ? null : deliveryOf(row);
};

/** Ends a delivery for good; null when it is in other hands or has ended. */
export async function cancelDelivery(
  db: D1Database,
  id: DeliveryId,
  now: number,
  entry: AuditEntry,
): Promise<Delivery | null> {
  const open =
    "id = ?1 AND status NOT IN ('delivered', 'dead', 'cancelled') AND (claimed_until IS NULL OR claimed_until <= ?2)";
  const [, ...changed] = await db.batch<object>([
    endCountStatement(db, "cancelled", open, id, now),
    db
      .prepare(
        `UPDATE deliveries SET status = 'cancelled', next_attempt_at = NULL, deferred_by = NULL, finished_at = ?2
         WHERE ${open} RETURNING *`,
      )
      .bind(id, now),
    auditStatement(db, [entry]),
  ]);
  return changedDelivery(changed);
}

/** Further deliveries of what has been delivered before. One that is on record already stays as it is. */
export async function insertDeliveries(
  db: D1Database,
  deliveries: readonly Delivery[],
  entry: AuditEntry,
): Promise<void> {
  await db.batch([
    ...deliveries.map((delivery) =>
      db
        .prepare(
          `INSERT INTO deliveries (id, source_id, connection_id, destination_id, status, attempts_made, next_attempt_at, deferrals, attempts, created_at, replay_id, age_credit_ms)
           VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, 0, '[]', ?7, ?8, 0) ON CONFLICT DO NOTHING`,
        )
        .bind(
          delivery.id,
          delivery.source_id,
          delivery.connection_id,
          delivery.destination_id,
          delivery.status,
          delivery.next_attempt_at,
          delivery.created_at,
          delivery.replay_id,
        ),
    ),
    auditStatement(db, [entry]),
  ]);
}
