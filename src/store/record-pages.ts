// What a page of a list reads: rows and segments in one D1 batch, so that an event which changes place meanwhile is neither missed nor doubled.
import { MAX_PAGE_PAYLOAD_BYTES, type LIST_SCAN } from "../config/record-limits.ts";
import type { Delivery } from "../model/delivery.ts";
import { eventIdOf, type DeliveryId, type EventId } from "../model/ids.ts";
import { statusesIn } from "../model/lifecycle.ts";
import { readable } from "../model/readable.ts";
import {
  deliveryMarks,
  eventMarks,
  examinedTo,
  segmentRange,
  tallyOf,
  type DeliveryFilter,
  type EventFilter,
  type KeyRange,
  type ListedEvent,
  type PageBounds,
  type PageRead,
} from "../record/index.ts";
import { causeSql } from "./causes.ts";
import { shownDelivery, type DeliveryRow } from "./event-rows.ts";
import { listedFromRow, type ListedRow } from "./piece-rows.ts";
import { readScan, scanStatements, type Equal, type Scan } from "./scan.ts";
import { events, type segments } from "./schema.ts";
import { segmentFromRow } from "./segments.ts";
import { columnsOf } from "./statements.ts";
import { FINAL } from "./status-lists.ts";

type SegmentRow = typeof segments.$inferSelect;

const equals = (columns: Readonly<Record<string, Equal[1] | undefined>>): Equal[] =>
  Object.entries(columns).flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]));

const CAUSE = `(SELECT ${causeSql("d.")} FROM deliveries d WHERE d.id = walked.id)`;

export async function deliveryPage(
  db: D1Database,
  filter: DeliveryFilter,
  bounds: PageBounds,
  examined: typeof LIST_SCAN,
): Promise<PageRead<Delivery>> {
  const { status, destination_id, connection_id, source_id, event_type, response_status, error, cause } = filter;
  const index = chooseIndex(filter);
  const others = { connection_id, source_id, event_type, last_response_status: response_status, last_error: error };
  const statuses = status === undefined ? undefined : statusesIn(status);
  const filters = equals(index === undefined ? { status: statuses, destination_id, ...others } : others);
  const derived: Equal[] = cause === undefined ? [] : [[CAUSE, cause]];
  const { from, to } = filter;
  const scan: Scan = { table: "deliveries", columns: "r.*", index, filters, derived, from, to, entries: examined.rows };
  const marks = deliveryMarks(filter);
  const segments = Math.min(examined.segments, bounds.entries);
  const walk: Walk = { prefix: "dlv", range: filter, marks, ...bounds, segments, more: "" };
  const statements = scanStatements(db, scan, bounds.limit);
  const results = await db.batch([...statements, ...segmentStatements(db, walk)]);
  const { rows, ids, to: rowsTo } = readScan<DeliveryRow>(results.slice(0, statements.length), scan, bounds.limit);
  return {
    rows: rows.map(shownDelivery),
    present: new Set(ids.map((id) => eventIdOf(id as DeliveryId))),
    rowsTo,
    ...readSegments(results.slice(statements.length), walk),
    namedSources: new Set(),
  };
}

/** Dead deliveries are few among many, so they have an index, as do the dead and the held ones of a destination. */
export function chooseIndex({ status, destination_id }: DeliveryFilter): Scan["index"] {
  const condition = `status = '${status}'`;
  const by = equals({ destination_id });
  if (status === "dead" && destination_id === undefined) return { name: "deliveries_dead_by_time", condition, by };
  if (status === "dead") return { name: "deliveries_dead", condition, by };
  return status === "held" && destination_id !== undefined ? { name: "deliveries_held", condition, by } : undefined;
}

export const deliveriesWith = (id: string): string =>
  `deliveries d WHERE d.id >= 'dlv_' || substr(${id}, 5) AND d.id < 'dlv_' || substr(${id}, 5) || '~'`;

/** `eventStatus` of model/lifecycle.ts in SQL, for an event that is on record. */
const EVENT_STATUS = `(SELECT CASE WHEN COUNT(*) = 0 THEN 'ignored'
    WHEN SUM(d.status NOT IN ${FINAL}) > 0 THEN 'in_progress'
    WHEN SUM(d.status = 'dead') > 0 THEN 'dead' WHEN SUM(d.status = 'delivered') > 0 THEN 'delivered' ELSE 'cancelled' END
  FROM ${deliveriesWith("walked.id")})`;

/**
 * Whether an event whose content is in columns contains the text; true where it is in a piece. Headers and query with a credential in them are not
 * searched: a search could guess it piece by piece.
 */
const containsText = (parameter: string): string =>
  `(SELECT e.payload IS NOT NULL OR e.payload_key IS NOT NULL OR instr(lower(e.path
      || iif(e.options ->> '$.credentials' IS NULL, char(10) || e.query || char(10) || e.headers, '') || char(10) || iif(e.body_encoding = 'utf8', e.body, '')
      || char(10) || COALESCE(s.slug || char(10) || (s.spec ->> '$.name'), '')), lower(${parameter})) > 0
    FROM events e LEFT JOIN sources s ON s.id = e.source_id WHERE e.id = walked.id)`;

const LISTED = columnsOf(events, ["body", "body_key", "body_encoding", "matched", "ignored", "payload"]);

