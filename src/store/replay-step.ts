// What every step of a bulk replay writes: it is refused unless the run is still at this step, counts what it has queued, and advances the run.
import type { DeliveryId } from "../model/ids.ts";
import type { Run } from "../model/replay.ts";

/** Fails, and with it its whole batch, unless the run is at this step. `isRefusal` recognises the error. */
export const atStepStatement = (db: D1Database, { id, step }: Run): D1PreparedStatement =>
  db
    .prepare(
      `SELECT iif(EXISTS (SELECT 1 FROM replays WHERE id = ?1 AND status = 'running' AND step = ?2), 1, json('taken'))`,
    )
    .bind(id, step);

/** Adds the rows that the statement before it has changed. */
export const countQueuedStatement = (db: D1Database, { id }: Run): D1PreparedStatement =>
  db.prepare("UPDATE replays SET queued = queued + changes() WHERE id = ?1 AND changes() > 0").bind(id);

interface Advance {
  readonly after: string;
  readonly collected: boolean;
  readonly next_at: number;
}

/** @param seen deliveries of this step @param latest a sample of them */
export const nextStepStatement = (
  db: D1Database,
  { id }: Run,
  { after, collected, next_at }: Advance,
  seen: number,
  latest: readonly DeliveryId[],
  now: number,
): D1PreparedStatement =>
  db
    .prepare(
      `UPDATE replays SET seen = seen + ?2, latest = ?3, after = ?4, collected = ?5, next_at = ?6, step = step + 1,
         status = iif(?5 AND done + failed >= queued, 'done', status), finished_at = iif(?5 AND done + failed >= queued, ?7, NULL)
       WHERE id = ?1`,
    )
    .bind(id, seen, JSON.stringify(latest), after, Number(collected), next_at, now);

/** Of the results of a step's batch: the deliveries that wait now. */
export const takenIn = (results: readonly D1Result<{ readonly taken?: DeliveryId }>[]): Set<DeliveryId> =>
  new Set(results.flatMap((result) => result.results.flatMap(({ taken }) => taken ?? [])));
