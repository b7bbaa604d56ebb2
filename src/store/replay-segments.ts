// Deliveries of segments that a bulk replay may take, in the order of their ids. An entry never changes, so it is read without the rows: where an
// event has rows by now, these speak.
import { PIECE_SCAN, SEGMENT_SPAN_MS } from "../config/record-limits.ts";
import type { Delivery } from "../model/delivery.ts";
import { afterKey, firstKeyAt, idTime, type EventId } from "../model/ids.ts";
import type { ReplayFilter } from "../model/replay.ts";
import {
  deliveryMarks,
  firstSegmentKeyAt,
  meetsDeliveryFilter,
  toEventRecord,
  segmentRange,
  segmentTime,
  type DeliveryFilter,
  type EventRecord,
  type KeyRange,
  type UnreadableSegment,
} from "../record/index.ts";
import { recordsIn, segmentFromRow } from "./segments.ts";
import type { segments } from "./schema.ts";

type SegmentRow = typeof segments.$inferSelect;

/** A delivery that has ended, and the key of the segment that it is in. */
export interface SegmentDelivery extends Delivery {
  readonly segment: number;
}

export interface SegmentWalk {
  readonly found: readonly SegmentDelivery[];
  /** All before this key have been examined. */
  readonly to: string;
  /** Entries of the segments that were read. */
  readonly entries: number;
  readonly unreadable: readonly Omit<UnreadableSegment, "events">[];
}

/**
 * The next ones, in about as many segments and entries as `scan` says, and in those of the seconds after `range.from`.
 * @param range of deliveries, both ends exclusive
 * @param most deliveries
 */
export async function walkSegments(
  db: D1Database,
  filter: ReplayFilter,
  range: KeyRange,
  most: number,
  scan = PIECE_SCAN,
): Promise<SegmentWalk> {
  const { status } = filter;
  if (status === "ignored") return { found: [], to: range.to, entries: 0, unreadable: [] };
  const wanted = deliveryFilter({ ...filter, status }, range);
  const marks = deliveryMarks(wanted);
  if (marks === null) return { found: [], to: range.to, entries: 0, unreadable: [] };
  const ahead = await readAhead(db, range, marks, scan);
  const isNext = ({ id }: Delivery): boolean => id > range.from && id < ahead.to;
  const found = ahead.records.flatMap(({ deliveries, segment }): SegmentDelivery[] =>
    deliveries
      .filter((delivery) => isNext(delivery) && meetsDeliveryFilter(wanted, delivery))
      .map((delivery) => ({ ...delivery, segment: segment ?? 0 })),
  );
  found.sort((a, b) => (a.id < b.id ? -1 : 1));
  const last = found.length > most ? found[most - 1] : undefined;
  return {
    found: found.slice(0, most),
    to: last === undefined ? ahead.to : afterKey(last.id),
    entries: ahead.entries,
    unreadable: ahead.unreadable,
  };
}

/** No segment holds a dead delivery. */
const deliveryFilter = (
  {
    status,
    source_id,
    destination_id,
    connection_id,
    event_type = null,
  }: ReplayFilter & { readonly status: DeliveryFilter["status"] | null },
  range: KeyRange,
): DeliveryFilter => ({
  ...range,
  status: status ?? "delivered",
  ...(source_id === null ? {} : { source_id }),
  ...(destination_id === null ? {} : { destination_id }),
  ...(connection_id === null ? {} : { connection_id }),
  ...(event_type === null ? {} : { event_type }),
});

/** A segment that was examined; its columns are null where it does not match, or is left for the next walk. */
type Ahead = { readonly examined: number; readonly first: string; readonly matches: 0 | 1 } & (
  SegmentRow | { readonly k: null }
);

export interface ReadAhead extends Omit<SegmentWalk, "found"> {
  /** Events that no rows speak for, also some from outside of the range. */
  readonly records: readonly (EventRecord & { readonly segment: number })[];
}

/**
 * Segments in the order of their first events. All that begin before the range do and reach into it are read, so that a walk always gets on; they end
 * within the span of a segment.
 * @param range of deliveries
 * @param more the payload, for those who read contents
 */
export async function readAhead(
  db: D1Database,
  { from, to }: KeyRange,
  marks: readonly string[],
  scan: typeof PIECE_SCAN,
  more: "" | ", s.payload" = "",
): Promise<ReadAhead> {
  const { low, high } = segmentRange({ from, to });
  const near = Math.min(high, firstSegmentKeyAt(idTime(from) + 2 * (SEGMENT_SPAN_MS + 1)));
  const matches = ["last_id >= ?4", "first_id < ?5", ...marks.map((_, i) => `instr(summary, ?${i + 6}) > 0`)];
  const examine = `SELECT k, first_id, length(ids) / 32 AS entries, ${matches.join(" AND ")} AS matches FROM segments`;
  const { results: rows } = await db
    .prepare(
      `SELECT w.k AS examined, w.first_id AS first, w.matches, s.k, s.ids, s.superseded, s.entries${more} FROM (
         SELECT *, SUM(iif(matches AND first_id > ?4, entries, 0)) OVER (ORDER BY first_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
         FROM (SELECT * FROM (${examine} WHERE k >= ?1 AND k < ?2)
           UNION ALL SELECT * FROM (${examine} WHERE k >= ?2 AND k < ?3 ORDER BY k LIMIT ${scan.segments}))) w
       LEFT JOIN segments s ON s.k = w.k AND w.matches AND COALESCE(w.earlier, 0) < ${scan.entries}
       ORDER BY w.first_id`,
    )
    .bind(low, near, high, from.slice(4, 4 + 32), to.slice(4), ...marks)
    .all<Ahead>();
  const far = rows.filter(({ examined }) => examined >= near);
  // A segment beyond these ends later, and begins at most a span before that.
  const end = Math.max(...far.map(({ examined }) => examined));
  const unseen = far.length < scan.segments ? to : firstKeyAt("dlv", segmentTime(end) - SEGMENT_SPAN_MS);
  const left = rows.find(({ k, matches: isMatch }) => isMatch === 1 && k === null);
  const read = rows.filter((row): row is Ahead & SegmentRow => row.k !== null).map(segmentFromRow);
  return {
    records: read.flatMap(({ k, superseded, entries, payload }) =>
      entries.ok
        ? entries.value
            .filter(({ event }) => !superseded.has(event.id))
            .map((entry) => ({ ...toEventRecord(entry, k, payload), segment: k }))
        : [],
    ),
    entries: read.reduce((sum, { ids }) => sum + ids.length, 0),
    unreadable: read.flatMap(({ k, entries }) => (entries.ok ? [] : [{ key: k, detail: entries.error.detail }])),
    to: [unseen, to, ...(left === undefined ? [] : [`dlv_${left.first}`])].reduce((a, b) => (a < b ? a : b)),
  };
}

/** Events of segments as they are on record. What cannot be decoded is left out. @param at each event and the key of its segment */
export async function readRecords(db: D1Database, at: ReadonlyMap<EventId, number>): Promise<readonly EventRecord[]> {
  if (at.size === 0) return [];
  const { results } = await db
    .prepare("SELECT * FROM segments WHERE k IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify([...new Set(at.values())]))
    .all<SegmentRow>();
  return results.flatMap((row) => recordsIn(segmentFromRow(row), at) ?? []);
}