export async function eventPage(
  db: D1Database,
  filter: EventFilter,
  bounds: PageBounds,
  examined: typeof LIST_SCAN,
): Promise<PageRead<ListedEvent>> {
  const { source_id, event_type, status, search, from, to } = filter;
  const scan: Scan = {
    table: "events",
    columns: `${LISTED.map((column) => `r.${column}`).join(", ")}, hex(r.payload) AS piece,
      (SELECT json_group_array(d.status) FROM ${deliveriesWith("r.id")}) AS statuses`,
    filters: equals({ source_id, event_type }),
    derived: status === undefined ? [] : [[EVENT_STATUS, status]],
    contains: search === undefined ? undefined : { text: search, condition: containsText },
    from,
    to,
    entries: status === undefined && search === undefined ? examined.rows : examined.derived,
  };
  const marks = eventMarks(filter);
  const walk: Walk = {
    prefix: "evt",
    range: filter,
    marks,
    ...bounds,
    segments: marks?.length === 0 ? Math.min(examined.segments, bounds.entries) : examined.segments,
    counted:
      source_id === undefined || event_type !== undefined || status !== undefined ? undefined : tallyOf(source_id),
    more: ", s.payload",
  };
  const statements = scanStatements(db, scan, bounds.limit);
  const named = db
    .prepare("SELECT id FROM sources WHERE instr(lower(slug || char(10) || (spec ->> '$.name')), lower(?1)) > 0")
    .bind(search ?? "");
  const batch = [...statements, ...segmentStatements(db, walk), ...(search === undefined ? [] : [named])];
  const results = await db.batch(batch);
  const { rows, ids, to: rowsTo } = readScan<ListedRow>(results.slice(0, statements.length), scan, bounds.limit);
  const sources = search === undefined ? [] : (results.at(-1)?.results as { readonly id: string }[]);
  return {
    rows: readable(rows, listedFromRow),
    present: new Set(ids as EventId[]),
    rowsTo,
    ...readSegments(results.slice(statements.length), walk),
    namedSources: new Set(sources.map(({ id }) => id)),
  };
}

/** A walk down the segments of a range. */
export interface Walk {
  readonly prefix: "evt" | "dlv";
  readonly range: KeyRange;
  /** Null where no segment is read. */
  readonly marks: readonly string[] | null;
  /** How many are examined, and how many entries are taken. Each has one at least: no more are needed than entries. */
  readonly segments: number;
  readonly entries: number;
  /** The beginning of the tally in the summary that says how many entries match. Else all of a segment count. */
  readonly counted?: string | undefined;
  /** The payload, for those who read contents. */
  readonly more: "" | ", s.payload";
}

/**
 * Two statements: all segments that may hold events on both sides of the range's end, so that a page always gets on; then as many below these as one
 * page takes. The second one returns the keys of all that it has examined.
 */
export function segmentStatements(
  db: D1Database,
  { range, marks, segments, entries, counted, more }: Walk,
): D1PreparedStatement[] {
  if (marks === null) return [];
  const { low, overlap, high } = segmentRange(range);
  const digits = [range.to.slice(4), range.from.slice(4, 4 + 32)];
  const matches = ["first_id < ?3", "last_id >= ?4", ...marks.map((_, i) => `instr(summary, ?${i + 5}) > 0`)].join(
    " AND ",
  );
  const tally = `?${marks.length + 5}`;
  const counts =
    counted === undefined
      ? "length(ids) / 32"
      : `MAX(1, CAST(substr(summary, instr(summary, ${tally}) + length(${tally})) AS INTEGER))`;
  const columns = `s.k, s.ids, s.superseded, s.entries ${more}`;
  return [
    db
      .prepare(`SELECT ${columns} FROM segments s WHERE k >= ?1 AND k < ?2 AND ${matches} ORDER BY k DESC`)
      .bind(overlap, high, ...digits, ...marks),
    db
      .prepare(
        `SELECT w.k AS examined, w.matches, ${columns} FROM (
           SELECT k, matches, SUM(iif(matches, entries, 0)) OVER above AS entries, SUM(iif(matches, bytes, 0)) OVER above AS bytes FROM (
             SELECT k, ${counts} AS entries, COALESCE(length(payload), 0) AS bytes, ${matches} AS matches
             FROM segments WHERE k >= ?1 AND k < ?2 ORDER BY k DESC LIMIT ${segments})
           WINDOW above AS (ORDER BY k DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) w
         LEFT JOIN segments s ON s.k = w.k AND w.matches AND COALESCE(w.entries, 0) < ${entries} AND COALESCE(w.bytes, 0) < ${MAX_PAGE_PAYLOAD_BYTES}
         ORDER BY w.k DESC`,
      )
      .bind(low, overlap, ...digits, ...marks, ...(counted === undefined ? [] : [counted])),
  ];
}

/** A segment that was examined; its columns are null where it does not match, or is left for the next page. */
type Examined = { readonly examined: number; readonly matches: 0 | 1 } & (SegmentRow | { readonly k: null });

export function readSegments(
  [overlapping, below]: readonly D1Result[],
  { prefix, marks, segments }: Walk,
): Pick<PageRead<never>, "segments" | "segmentsTo"> {
  if (marks === null) return { segments: [], segmentsTo: null };
  const examined = (below?.results ?? []) as Examined[];
  const left = examined.find(({ k, matches }) => matches === 1 && k === null);
  const end = left ?? (examined.length === segments ? examined.at(-1) : undefined);
  const taken = examined.filter((row): row is Examined & SegmentRow => row.k !== null);
  return {
    segments: [...((overlapping?.results ?? []) as SegmentRow[]), ...taken].map(segmentFromRow),
    segmentsTo: end === undefined ? null : examinedTo(prefix, end.examined),
  };
}
