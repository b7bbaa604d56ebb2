// The ledger's part that is in segments. They are counted by the tallies in their summaries; only those that reach beyond the range or an hour, or
// have events that rows speak for, are decoded.
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

/** The segment with which `limit` events of a range are reached, from the latest back. Segments that may hold events beyond the range's end do not count. */
export function lastCountedStatement(db: D1Database, range: KeyRange, limit: number): D1PreparedStatement {
  const end = firstSegmentKeyAt(keyTime(range.to) ?? 0);
  return db
    .prepare(
      `SELECT k FROM (SELECT k, SUM(events) OVER (ORDER BY k DESC) AS counted FROM (
         SELECT k, (length(ids) - length(superseded)) / 32 AS events FROM segments WHERE k >= ?1 AND k < ?2 ORDER BY k DESC LIMIT ?3))
       WHERE counted >= ?3 ORDER BY k DESC LIMIT 1`,
    )
    .bind(segmentRange(range).low, end, limit);
}

interface TallyRow {
  readonly k: number;
  readonly last_id: string;
  readonly summary: string;
  readonly ids: string;
  readonly superseded: string;
  /** Null where the summary suffices. */
  readonly entries: unknown;
}

export function tallyStatement(db: D1Database, range: KeyRange): D1PreparedStatement {
  const { low, high } = segmentRange(range);
  return db
    .prepare(
      `SELECT k, last_id, summary, ids, superseded,
         iif(superseded = '' AND first_id >= ?3 AND last_id < ?4 AND ${idHour("'evt_' || first_id")} = ${idHour("'evt_' || last_id")}, NULL, entries) AS entries
       FROM segments WHERE k >= ?1 AND k < ?2 AND first_id < ?4 AND last_id >= ?3`,
    )
    .bind(low, high, range.from.slice(4), range.to.slice(4));
}

export const readTallies = (rows: readonly object[], range: KeyRange): HourTally[] =>
  (rows as readonly TallyRow[]).flatMap((row) => tallies(row, range));

function tallies({ k, last_id, summary, ids, superseded, entries }: TallyRow, { from, to }: KeyRange): HourTally[] {
  const decoded = entries === null ? null : decodeEntries(ids, bytesOf(entries));
  if (decoded?.ok !== true) {
    // One that cannot be decoded is counted as a whole, where its last event is.
    const isHere = decoded === null || (last_id >= from.slice(4) && last_id < to.slice(4));
    return isHere ? talliesIn(summary).map((one) => ({ ...one, hour: hourOf(segmentTime(k)) })) : [];
  }
  const inRows = new Set(idsIn(superseded));
  const counted = decoded.value.filter(({ event: { id } }) => id >= from && id < to && !inRows.has(id));
  return [...Map.groupBy(counted, ({ event }) => hourOf(eventTime(event.id)))].flatMap(([hour, own]) =>
    tally(own).map((one) => ({ ...one, hour })),
  );
}
