// What the sweep asks of the tables: overdue and released deliveries, expired records. Every statement is bounded.
import { SWEEP_CHUNK_ROWS } from "../config/limits.ts";
import { firstKeyAt, type DeliveryId } from "../model/ids.ts";
import { FINAL, WAITING } from "./status-lists.ts";

export interface Requeued {
  readonly id: DeliveryId;
  readonly destination_id: string | null;
  readonly replay_id: string | null;
}

/** Deliveries that nobody has in hand although they were due `graceMs` ago. They are left alone for `repeatMs` after that. */
export async function takeOverdue(db: D1Database, now: number, graceMs: number, repeatMs: number): Promise<Requeued[]> {
  const { results } = await db
    .prepare(
      `UPDATE deliveries SET requeued_until = ?3 WHERE id IN (
         SELECT id FROM deliveries
         WHERE status IN ${WAITING} AND next_attempt_at <= ?2
           AND (claimed_until IS NULL OR claimed_until <= ?1) AND (requeued_until IS NULL OR requeued_until <= ?1)
         ORDER BY next_attempt_at LIMIT ${SWEEP_CHUNK_ROWS})
       RETURNING id, destination_id, replay_id`,
    )
    .bind(now, now - graceMs, now + repeatMs)
    .all<Requeued>();
  return results;
}

/** Held deliveries that no pause holds any longer: due now. Optionally of one destination or connection only. */
export async function takeReleased(
  db: D1Database,
  now: number,
  of: { readonly destination_id?: string | null; readonly connection_id?: string | null } = {},
): Promise<Requeued[]> {
  const { results } = await db
    .prepare(
      `UPDATE deliveries SET status = 'pending', next_attempt_at = ?1, deferred_by = NULL, requeued_until = NULL WHERE id IN (
         SELECT h.id FROM deliveries h
           LEFT JOIN destinations t ON t.id = h.destination_id LEFT JOIN connections c ON c.id = h.connection_id
         WHERE h.status = 'held' AND COALESCE(t.paused, 0) = 0 AND COALESCE(c.paused, 0) = 0
           AND (?2 IS NULL OR h.destination_id = ?2) AND (?3 IS NULL OR h.connection_id = ?3)
         LIMIT ${SWEEP_CHUNK_ROWS})
       RETURNING id, destination_id, replay_id`,
    )
    .bind(now, of.destination_id ?? null, of.connection_id ?? null)
    .all<Requeued>();
  return results;
}

/** Removes a chunk of what came in before `before`, but for deliveries that have not ended before it too, and their events. */
export async function prune(
  db: D1Database,
  before: number,
): Promise<{ readonly bodyKeys: string[]; readonly rows: number }> {
  const limit = SWEEP_CHUNK_ROWS;
  const [deliveries, events] = await db.batch([
    db
      .prepare(
        `DELETE FROM deliveries WHERE id IN (
           SELECT id FROM deliveries WHERE id < ?1 AND status IN ${FINAL} AND COALESCE(finished_at, 0) < ?2 ORDER BY id LIMIT ${limit})`,
      )
      .bind(firstKeyAt("dlv", before), before),
    db
      .prepare(
        `DELETE FROM events WHERE id IN (
           SELECT e.id FROM events e WHERE e.id < ?1 AND NOT EXISTS (
             SELECT 1 FROM deliveries d WHERE d.id >= 'dlv_' || substr(e.id, 5) AND d.id < 'dlv_' || substr(e.id, 5) || '~')
           ORDER BY e.id LIMIT ${limit})
         RETURNING body_key`,
      )
      .bind(firstKeyAt("evt", before)),
    db.prepare("DELETE FROM interruptions WHERE at < ?1").bind(before),
  ]);
  const gone = (events?.results ?? []) as { body_key: string | null }[];
  return {
    bodyKeys: gone.flatMap((row) => (row.body_key === null ? [] : [row.body_key])),
    rows: (deliveries?.meta.changes ?? 0) + gone.length,
  };
}

export async function pruneIdempotencyKeys(db: D1Database, before: number): Promise<void> {
  await db.prepare("DELETE FROM idempotency_keys WHERE created_at < ?1").bind(before).run();
}
