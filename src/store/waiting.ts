// Deliveries that wait until a time that the gate set: found and rescheduled, a bounded number at a time.
import { RESCHEDULE_SCAN_ROWS } from "../config/record-limits.ts";
import type { DeliveryId, DestinationId } from "../model/ids.ts";
import { readDestination } from "./routes.ts";
import type { NewTime, WaitingPage } from "../delivery/index.ts";
import { BY_GATE, WAITING } from "./status-lists.ts";

/** About the size of a delivery's event, in bytes: its row, or its piece. */
export const SIZE_OF_EVENT = `COALESCE((SELECT e.body_bytes + COALESCE(e.payload_length, length(e.payload), length(e.headers)) FROM events e
  WHERE e.id = 'evt_' || substr(deliveries.id, 5, 32)), 0)`;

/** What a page says about its destination. */
export const pageDestination = {
  statement: (db: D1Database, id: DestinationId): D1PreparedStatement =>
    db
      .prepare(
        `SELECT t.id, t.spec, t.paused, s.lane FROM destinations t LEFT JOIN destination_states s ON s.destination_id = t.id WHERE t.id = ?1`,
      )
      .bind(id),
  read(results: readonly unknown[] | undefined): Pick<WaitingPage, "destination" | "slow"> {
    const row = results?.[0] as { id: string; spec: string; paused: number; lane: string | null } | undefined;
    return {
      destination: row === undefined ? null : readDestination(row.id, row.spec, row.paused),
      slow: row?.lane === "slow",
    };
  },
};

/**
 * The next of a destination's deliveries that wait until a time that the gate set, in the order of their times. Without those that are parked.
 * @param from skips earlier times. Milliseconds since the epoch
 */
export async function waitingPage(
  db: D1Database,
  destinationId: DestinationId,
  from: number,
  now: number,
  limit: number,
): Promise<WaitingPage> {
  const scan = `SELECT id, next_attempt_at, destination_id FROM deliveries INDEXED BY deliveries_due
    WHERE status IN ${WAITING} AND next_attempt_at >= ?1 ORDER BY next_attempt_at LIMIT ${RESCHEDULE_SCAN_ROWS}`;
  const [found, scanned, destination] = await db.batch([
    db
      .prepare(
        `SELECT deliveries.id, deliveries.next_attempt_at AS at, deliveries.replay_id, ${SIZE_OF_EVENT} AS bytes
         FROM (${scan}) AS s CROSS JOIN deliveries ON deliveries.id = s.id
         WHERE s.destination_id = ?2 AND deliveries.status = 'deferred' AND deliveries.deferred_by IN ${BY_GATE}
           AND deliveries.slot_at IS NOT NULL
           AND (deliveries.claimed_until IS NULL OR deliveries.claimed_until <= ?3)
         ORDER BY s.next_attempt_at LIMIT ?4`,
      )
      .bind(from, destinationId, now, limit),
    db.prepare(`SELECT COUNT(*) AS entries, MAX(next_attempt_at) AS last FROM (${scan})`).bind(from),
    pageDestination.statement(db, destinationId),
  ]);
  const waiting = (found?.results ?? []) as WaitingPage["waiting"];
  const { entries, last } = (scanned?.results[0] ?? { entries: 0, last: null }) as {
    entries: number;
    last: number | null;
  };
  const reached =
    waiting.length === limit ? (waiting.at(-1)?.at ?? null) : entries === RESCHEDULE_SCAN_ROWS ? last : null;
  return {
    waiting,
    // Further deliveries may have the last time: they are in the next page, unless this page held that time only.
    next: reached === null ? null : Math.max(reached, from + 1),
    ...pageDestination.read(destination?.results),
  };
}

/** Reschedules those that still wait until the old time and that no consumer has claimed. @returns their ids */
export async function moveWaiting(db: D1Database, times: readonly NewTime[], now: number): Promise<DeliveryId[]> {
  if (times.length === 0) return [];
  const { results } = await db
    .prepare(
      `UPDATE deliveries SET next_attempt_at = new.at, slot_at = new.at, requeued_until = NULL
       FROM (SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.was') AS was, json_extract(value, '$.at') AS at
             FROM json_each(?1)) AS new
       WHERE deliveries.id = new.id AND deliveries.status = 'deferred' AND deliveries.next_attempt_at = new.was
         AND (deliveries.claimed_until IS NULL OR deliveries.claimed_until <= ?2)
       RETURNING deliveries.id`,
    )
    .bind(JSON.stringify(times), now)
    .all<{ id: DeliveryId }>();
  return results.map(({ id }) => id);
}
