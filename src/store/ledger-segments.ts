// The ledger's part that is in segments. They are counted by the tallies in their summaries; only those that reach beyond the range or an hour, or
// have events that rows speak for, are decoded.
import { LEDGER_PIECE_SEGMENTS, SEGMENT_SPAN_MS } from "../config/record-limits.ts";
import { HOUR_MS } from "../kernel/durations.ts";
import { eventTime, keyTime } from "../model/ids.ts";
import {
  decodeEntries,
  firstSegmentKeyAt,
  idsIn,
  segmentRange,
  segmentTime,
  talliesIn,
  tally,
  tallyPart,
  type KeyRange,
  type Tally,
} from "../record/index.ts";
import { bytesOf } from "./piece-rows.ts";

/** SQL for the time in an id: ten digits of Crockford's base 32. Milliseconds. */
const idTime = (id: string): string =>
  Array.from(
    { length: 10 },
    (_, i) => `((instr('0123456789abcdefghjkmnpqrstvwxyz', substr(${id}, ${5 + i}, 1)) - 1) << ${5 * (9 - i)})`,
  ).join(" + ");
export const idHour = (id: string): string => `(${idTime(id)}) / ${HOUR_MS} * ${HOUR_MS}`;

/** One hour of a source. */
export interface HourTally extends Tally {
  /** Milliseconds since the epoch. */
  readonly hour: number;
}

const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

/**
 * The segment with which `limit` events of a range are reached, or the limit of segments, from the latest back. Segments that may hold events beyond
 * the range's end do not count. SQLite reads in the order of the window, so it stops at the first row that it finds.
 */
export function lastCountedStatement(db: D1Database, range: KeyRange, limit: number): D1PreparedStatement {
  const end = firstSegmentKeyAt(keyTime(range.to) ?? 0);
  return db
    .prepare(
      `SELECT k FROM (SELECT k, SUM((length(ids) - length(superseded)) / 32) OVER latest AS counted, ROW_NUMBER() OVER latest AS number
         FROM segments WHERE k >= ?1 AND k < ?2 WINDOW latest AS (ORDER BY k DESC ROWS UNBOUNDED PRECEDING))
       WHERE counted >= ?3 OR number = ?4 LIMIT 1`,
    )
    .bind(segmentRange(range).low, end, limit, Math.min(limit, LEDGER_PIECE_SEGMENTS));
}

interface TallyRow {
  readonly k: number;
  /** The tallies of all segments of the row. */
  readonly summary: string;
  /** Null where the summary suffices, as are the others. */
  readonly last_id: string | null;
  readonly superseded: string | null;
  readonly ids: string | null;
  readonly entries: unknown;
}

/** Rows into which the segments of an hour are divided, so that no row comes near D1's limit of 2 MB: all tallies of one answer are at most 6 MB. */
const ROWS_AN_HOUR = 16;

/** Some rows for the segments of an hour whose summaries suffice, and one for each of the others. */
export function tallyStatement(db: D1Database, range: KeyRange): D1PreparedStatement {
  const { low, high } = segmentRange(range);
  const anHour = firstSegmentKeyAt(HOUR_MS);
  const lastHour = `k / ${anHour} * ${HOUR_MS}`;
  // One whose last event is a span away from the hour's beginning has all in that hour. Only for others the time is read out of an id.
  const isInOneHour = `(k % ${anHour} >= ${firstSegmentKeyAt(SEGMENT_SPAN_MS)} OR ${idHour("'evt_' || first_id")} = ${lastHour})`;
  const suffices = `superseded = '' AND first_id >= ?3 AND last_id < ?4 AND ${isInOneHour}`;
  return db
    .prepare(
      `SELECT MAX(k) AS k, group_concat(${tallyPart("summary")}, '') AS summary, ${["last_id", "superseded", "ids", "entries"].map((name) => `iif(${suffices}, NULL, ${name}) AS ${name}`).join(", ")}
       FROM segments WHERE k >= ?1 AND k < ?2 AND first_id < ?4 AND last_id >= ?3 GROUP BY iif(${suffices}, ${lastHour} + k % ${ROWS_AN_HOUR}, -k)`,
    )
    .bind(low, high, range.from.slice(4), range.to.slice(4));
}

export const readTallies = (rows: readonly object[], range: KeyRange): HourTally[] =>
  (rows as readonly TallyRow[]).flatMap((row) => tallies(row, range));

function tallies({ k, last_id, summary, ids, superseded, entries }: TallyRow, { from, to }: KeyRange): HourTally[] {
  const decoded = ids === null ? null : decodeEntries(ids, bytesOf(entries));
  if (decoded?.ok !== true) {
    // One that cannot be decoded is counted as a whole, where its last event is.
    const isHere = last_id === null || (last_id >= from.slice(4) && last_id < to.slice(4));
    return isHere ? talliesIn(summary).map((one) => ({ ...one, hour: hourOf(segmentTime(k)) })) : [];
  }
  const inRows = new Set(idsIn(superseded ?? ""));
  const counted = decoded.value.filter(({ event: { id } }) => id >= from && id < to && !inRows.has(id));
  return [...Map.groupBy(counted, ({ event }) => hourOf(eventTime(event.id)))].flatMap(([hour, own]) =>
    tally(own).map((one) => ({ ...one, hour })),
  );
}
