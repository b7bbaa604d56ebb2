// What a count over time reads of rows and segments: few columns of many, in one D1 batch. Filters are applied here, so each row is read once.
import { COUNT_SCAN } from "../config/record-limits.ts";
import { eventIdOf, type DeliveryId, type EventId, type SourceId } from "../model/ids.ts";
import type { DeliveryStatus } from "../model/lifecycle.ts";
import {
  deliveryMarks,
  eventMarks,
  FILTERED,
  meetsDeliveryFilter,
  meetsEventFilter,
  type Counted,
  type DeliveryFilter,
  type EventFilter,
  type FilteredDelivery,
  type PageRead,
} from "../record/index.ts";
import { chooseIndex, deliveriesWith, readSegments, segmentStatements, type Walk } from "./record-pages.ts";
import { walkOf } from "./scan.ts";

const { segments, entries } = COUNT_SCAN;

type CountedDeliveryRow = FilteredDelivery & { readonly id: DeliveryId };

export async function countedDeliveries(db: D1Database, filter: DeliveryFilter): Promise<PageRead<Counted>> {
  const { walk, values } = walkOf({
    table: "deliveries",
    index: chooseIndex(filter),
    from: filter.from,
    to: filter.to,
  });
  const { rows } = COUNT_SCAN;
  const page = db.prepare(`SELECT id, ${FILTERED.join(", ")} ${walk} LIMIT ${rows}`).bind(...values);
  const read = await readBoth<CountedDeliveryRow>(db, page, rows, {
    prefix: "dlv",
    range: filter,
    marks: deliveryMarks(filter),
    segments,
    entries,
    more: "",
  });
  return {
    ...read,
    present: new Set(read.rows.map(({ id }) => eventIdOf(id))),
    rows: read.rows.filter((row) => meetsDeliveryFilter(filter, row)).map(({ id, status }) => ({ id, kind: status })),
  };
}

interface CountedEventRow {
  readonly id: EventId;
  readonly source_id: SourceId | null;
  readonly event_type: string | null;
  /** JSON. */
  readonly statuses: string;
}

export async function countedEvents(db: D1Database, filter: Omit<EventFilter, "search">): Promise<PageRead<Counted>> {
  const { walk, values } = walkOf({ table: "events", index: undefined, from: filter.from, to: filter.to });
  const isByStatus = filter.status !== undefined;
  const limit = isByStatus ? COUNT_SCAN.derived : COUNT_SCAN.rows;
  const statuses = isByStatus ? `(SELECT json_group_array(d.status) FROM ${deliveriesWith("events.id")})` : "'[]'";
  const page = db
    .prepare(`SELECT id, source_id, event_type, ${statuses} AS statuses ${walk} LIMIT ${limit}`)
    .bind(...values);
  const read = await readBoth<CountedEventRow>(db, page, limit, {
    prefix: "evt",
    range: filter,
    marks: eventMarks(filter),
    segments,
    entries,
    more: "",
  });
  const meets = (row: CountedEventRow): boolean =>
    meetsEventFilter(filter, row, JSON.parse(row.statuses) as DeliveryStatus[]);
  return {
    ...read,
    present: new Set(read.rows.map(({ id }) => id)),
    rows: read.rows.filter(meets).map(({ id }) => ({ id, kind: "events" })),
  };
}

/** All rows that are examined, and the segments of the same moment. */
async function readBoth<Row extends { readonly id: string }>(
  db: D1Database,
  page: D1PreparedStatement,
  limit: number,
  walk: Walk,
): Promise<Omit<PageRead<Row>, "present">> {
  const [found, ...others] = await db.batch([page, ...segmentStatements(db, walk)]);
  const rows = (found?.results ?? []) as unknown as Row[];
  return {
    rows,
    rowsTo: rows.length === limit ? (rows.at(-1)?.id ?? null) : null,
    ...readSegments(others, walk),
    namedSources: new Set(),
  };
}
