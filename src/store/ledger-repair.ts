// Repairs of the ledger. Each statement checks again what it repairs, so that two sweeps at a time do no harm.
import { RESTORE_CHUNK_EVENTS, SWEEP_CHUNK_ROWS } from "../config/record-limits.ts";
import { chunks } from "../kernel/pool.ts";
import type { Delivery } from "../model/delivery.ts";
import type { SluiceEvent } from "../model/event.ts";
import { eventIdOf, type DeliveryId, type EventId } from "../model/ids.ts";
import { soughtFor, type ContentPlace } from "../record/index.ts";
import { failureStatement } from "./replay-progress.ts";
import { endCountStatement } from "./counters.ts";
import { FOUND } from "./ledger.ts";
import { readMark, writeMark } from "./marks.ts";
import { contentOfRow, type StoredEvent } from "./piece-rows.ts";
import { reviveStatements } from "./record-batch.ts";
import { deliveryStatements } from "./records.ts";
import type { segments } from "./schema.ts";
import { findSegmentsStatement, recordsIn, segmentFromRow } from "./segments.ts";
import { FINAL, WAITING } from "./status-lists.ts";

const MARK = "ledger";

/** How far the ledger has been checked, from the latest event back. Milliseconds since the epoch; null: from the beginning. */
export const readLedgerMark = (db: D1Database): Promise<number | null> => readMark(db, MARK);

export const writeLedgerMark = (db: D1Database, at: number | null): Promise<void> => writeMark(db, MARK, at);

/** Makes waiting deliveries due that have no time to wait for. @returns their ids */
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

/** Gives back their rows to events that are in a segment. @returns the deliveries whose event is in none */
export async function restoreEvents(db: D1Database, ids: readonly DeliveryId[]): Promise<DeliveryId[]> {
  const lost = new Set(ids.map(eventIdOf));
  const inSegments = new Set<EventId>();
  for (const chunk of chunks([...lost], RESTORE_CHUNK_EVENTS)) {
    const { results } = await findSegmentsStatement(db, chunk.map(soughtFor)).all<typeof segments.$inferSelect>();
    const found = results.map(segmentFromRow);
    const records = found.flatMap((segment) => recordsIn(segment, lost) ?? []);
    if (records.length > 0) await db.batch(reviveStatements(db, records));
    // One that cannot be decoded holds its events all the same.
    for (const id of found.flatMap((segment) => segment.ids)) inSegments.add(id);
  }
  return ids.filter((id) => !inSegments.has(eventIdOf(id)));
}

/** Ends deliveries whose event is missing: there is nothing to send. */
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

/**
 * See `RepairPorts.readEvent` in maintenance/repair-event.ts. Only events in rows can differ.
 * @returns with the place of the content that the event lacks; null where it is complete
 */
export async function readForRepair(
  db: D1Database,
  id: EventId,
): Promise<{
  readonly event: SluiceEvent;
  readonly place: ContentPlace | null;
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
  const row = rows?.results[0] as (StoredEvent & { found: number }) | undefined;
  if (row === undefined) return null;
  const deliveries = new Set(((ids?.results ?? []) as { id: DeliveryId }[]).map((one) => one.id));
  return { ...contentOfRow(row), matched: row.matched, found: row.found, deliveries };
}

/** Whether the event of a new delivery has fewer deliveries than it made. */
const SHORT = `(SELECT matched > ${FOUND} FROM events WHERE events.id = 'evt_' || substr(json_extract(value, '$.id'), 5, 32))`;

/**
 * Records lost deliveries again, then corrects the event's number of deliveries.
 * @param placeholder a dead letter for those that could not be restored; recorded only if there are still too few
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
