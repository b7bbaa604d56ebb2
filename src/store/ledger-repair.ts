// What makes the books balance again. Each statement looks once more at what it repairs, so that two sweeps at a time do no harm.
import { SWEEP_CHUNK_ROWS } from "../config/limits.ts";
import type { Delivery } from "../model/delivery.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { DeliveryId, EventId } from "../model/ids.ts";
import { failureStatement } from "./replay-progress.ts";
import { endCountStatement } from "./counters.ts";
import { eventFromRow, type EventRow } from "./event-rows.ts";
import { FOUND } from "./ledger.ts";
import { readMark, writeMark } from "./marks.ts";
import { deliveryStatements } from "./records.ts";
import { FINAL, WAITING } from "./status-lists.ts";

const MARK = "ledger";

/** Until where the books have been gone through, from the latest event back. Milliseconds since the epoch; null for a new beginning. */
export const readLedgerMark = (db: D1Database): Promise<number | null> => readMark(db, MARK);

export const writeLedgerMark = (db: D1Database, at: number | null): Promise<void> => writeMark(db, MARK, at);

/** Makes deliveries due that wait for no instant. @returns their ids */
export async function freeStranded(db: D1Database, now: number): Promise<DeliveryId[]> {
  const { results } = await db
    .prepare(
      `UPDATE deliveries SET status = 'pending', next_attempt_at = ?1, deferred_by = NULL, slot_at = NULL, requeued_until = NULL WHERE id IN (
         SELECT id FROM deliveries INDEXED BY deliveries_due WHERE status IN ${WAITING}
           AND next_attempt_at IS NULL AND (claimed_until IS NULL OR claimed_until <= ?1) LIMIT ${SWEEP_CHUNK_ROWS})
       RETURNING id`,
    )
    .bind(now)
    .all<{ id: DeliveryId }>();
  return results.map(({ id }) => id);
}

/** Ends deliveries whose event is gone: there is nothing left to send. */
export async function deadLetterOrphans(db: D1Database, ids: readonly DeliveryId[], now: number): Promise<void> {
  const list = JSON.stringify(ids);
  const lone = `id IN (SELECT value FROM json_each(?1)) AND status NOT IN ${FINAL}
    AND (claimed_until IS NULL OR claimed_until <= ?2) AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = 'evt_' || substr(deliveries.id, 5, 32))`;
  await db.batch([
    endCountStatement(db, "dead", lone, list, now),
    failureStatement(db, lone, list, now),
    db
      .prepare(
        `UPDATE deliveries SET status = 'dead', last_error = 'unprocessable: body_missing', next_attempt_at = NULL, deferred_by = NULL,
           claimed_until = NULL, finished_at = ?2 WHERE ${lone}`,
      )
      .bind(list, now),
  ]);
}

/** An event, how many deliveries it made and how many of those there are, and the ids of all, replays too; null when it is gone. */
export async function readForRepair(
  db: D1Database,
  id: EventId,
): Promise<{
  readonly event: SluiceEvent;
  readonly matched: number;
  readonly found: number;
  readonly deliveries: ReadonlySet<DeliveryId>;
} | null> {
  const [rows, ids] = await db.batch<object>([
    db.prepare(`SELECT *, ${FOUND} AS found FROM events WHERE id = ?1`).bind(id),
    db
      .prepare("SELECT id FROM deliveries WHERE id >= 'dlv_' || substr(?1, 5) AND id < 'dlv_' || substr(?1, 5) || '~'")
      .bind(id),
  ]);
  const row = rows?.results[0] as (EventRow & { found: number }) | undefined;
  if (row === undefined) return null;
  const deliveries = new Set(((ids?.results ?? []) as { id: DeliveryId }[]).map((one) => one.id));
  return { event: eventFromRow(row), matched: row.matched, found: row.found, deliveries };
}

/** Whether the event of a delivery that is about to be written has fewer than it made. */
const SHORT = `(SELECT matched > ${FOUND} FROM events WHERE events.id = 'evt_' || substr(json_extract(value, '$.id'), 5, 32))`;

/**
 * Puts lost deliveries back, and a dead one in place of all that nobody can tell any more; then the event says how many it has.
 * @param placeholder recorded only if there are too few all the same
 */
export async function settleEvent(
  db: D1Database,
  id: EventId,
  lost: readonly Delivery[],
  placeholder: Delivery,
): Promise<void> {
  await db.batch([
    ...deliveryStatements(db, lost),
    ...deliveryStatements(db, [placeholder], SHORT),
    db.prepare(`UPDATE events SET matched = ${FOUND} WHERE id = ?1 AND matched <> ${FOUND}`).bind(id),
  ]);
}
