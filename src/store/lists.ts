// Reads and changes single deliveries on request, and reads what waits for a destination.
import { BACKLOG_SCAN_ROWS } from "../config/record-limits.ts";
import type { Delivery } from "../model/delivery.ts";
import type { AuditEntry } from "../model/audit.ts";
import type { DeliveryId } from "../model/ids.ts";
import type { DeferralReason, DeliveryStatus } from "../model/lifecycle.ts";
import { endCountStatement } from "./counters.ts";
import { auditStatement } from "./audit.ts";
import type { EventRecord } from "../record/index.ts";
import { reviveStatements } from "./record-batch.ts";
import { deliveryStatements } from "./records.ts";
import { failureStatement } from "./replay-progress.ts";
import { shownDelivery, type DeliveryRow } from "./event-rows.ts";
import { BEFORE_CANCELLED, BEFORE_PENDING, WAITING } from "./status-lists.ts";

export async function findDelivery(db: D1Database, id: DeliveryId): Promise<Delivery | null> {
  const row = await db.prepare("SELECT * FROM deliveries WHERE id = ?1").bind(id).first();
  return row === null ? null : shownDelivery(row as DeliveryRow);
}

const WAITING_OF_DESTINATION = `SELECT id, status FROM (SELECT id, status, destination_id FROM deliveries INDEXED BY deliveries_due
  WHERE status IN ${WAITING} ORDER BY next_attempt_at LIMIT ${BACKLOG_SCAN_ROWS}) WHERE destination_id = ?1`;

/** How many deliveries of each destination wait or are held. It examines a bounded number of them, each once, whatever the number of destinations. */
export async function countWaiting(db: D1Database): Promise<Record<string, number>> {
  const counted = (from: string): string =>
    `SELECT destination_id AS id, COUNT(*) AS n FROM (SELECT destination_id FROM deliveries ${from} LIMIT ${BACKLOG_SCAN_ROWS}) GROUP BY 1`;
  const { results } = await db
    .prepare(
      `SELECT id, SUM(n) AS n FROM (${counted(`INDEXED BY deliveries_due WHERE status IN ${WAITING}`)}
         UNION ALL ${counted("INDEXED BY deliveries_held WHERE status = 'held'")}) WHERE id IS NOT NULL GROUP BY id`,
    )
    .all<{ id: string; n: number }>();
  return Object.fromEntries(results.map(({ id, n }) => [id, n]));
}

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

/** What waits for a destination: those that are due first, then those that are held. */
export interface NextDue {
  readonly id: DeliveryId;
  readonly status: DeliveryStatus;
  readonly next_attempt_at: number | null;
  readonly deferred_by: DeferralReason | null;
}

export async function nextDue(db: D1Database, destinationId: string, limit: number): Promise<NextDue[]> {
  const { results } = await db
    .prepare(
      `SELECT d.id, d.status, d.next_attempt_at, d.deferred_by FROM (
         SELECT * FROM (SELECT id FROM (${WAITING_OF_DESTINATION}) LIMIT ${limit})
         UNION ALL SELECT * FROM (SELECT id FROM deliveries INDEXED BY deliveries_held WHERE status = 'held' AND destination_id = ?1 LIMIT ${limit})) w
       CROSS JOIN deliveries d ON d.id = w.id ORDER BY d.next_attempt_at IS NULL, d.next_attempt_at LIMIT ${limit}`,
    )
    .bind(destinationId)
    .all<NextDue>();
  return results;
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
  return row === undefined ? null : shownDelivery(row as DeliveryRow);
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
 * @param record the event: where it is in a segment, it gets rows in the same transaction
 */
export async function insertDeliveries(
  db: D1Database,
  made: readonly Delivery[],
  entry: AuditEntry,
  record: EventRecord,
): Promise<void> {
  await db.batch([...reviveStatements(db, [record]), ...deliveryStatements(db, made), auditStatement(db, [entry])]);
}
