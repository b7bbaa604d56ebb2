// The ledger, computed from the tables: the deliveries that events made and how these ended, by hour and source, and the differences. One
// statement sees an event and its deliveries at the same moment. Every read is a bounded range of the primary key.
import { MAX_DIFFERING_EVENTS, LEDGER_DELIVERIES_PER_EVENT } from "../config/record-limits.ts";
import { HOUR_MS } from "../kernel/durations.ts";
import { firstKeyAt, type DeliveryId, type EventId } from "../model/ids.ts";
import { FINAL, WAITING } from "./status-lists.ts";

/** SQL for the time in an id: ten digits of Crockford's base 32. Milliseconds. */
const idTime = (id: string): string =>
  Array.from(
    { length: 10 },
    (_, i) => `((instr('0123456789abcdefghjkmnpqrstvwxyz', substr(${id}, ${5 + i}, 1)) - 1) << ${5 * (9 - i)})`,
  ).join(" + ");
const idHour = (id: string): string => `(${idTime(id)}) / ${HOUR_MS} * ${HOUR_MS}`;

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
  /** The earliest event of the piece; null when the piece reached the beginning of the range. */
  readonly stoppedAt: EventId | null;
}

/** The latest events of a range of time or keys, `limit` of them. @param to a key, exclusive */
export async function ledgerPiece(db: D1Database, from: number, to: string, limit: number): Promise<LedgerPiece> {
  const range = "id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
  const zero = TERMS.map((term) => `p.${term}`).join(", ");
  const [ledger, lone] = await db.batch<object>([
    db
      .prepare(
        `WITH e AS MATERIALIZED (SELECT id, COALESCE(source_id, '') AS source_id, matched, duplicate_of IS NOT NULL AS duplicate FROM events WHERE ${range}),
         p AS MATERIALIZED (
           SELECT e.*, ${idHour("e.id")} AS hour, COALESCE(SUM(${OWN("d")}), 0) AS found,
             ${TERMS.map((term) => `COALESCE(SUM(${TERM_SQL[term]}), 0) AS ${term}`).join(", ")}
           FROM e LEFT JOIN deliveries d ON d.id >= 'dlv_' || substr(e.id, 5) AND d.id < 'dlv_' || substr(e.id, 5) || '~'
           GROUP BY e.id)
         SELECT MIN(id) AS id, hour, source_id, COUNT(*) AS events, SUM(duplicate) AS duplicates, SUM(matched = 0 AND NOT duplicate) AS ignored,
           SUM(matched) AS matched, SUM(matched <> found) AS differing, NULL AS found,
           ${TERMS.map((term) => `SUM(${term}) AS ${term}`).join(", ")} FROM p GROUP BY hour, source_id
         UNION ALL SELECT * FROM (SELECT p.id, p.hour, p.source_id, 1, p.duplicate, 0, p.matched, 1, p.found, ${zero}
           FROM p WHERE p.matched <> p.found ORDER BY p.id DESC LIMIT ${MAX_DIFFERING_EVENTS})`,
      )
      .bind(firstKeyAt("evt", from), to, limit),
    db
      .prepare(
        `SELECT d.id, ${idHour("d.id")} AS hour, COALESCE(d.source_id, '') AS source_id, d.status IN ${FINAL} AS is_final
         FROM (SELECT id, source_id, status FROM deliveries WHERE id < 'dlv_' || substr(?2, 5)
           AND id >= COALESCE((SELECT 'dlv_' || substr(id, 5) FROM events WHERE ${range} - 1, 1), ?4)
           ORDER BY id DESC LIMIT ?5) AS d
         WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = 'evt_' || substr(d.id, 5, 32)) LIMIT ${10 * MAX_DIFFERING_EVENTS}`,
      )
      .bind(firstKeyAt("evt", from), to, limit, firstKeyAt("dlv", from), limit * LEDGER_DELIVERIES_PER_EVENT),
  ]);
  const rows = (ledger?.results ?? []) as (LedgerSums & { id: EventId; found: number | null })[];
  const sums = rows.filter(({ found }) => found === null);
  const events = sums.reduce((sum, row) => sum + row.events, 0);
  const first = sums.reduce<EventId | null>((least, { id }) => (least === null || id < least ? id : least), null);
  return {
    sums,
    differing: rows.flatMap(({ id, hour, source_id, matched, found }) =>
      found === null ? [] : [{ id, hour, source_id, matched, found }],
    ),
    lone: (lone?.results ?? []) as OrphanDelivery[],
    stoppedAt: events === limit ? first : null,
  };
}

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
