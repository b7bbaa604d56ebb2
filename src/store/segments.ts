// Segments in D1: written, found by an id, and marked. Their layout is the record's.
import type { EventId } from "../model/ids.ts";
import {
  decodeEntries,
  idsIn,
  toEventRecord,
  type EventRecord,
  type Segment,
  type SegmentRow,
  type Sought,
} from "../record/index.ts";
import { bytesOf } from "./piece-rows.ts";
import { segments } from "./schema.ts";
import { insertSelect } from "./statements.ts";

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
        insertSelect(segments, {
          ...{
            k: "?1",
            first_id: "?2",
            last_id: "?3",
            ids: "?4",
            summary: "?5",
            superseded: "?6",
            entries: "?7",
            payload: "?8",
          },
        }),
      )
      .bind(k, first_id, last_id, ids, summary, superseded, entries, payload),
  );

/** The segments that hold any of these events. */
export const findSegmentsStatement = (db: D1Database, sought: readonly Sought[]): D1PreparedStatement =>
  db.prepare(`${SOUGHT} SELECT DISTINCT s.* FROM b JOIN segments s ON ${IN_SEGMENT}`).bind(toJson(sought));

/** Marks events of a segment that have rows from now on, those that are marked already aside. */
export const markStatement = (db: D1Database, k: number, ids: readonly EventId[]): D1PreparedStatement => {
  const unmarked = "FROM json_each(?2) WHERE instr(superseded, value) = 0";
  return db
    .prepare(
      `UPDATE segments SET superseded = superseded || (SELECT group_concat(value, '') ${unmarked}) WHERE k = ?1 AND EXISTS (SELECT 1 ${unmarked})`,
    )
    .bind(k, JSON.stringify(ids.map((id) => id.slice(4))));
};

export const segmentFromRow = (row: StoredRow): Segment => ({
  k: row.k,
  ids: idsIn(row.ids),
  superseded: new Set<EventId>(idsIn(row.superseded)),
  entries: decodeEntries(row.ids, bytesOf(row.entries)),
  payload: row.payload === null ? null : bytesOf(row.payload),
});

/** What a segment holds of these events; null where it cannot be decoded. */
export function recordsIn(
  { k, entries, payload }: Segment,
  wanted: { readonly has: (id: EventId) => boolean },
): readonly EventRecord[] | null {
  if (!entries.ok) return null;
  return entries.value.filter(({ event }) => wanted.has(event.id)).map((entry) => toEventRecord(entry, k, payload));
}
