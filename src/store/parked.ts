// Deliveries that are parked until their destination's circuit has closed. They have one of few times, so they are found in the index
// `deliveries_due` without looking at others.
import { parkedTimes } from "../model/parked.ts";
import type { DestinationId } from "../model/ids.ts";
import type { WaitingPage } from "../delivery/index.ts";
import type { Requeued } from "./requeue.ts";
import { WAITING } from "./status-lists.ts";
import { pageDestination, SIZE_OF_EVENT } from "./waiting.ts";

const DUE = `deliveries INDEXED BY deliveries_due WHERE status IN ${WAITING}`;
/** Of a destination (?2), at these times (?1), the first ones first. An older consumer gives them a slot. */
const PARKED = `FROM ${DUE} AND status = 'deferred' AND next_attempt_at IN (SELECT value FROM json_each(?1)) AND destination_id = ?2
  AND deferred_by = 'circuit' ORDER BY next_attempt_at`;

const timesAt = (now: number): string => JSON.stringify(parkedTimes(now));

/** One look-up for each time and destination, however many are parked. */
export async function parkedDestinations(db: D1Database, now: number): Promise<DestinationId[]> {
  const { results } = await db
    .prepare(
      `WITH RECURSIVE parked(at, id) AS (
         SELECT value, (SELECT MIN(destination_id) FROM ${DUE} AND next_attempt_at = value) FROM json_each(?1)
         UNION ALL
         SELECT at, (SELECT MIN(destination_id) FROM ${DUE} AND next_attempt_at = parked.at AND destination_id > parked.id)
         FROM parked WHERE id IS NOT NULL)
       SELECT DISTINCT id FROM parked WHERE id IS NOT NULL`,
    )
    .bind(timesAt(now))
    .all<{ id: DestinationId }>();
  return results.map(({ id }) => id);
}

/** The first of a destination's parked deliveries. `next` is always null: those that get another time are no longer among them. */
export async function parkedPage(
  db: D1Database,
  destinationId: DestinationId,
  now: number,
  limit: number,
): Promise<WaitingPage> {
  const [found, destination] = await db.batch([
    db
      .prepare(`SELECT id, next_attempt_at AS at, replay_id, ${SIZE_OF_EVENT} AS bytes ${PARKED} LIMIT ?3`)
      .bind(timesAt(now), destinationId, limit),
    pageDestination.statement(db, destinationId),
  ]);
  return {
    waiting: (found?.results ?? []) as WaitingPage["waiting"],
    next: null,
    ...pageDestination.read(destination?.results),
  };
}

/** Makes the first of them due, as a probe. */
export async function takeProbe(db: D1Database, destinationId: DestinationId, now: number): Promise<Requeued[]> {
  const { results } = await db
    .prepare(
      `UPDATE deliveries SET status = 'pending', next_attempt_at = ?3, deferred_by = NULL, requeued_until = NULL
       WHERE id IN (SELECT id ${PARKED} LIMIT 1) RETURNING id, destination_id, replay_id`,
    )
    .bind(timesAt(now), destinationId, now)
    .all<Requeued>();
  return results;
}
