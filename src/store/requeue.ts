// Finds deliveries for the sweep that must return to their queue. Each statement examines a bounded number of rows and says where the next one
// begins, so that a pass over a backlog costs as much as the backlog has rows.
import { SWEEP_CHUNK_ROWS, SWEEP_SCAN_ROWS } from "../config/record-limits.ts";
import type { DeliveryId } from "../model/ids.ts";
import { WAITING } from "./status-lists.ts";

export interface Requeued {
  readonly id: DeliveryId;
  readonly destination_id: string | null;
  readonly replay_id: string | null;
}

/** A position in the order of the index `deliveries_due`. */
type DuePosition = readonly [nextAttemptAt: number, destinationId: string, status: string, id: string];

const DUE_KEY = ["next_attempt_at", "destination_id", "status", "id"] as const;

/**
 * Deliveries that no consumer has claimed although they were due `graceMs` ago. They are left alone for `repeatMs` after that.
 * @param after examines later deliveries only, in their order
 * @returns where to go on; null at the end
 */
export async function takeOverdue(
  db: D1Database,
  now: number,
  graceMs: number,
  repeatMs: number,
  after: DuePosition,
): Promise<{ readonly taken: readonly Requeued[]; readonly next: DuePosition | null }> {
  const scan = `SELECT ${DUE_KEY.join(", ")}, claimed_until, requeued_until FROM deliveries INDEXED BY deliveries_due
    WHERE status IN ${WAITING} AND next_attempt_at <= ?1 AND (${DUE_KEY.join(", ")}) > (?2, ?3, ?4, ?5)
    ORDER BY ${DUE_KEY.join(", ")}`;
  const bound = [now - graceMs, ...after] as const;
  const { results: taken } = await db
    .prepare(
      `UPDATE deliveries SET requeued_until = ?7 WHERE id IN (
         SELECT id FROM (${scan} LIMIT ${SWEEP_SCAN_ROWS})
         WHERE (claimed_until IS NULL OR claimed_until <= ?6) AND (requeued_until IS NULL OR requeued_until <= ?6)
         LIMIT ${SWEEP_CHUNK_ROWS})
       RETURNING ${DUE_KEY.join(", ")}, replay_id`,
    )
    .bind(...bound, now, now + repeatMs)
    .all<Requeued & Due>();
  const stopped = taken.length === SWEEP_CHUNK_ROWS ? last(taken) : await endOfScan<Due>(db, scan, bound);
  return { taken, next: stopped === null ? null : toPosition(stopped) };
}

/**
 * The last row that a statement has examined; null if that was the end.
 * @param gone rows that the statement has removed from the scan
 */
export const endOfScan = <R>(
  db: D1Database,
  scan: string,
  bound: readonly (string | number)[],
  gone = 0,
): Promise<R | null> =>
  db
    .prepare(`${scan} LIMIT 1 OFFSET ${SWEEP_SCAN_ROWS - 1 - gone}`)
    .bind(...bound)
    .first<R>();

type Due = Readonly<Record<(typeof DUE_KEY)[number], string | number>>;

const toPosition = (row: Due): DuePosition => DUE_KEY.map((column) => row[column]) as unknown as DuePosition;

/** Rows that an UPDATE returns have no order. */
const last = (rows: readonly Due[]): Due | null =>
  rows.reduce<Due | null>((latest, row) => (latest === null || isAfter(row, latest) ? row : latest), null);

function isAfter(a: Due, b: Due): boolean {
  const column = DUE_KEY.find((name) => a[name] !== b[name]);
  return column !== undefined && a[column] > b[column];
}

/** What a pause that has ended held back: all of it, or that of one destination or connection. */
interface HeldBy {
  readonly destination_id?: string | null;
  readonly connection_id?: string | null;
}

/** Destinations with held deliveries that are not paused. A deleted one counts: its deliveries end when they are due. */
export async function releasableDestinations(
  db: D1Database,
  of: HeldBy = {},
): Promise<{ readonly id: string; /** Its deliveries also wait for a listener. */ readonly isListener: boolean }[]> {
  const held = "FROM deliveries INDEXED BY deliveries_held WHERE status = 'held'";
  // One look-up in the index for each destination, however many deliveries it holds.
  const { results } = await db
    .prepare(
      `WITH RECURSIVE held(id) AS (
         SELECT MIN(destination_id) ${held}
         UNION ALL SELECT (SELECT MIN(destination_id) ${held} AND destination_id > held.id) FROM held WHERE held.id IS NOT NULL)
       SELECT held.id, t.spec ->> '$.type' AS type FROM held LEFT JOIN destinations t ON t.id = held.id
       WHERE held.id IS NOT NULL AND COALESCE(t.paused, 0) = 0 AND (?1 IS NULL OR held.id = ?1)
         AND (?2 IS NULL OR held.id IN (SELECT destination_id FROM connections WHERE id = ?2))`,
    )
    .bind(of.destination_id ?? null, of.connection_id ?? null)
    .all<{ id: string; type: string | null }>();
  return results.map(({ id, type }) => ({ id, isListener: type === "listener" }));
}

/**
 * Makes held deliveries of a destination due, except for those that the pause of their connection holds.
 * @param after the id that they follow
 * @returns where to go on; null at the end
 */
export async function takeReleased(
  db: D1Database,
  now: number,
  destination: string,
  connection: string | null,
  after: string,
): Promise<{ readonly taken: readonly Requeued[]; readonly next: string | null }> {
  const scan = `SELECT id, connection_id FROM deliveries INDEXED BY deliveries_held
    WHERE status = 'held' AND destination_id = ?1 AND id > ?2 ORDER BY id`;
  const { results: taken } = await db
    .prepare(
      `UPDATE deliveries SET status = 'pending', next_attempt_at = ?3, deferred_by = NULL, requeued_until = NULL WHERE id IN (
         SELECT h.id FROM (${scan} LIMIT ${SWEEP_SCAN_ROWS}) h LEFT JOIN connections c ON c.id = h.connection_id
         WHERE COALESCE(c.paused, 0) = 0 AND (?4 IS NULL OR h.connection_id = ?4)
           AND NOT EXISTS (SELECT 1 FROM destinations t WHERE t.id = ?1 AND t.paused = 1)
         ORDER BY h.id LIMIT ${SWEEP_CHUNK_ROWS})
       RETURNING id, destination_id, replay_id`,
    )
    .bind(destination, after, now, connection)
    .all<Requeued>();
  if (taken.length === SWEEP_CHUNK_ROWS) return { taken, next: maxId(taken) };
  const end = await endOfScan<{ id: string }>(db, scan, [destination, after], taken.length);
  return { taken, next: end?.id ?? null };
}

/** The last id of rows that an UPDATE or DELETE returns, which have no order. */
export const maxId = (rows: readonly { readonly id: string }[]): string =>
  rows.reduce((latest, { id }) => (id > latest ? id : latest), "");
