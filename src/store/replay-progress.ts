// Counts the ends of a run's deliveries: in the batch that ends them, before the statement that does, so that each end counts once. A run is
// done when all deliveries that it has queued have ended.

import { FINAL } from "./status-lists.ts";

const ADD = `UPDATE replays SET done = replays.done + ended.done, failed = replays.failed + ended.failed,
    status = iif(status = 'running' AND collected AND replays.done + ended.done + replays.failed + ended.failed >= queued, 'done', status),
    finished_at = iif(status = 'running' AND collected AND replays.done + ended.done + replays.failed + ended.failed >= queued, ?2, finished_at)`;

/** Deliveries that a consumer ends, each under its claim. */
export const progressStatement = (
  db: D1Database,
  ended: readonly { readonly id: string; readonly claim: number; readonly delivered: boolean }[],
  now: number,
): D1PreparedStatement =>
  db
    .prepare(
      `${ADD} FROM (
         SELECT d.replay_id AS run, SUM(e.value ->> '$.delivered') AS done, SUM(NOT e.value ->> '$.delivered') AS failed
         FROM json_each(?1) e JOIN deliveries d ON d.id = e.value ->> '$.id'
         WHERE d.claimed_until = e.value ->> '$.claim' AND d.status NOT IN ${FINAL} GROUP BY 1) AS ended
       WHERE replays.id = ended.run`,
    )
    .bind(JSON.stringify(ended), now);

/**
 * Deliveries that a later statement ends without success.
 * @param where as in `endCountStatement`; false for deliveries that have ended
 */
export const failureStatement = (db: D1Database, where: string, bound: string, now: number): D1PreparedStatement =>
  db
    .prepare(
      `${ADD} FROM (SELECT replay_id AS run, 0 AS done, COUNT(*) AS failed FROM deliveries
         WHERE ${where} AND replay_id IS NOT NULL GROUP BY 1) AS ended
       WHERE replays.id = ended.run`,
    )
    .bind(bound, now);
