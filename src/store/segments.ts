// Segments in D1: written, found by an id, and marked. Their layout is the record's.
import type { EventId } from "../model/ids.ts";
import { decodeEntries, idsIn, soughtFor, type Segment, type SegmentRow, type Sought } from "../record/index.ts";
import { bytesOf } from "./piece-rows.ts";
import type { segments } from "./schema.ts";

type StoredRow = typeof segments.$inferSelect;

/** `b`: events, each with the range of keys of the segments that can hold it. Read once: taking JSON apart for each candidate is slow. */
const SOUGHT = `WITH b AS MATERIALIZED (
  SELECT value ->> 0 AS id, substr(value ->> 0, 5) AS digits, value ->> 1 AS low, value ->> 2 AS high FROM json_each(?1))`;
const IN_SEGMENT = `s.k BETWEEN b.low AND b.high AND s.first_id <= b.digits AND s.last_id >= b.digits AND instr(s.ids, b.digits) > 0`;
const ON_RECORD = `(EXISTS (SELECT 1 FROM events e WHERE e.id = b.id) OR EXISTS (SELECT 1 FROM segments s WHERE ${IN_SEGMENT}))`;

const toJson = (sought: readonly Sought[]): string => JSON.stringify(sought.map(({ id, from, to }) => [id, from, to]));

/** Which of these events are on record: from then on their deliveries belong to D1, not to the message that brought them. */
export const knownStatement = (db: D1Database, sought: readonly Sought[]): D1PreparedStatement =>
  db.prepare(`${SOUGHT} SELECT b.id FROM b WHERE ${ON_RECORD}`).bind(toJson(sought));

/** Fails, and with it its whole batch, if any of these events is on record. `isRefusal` recognises the error. */
export const refuseStatement = (db: D1Database, sought: readonly Sought[]): D1PreparedStatement =>
  db
    .prepare(`${SOUGHT} SELECT iif(EXISTS (SELECT 1 FROM b WHERE ${ON_RECORD}), json('known'), 1)`)
    .bind(toJson(sought));

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "");

export const isRefusal = (error: unknown): boolean => messageOf(error).includes("malformed JSON");
export const isTakenKey = (error: unknown): boolean =>
  messageOf(error).includes("UNIQUE constraint failed: segments.k");

export const segmentStatements = (db: D1Database, rows: readonly SegmentRow[]): D1PreparedStatement[] =>
  rows.map(({ k, first_id, last_id, ids, summary, superseded, entries, payload }) =>
    db
      .prepare(
        `INSERT INTO segments (k, first_id, last_id, ids, summary, superseded, entries, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
      )
      .bind(k, first_id, last_id, ids, summary, superseded, entries, payload),
  );

export const findSegmentStatement = (db: D1Database, sought: Sought): D1PreparedStatement =>
  db.prepare(`${SOUGHT} SELECT s.* FROM b JOIN segments s ON ${IN_SEGMENT}`).bind(toJson([sought]));

/** Marks events that have rows from now on. One that is in no segment, or marked already, is left alone. */
export const markStatements = (db: D1Database, ids: readonly EventId[]): D1PreparedStatement[] =>
  ids.map((id) => {
    const { from, to } = soughtFor(id);
    return db
      .prepare(
        `UPDATE segments SET superseded = superseded || ?1
         WHERE k BETWEEN ?2 AND ?3 AND first_id <= ?1 AND last_id >= ?1 AND instr(ids, ?1) > 0 AND instr(superseded, ?1) = 0`,
      )
      .bind(id.slice(4), from, to);
  });

export const segmentFromRow = (row: StoredRow): Segment => ({
  k: row.k,
  ids: idsIn(row.ids),
  superseded: new Set<EventId>(idsIn(row.superseded)),
  entries: decodeEntries(row.ids, bytesOf(row.entries)),
  payload: row.payload === null ? null : bytesOf(row.payload),
});
