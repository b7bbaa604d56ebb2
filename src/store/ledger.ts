// The ledger, computed from the tables: the deliveries that events made and how these ended, by hour and source, and the differences. One
// statement sees an event and its deliveries at the same moment, and one batch rows and segments. Every read is a bounded range of the primary key.
import { MAX_DIFFERING_EVENTS, LEDGER_DELIVERIES_PER_EVENT } from "../config/record-limits.ts";
import { firstEventAt, firstKeyAt, type DeliveryId, type EventId } from "../model/ids.ts";
import { segmentTime, type KeyRange } from "../record/index.ts";
import { idHour, lastCountedStatement, readTallies, tallyStatement, type HourTally } from "./ledger-segments.ts";
import { FINAL, WAITING } from "./status-lists.ts";

/** A delivery that the event itself made: its id ends like its connection's or destination's. A replay's does not. */
const OWN = (d: string): string =>
  `substr(${d}.id, -10) IN (COALESCE(substr(${d}.connection_id, -10), ''), COALESCE(substr(${d}.destination_id, -10), ''), '0000000000')`;
/** SQL for the number of an event's own deliveries on record. */
export const FOUND = `(SELECT COUNT(*) FROM deliveries d WHERE d.id >= 'dlv_' || substr(events.id, 5)
  AND d.id < 'dlv_' || substr(events.id, 5) || '~' AND ${OWN("d")})`;

const TERMS = ["delivered", "dead", "cancelled", "in_flight", "replays"] as const;
const TERM_SQL: Readonly<Record<(typeof TERMS)[number], string>> = {
  delivered: `${OWN("d")} AND d.status = 'delivered'`,
  dead: `${OWN("d")} AND d.status = 'dead'`,
  cancelled: `${OWN("d")} AND d.status = 'cancelled'`,
  in_flight: `${OWN("d")} AND (d.status = 'held' OR d.status IN ${WAITING} AND d.next_attempt_at IS NOT NULL)`,
  replays: `NOT ${OWN("d")}`,
};

/** One hour of one source. `matched`: deliveries that its events made when they were recorded. */
interface LedgerSums extends Readonly<Record<(typeof TERMS)[number], number>> {
  /** Milliseconds since the epoch. */
  readonly hour: number;
  /** Empty for none. */
  readonly source_id: string;
  readonly events: number;
  readonly duplicates: number;
  readonly ignored: number;
  readonly matched: number;
  /** Events that made more or fewer deliveries than are on record. */
  readonly differing: number;
}

interface DifferingEvent {
  readonly id: EventId;
  readonly hour: number;
  readonly source_id: string;
  readonly matched: number;
  readonly found: number;
}

interface OrphanDelivery {
  readonly id: DeliveryId;
  readonly hour: number;
  readonly source_id: string;
  readonly is_final: 0 | 1;
}

export interface LedgerPiece {
  readonly sums: readonly LedgerSums[];
  /** Newest first, at most `MAX_DIFFERING_EVENTS`. */
  readonly differing: readonly DifferingEvent[];
  /** Deliveries whose event is missing. */
  readonly lone: readonly OrphanDelivery[];
  /** The key with which the piece begins, in the form of an event's id; null when it reached the beginning of the range. */
  readonly stoppedAt: EventId | null;
}

/**
 * The latest events of a range of time or keys: about `limit` in rows and `inSegments` in segments, which cost less, or all.
 * @param to a key, exclusive
 */
