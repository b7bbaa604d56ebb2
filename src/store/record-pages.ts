// Reads a range of the record, newest first: rows and segments of one moment, a bounded number of each.
import { firstKeyAt, type EventId } from "../model/ids.ts";
import { segmentTime, soughtFor, type PageParts } from "../record/index.ts";
import type { DeliveryRow } from "./event-rows.ts";
import type { StoredEvent } from "./piece-rows.ts";
import { recordFromRow } from "./record-batch.ts";
import type { segments } from "./schema.ts";
import { segmentFromRow } from "./segments.ts";

export interface RecordRange {
  /** Keys of events, from (inclusive) and to (exclusive). */
  readonly from: string;
  readonly to: string;
  /** What a segment must have in its summary: others are skipped. */
  readonly marks: readonly string[];
  /** Rows and segments that are examined. */
  readonly rows: number;
  readonly segments: number;
}

export async function readRecordRange(db: D1Database, range: RecordRange): Promise<PageParts> {
  const { from, to, marks } = range;
  const walked = "SELECT id FROM events WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
  const keys = [soughtFor(from as EventId).from, soughtFor(to as EventId).to, to.slice(4)];
  // Segments of the five seconds above the range may hold ids of it.
  const scan = `FROM segments WHERE k BETWEEN ?1 AND ?2 AND first_id < ?3 ORDER BY k DESC LIMIT ${range.segments}`;
  const marked = marks.map((_, index) => `instr(summary, ?${index + 4}) > 0`);
  const [events, deliveries, found, ends] = await db.batch([
    db
      .prepare(`SELECT e.* FROM (${walked}) AS w JOIN events e ON e.id = w.id ORDER BY e.id DESC`)
      .bind(from, to, range.rows),
    db
      .prepare(
        `SELECT d.* FROM (${walked}) AS w JOIN deliveries d
           ON d.id >= 'dlv_' || substr(w.id, 5) AND d.id < 'dlv_' || substr(w.id, 5) || '~' ORDER BY d.id`,
      )
      .bind(from, to, range.rows),
    db
      .prepare(`SELECT * FROM (SELECT * ${scan}) ${marked.length === 0 ? "" : `WHERE ${marked.join(" AND ")}`}`)
      .bind(...keys, ...marks),
    db.prepare(`SELECT COUNT(*) AS n, MIN(k) AS k FROM (SELECT k ${scan})`).bind(...keys),
  ]);
  const rows = (events?.results ?? []) as StoredEvent[];
  const byEvent = Map.groupBy((deliveries?.results ?? []) as DeliveryRow[], ({ id }) => `evt_${id.slice(4, 36)}`);
  const [end] = (ends?.results ?? []) as { n: number; k: number | null }[];
  const rowsEnd = rows.length === range.rows ? (rows.at(-1)?.id ?? null) : null;
  // A segment not read yet can hold ids up to the time of the last key that was.
  const isFull = end !== undefined && end.n === range.segments && end.k !== null;
  const segmentsEnd = isFull ? firstKeyAt("evt", segmentTime(end.k ?? 0) + 1) : null;
  return {
    rows: rows.map((row) => recordFromRow(row, byEvent.get(row.id) ?? [])),
    segments: ((found?.results ?? []) as (typeof segments.$inferSelect)[]).map(segmentFromRow),
    floor: rowsEnd !== null && (segmentsEnd === null || rowsEnd > segmentsEnd) ? rowsEnd : segmentsEnd,
  };
}
