// Cancels deliveries that wait for a deleted source, destination or connection: a bounded piece at a time, along the indexes of waiting and
// of held deliveries.
import type { CancelReason } from "../model/delivery.ts";
import type { CancelMessage, WaitingKey } from "../model/message.ts";
import { CANCEL_CHUNK_ROWS } from "../config/record-limits.ts";
import { endCountStatement } from "./counters.ts";
import { failureStatement } from "./replay-progress.ts";
import { FINAL, WAITING } from "./status-lists.ts";

const COLUMN = { source: "source_id", destination: "destination_id", connection: "connection_id" } as const;
const ERROR = {
  source: "connection_deleted",
  destination: "destination_deleted",
  connection: "connection_deleted",
} as const satisfies Record<string, CancelReason>;

/** Waiting deliveries in the order of their times, then held ones in the order of their destinations. */
const ORDER = {
  waiting: {
    columns: ["next_attempt_at", "destination_id", "status", "id"],
    from: `deliveries INDEXED BY deliveries_due WHERE status IN ${WAITING}
      AND (next_attempt_at, destination_id, status, id) > (?1, ?2, ?3, ?4)`,
    first: [0, "", "", ""],
  },
  held: {
    columns: ["destination_id", "id"],
    from: "deliveries INDEXED BY deliveries_held WHERE status = 'held' AND (destination_id, id) > (?1, ?2)",
    first: ["", ""],
  },
} as const;

const IDLE = `id IN (SELECT value FROM json_each(?1)) AND status NOT IN ${FINAL}
  AND (claimed_until IS NULL OR claimed_until <= ?2)`;

/**
 * Cancels the deliveries of one piece that no consumer has claimed. A claimed one is cancelled at its next attempt.
 * @returns where the next piece begins; null at the end
 */
export async function cancelPiece(
  db: D1Database,
  { of, id, after }: Pick<CancelMessage, "of" | "id" | "after">,
  now: number,
): Promise<{ readonly cancelled: number; readonly next: WaitingKey | null }> {
  const held = after?.held ?? false;
  const { columns, from, first } = ORDER[held ? "held" : "waiting"];
  const key = after?.key ?? first;
  const { results } = await db
    .prepare(
      `SELECT ${columns.join(", ")}, ${COLUMN[of]} = ?${key.length + 1} AS mine FROM ${from}
       ORDER BY ${columns.join(", ")} LIMIT ${CANCEL_CHUNK_ROWS}`,
    )
    .bind(...key, id)
    .all<Record<string, string | number> & { id: string; mine: number }>();
  const last = results[CANCEL_CHUNK_ROWS - 1];
  return {
    cancelled: await cancel(
      db,
      ERROR[of],
      results.flatMap((row) => (row.mine === 1 ? [row.id] : [])),
      now,
    ),
    next:
      last !== undefined
        ? { held, key: columns.map((column) => last[column] ?? "") }
        : held
          ? null
          : { held: true, key: ORDER.held.first },
  };
}

async function cancel(db: D1Database, error: string, ids: readonly string[], now: number): Promise<number> {
  if (ids.length === 0) return 0;
  const list = JSON.stringify(ids);
  const [, , changed] = await db.batch([
    endCountStatement(db, "cancelled", IDLE, list, now),
    failureStatement(db, IDLE, list, now),
    db
      .prepare(
        `UPDATE deliveries SET status = 'cancelled', last_error = ?3, next_attempt_at = NULL, deferred_by = NULL, slot_at = NULL,
           claimed_until = NULL, requeued_until = NULL, finished_at = ?2
         WHERE ${IDLE}`,
      )
      .bind(list, now, error),
  ]);
  return changed?.meta.changes ?? 0;
}