export async function ledgerPiece(
  db: D1Database,
  from: number,
  to: string,
  limit: number,
  inSegments = limit,
): Promise<LedgerPiece> {
  const range = { from: firstKeyAt("evt", from), to };
  const stoppedAt = await beginning(db, range, limit, inSegments);
  const bound = [stoppedAt ?? range.from, to] as const;
  const inRange = "id >= ?1 AND id < ?2";
  const zero = TERMS.map((term) => `p.${term}`).join(", ");
  const [ledger, lone, segments] = await db.batch<object>([
    db
      .prepare(
        `WITH e AS MATERIALIZED (SELECT id, COALESCE(source_id, '') AS source_id, matched, duplicate_of IS NOT NULL AS duplicate FROM events WHERE ${inRange}),
         p AS MATERIALIZED (
           SELECT e.*, ${idHour("e.id")} AS hour, COALESCE(SUM(${OWN("d")}), 0) AS found,
             ${TERMS.map((term) => `COALESCE(SUM(${TERM_SQL[term]}), 0) AS ${term}`).join(", ")}
           FROM e LEFT JOIN deliveries d ON d.id >= 'dlv_' || substr(e.id, 5) AND d.id < 'dlv_' || substr(e.id, 5) || '~'
           GROUP BY e.id)
         SELECT NULL AS id, hour, source_id, COUNT(*) AS events, SUM(duplicate) AS duplicates, SUM(matched = 0 AND NOT duplicate) AS ignored,
           SUM(matched) AS matched, SUM(matched <> found) AS differing, NULL AS found,
           ${TERMS.map((term) => `SUM(${term}) AS ${term}`).join(", ")} FROM p GROUP BY hour, source_id
         UNION ALL SELECT * FROM (SELECT p.id, p.hour, p.source_id, 1, p.duplicate, 0, p.matched, 1, p.found, ${zero}
           FROM p WHERE p.matched <> p.found ORDER BY p.id DESC LIMIT ${MAX_DIFFERING_EVENTS})`,
      )
      .bind(...bound),
    db
      .prepare(
        `SELECT d.id, ${idHour("d.id")} AS hour, COALESCE(d.source_id, '') AS source_id, d.status IN ${FINAL} AS is_final
         FROM (SELECT id, source_id, status FROM deliveries WHERE id >= 'dlv_' || substr(?1, 5) AND id < 'dlv_' || substr(?2, 5)
           ORDER BY id DESC LIMIT ?3) AS d
         WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = 'evt_' || substr(d.id, 5, 32)) LIMIT ${10 * MAX_DIFFERING_EVENTS}`,
      )
      .bind(...bound, limit * LEDGER_DELIVERIES_PER_EVENT),
    tallyStatement(db, { from: bound[0], to }),
  ]);
  const rows = (ledger?.results ?? []) as (Omit<LedgerSums, "id"> & { id: EventId | null; found: number | null })[];
  return {
    sums: [
      ...rows.filter(({ id }) => id === null),
      ...readTallies(segments?.results ?? [], { from: bound[0], to }).map(sumsOfTally),
    ],
    differing: rows.flatMap(({ id, hour, source_id, matched, found }) =>
      id === null || found === null ? [] : [{ id, hour, source_id, matched, found }],
    ),
    lone: (lone?.results ?? []) as OrphanDelivery[],
    stoppedAt,
  };
}

/** The earliest event of a piece; null where the piece takes the whole range. */
async function beginning(db: D1Database, range: KeyRange, limit: number, inSegments: number): Promise<EventId | null> {
  const [row, segment] = await db.batch<{ id: EventId } & { k: number }>([
    db
      .prepare("SELECT id FROM events WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3")
      .bind(range.from, range.to, limit - 1),
    lastCountedStatement(db, range, inSegments),
  ]);
  const [inRows] = row?.results ?? [];
  const [last] = segment?.results ?? [];
  if (last === undefined) return inRows?.id ?? null;
  const least = firstEventAt(segmentTime(last.k));
  return inRows === undefined || inRows.id < least ? least : inRows.id;
}

/** Deliveries of a segment have ended, and are all there are. */
const sumsOfTally = ({ delivered, cancelled, ...tally }: HourTally): LedgerSums => ({
  ...tally,
  delivered,
  cancelled,
  matched: delivered + cancelled,
  dead: 0,
  in_flight: 0,
  replays: 0,
  differing: 0,
});

/** Waiting deliveries without a time, which the sweep cannot find. @param to exclusive; both are keys of events */
export async function strandedDeliveries(
  db: D1Database,
  from: string,
  to: string,
): Promise<{ readonly id: DeliveryId; readonly hour: number; readonly source_id: string }[]> {
  const { results } = await db
    .prepare(
      `SELECT id, ${idHour("id")} AS hour, COALESCE(source_id, '') AS source_id FROM deliveries INDEXED BY deliveries_due
       WHERE status IN ${WAITING} AND next_attempt_at IS NULL AND id >= 'dlv_' || substr(?1, 5) AND id < 'dlv_' || substr(?2, 5)
       LIMIT ${10 * MAX_DIFFERING_EVENTS}`,
    )
    .bind(from, to)
    .all<{ id: DeliveryId; hour: number; source_id: string }>();
  return results;
}
