// Records a batch in one transaction, which refuses events that are on record; and reads what is on record of one event.
import { err, ok, type Result } from "../kernel/result.ts";
import { toHex } from "../kernel/bytes.ts";
import {
  toEventRecord,
  revived,
  soughtFor,
  type Commit,
  type EventRecord,
  type RecordBatch,
  type RecordTables,
  type RowRecord,
  type Sought,
  type Unreadable,
} from "../record/index.ts";
import { MAX_KEPT_IGNORED } from "../config/limits.ts";
import { LIST_SCAN } from "../config/record-limits.ts";
import type { Ignored } from "../model/ignored.ts";
import { eventIdOf, type EventId } from "../model/ids.ts";
import { deliveryFromRow, PIECE_COLUMNS, type DeliveryRow } from "./event-rows.ts";
import { contentOfRow, placeOf, type StoredEvent } from "./piece-rows.ts";
import { countedDeliveries, countedEvents } from "./record-counts.ts";
import { deliveryPage, eventPage } from "./record-pages.ts";
import { deliveryStatements, ending, HAS_ENDED, writeStatements } from "./records.ts";
import { events, type segments } from "./schema.ts";
import {
  findSegmentsStatement,
  isRefusal,
  isTakenKey,
  knownStatement,
  markStatement,
  refuseStatement,
  segmentFromRow,
  segmentStatements,
} from "./segments.ts";
import { columnsOf, extracts, jsonParameters } from "./statements.ts";

const COLUMNS = columnsOf(events, PIECE_COLUMNS);
type SegmentRow = typeof segments.$inferSelect;

/** @param scan what one page of a list examines */
export const recordTables = (db: D1Database, now: () => number, scan = LIST_SCAN): RecordTables => ({
  commit: (batch) => commit(db, batch, now()),
  known: async (sought) => {
    const { results } = await knownStatement(db, sought).all<{ id: string }>();
    return new Set(results.map(({ id }) => id));
  },
  find: (sought) => find(db, sought),
  places: (events) => places(db, events),
  eventPage: (filter, bounds) => eventPage(db, filter, bounds, scan),
  deliveryPage: (filter, bounds) => deliveryPage(db, filter, bounds, scan),
  countedEvents: (filter) => countedEvents(db, filter),
  countedDeliveries: (filter) => countedDeliveries(db, filter),
});

async function commit(db: D1Database, batch: RecordBatch, now: number): Promise<Commit> {
  const { segments, rows, callbacks, writes } = batch;
  const firsts = writes.firsts.map(({ event }) => soughtFor(event.id));
  // An event that this batch records has just the end that its callback reports.
  const ends = new Set<string>(writes.firsts.map(({ event }) => event.id));
  const isOwn = ({ event: { options } }: RowRecord): boolean =>
    options?.callback_of !== undefined && ends.has(eventIdOf(options.callback_of));
  const statements = writeStatements(
    db,
    writes,
    {
      firsts: [...segmentStatements(db, segments), ...rowStatements(db, rows)],
      callbacks: [
        ...rowStatements(db, callbacks.filter(isOwn)),
        ...rowStatements(
          db,
          callbacks.filter((one) => !isOwn(one)),
          HAS_ENDED,
        ),
      ],
    },
    now,
  );
  if (firsts.length > 0) statements.unshift(refuseStatement(db, firsts));
  try {
    const results = await db.batch(statements);
    return { kind: "recorded", size: results.at(-1)?.meta.size_after ?? 0 };
  } catch (error) {
    if (isRefusal(error)) return { kind: "known" };
    if (isTakenKey(error)) return { kind: "taken" };
    throw error;
  }
}

/**
 * Gives events of segments their rows and marks them there; events that have rows stay as they are. In a batch before the statements that do
 * something new to their deliveries.
 */
export const reviveStatements = (db: D1Database, records: readonly EventRecord[]): D1PreparedStatement[] => [
  ...rowStatements(db, records.filter(({ segment }) => segment !== null).map(revived)),
  ...[...Map.groupBy(records, ({ segment }) => segment)].flatMap(([k, own]) =>
    k === null
      ? []
      : [
          markStatement(
            db,
            k,
            own.map(({ event }) => event.id),
          ),
        ],
  ),
];

/** Rows that are there already stay as they are. @param where as in `deliveryStatements`, over the fields of `ending` too */
function rowStatements(db: D1Database, rows: readonly RowRecord[], where = "true"): D1PreparedStatement[] {
  const endings = new Map(rows.map(({ event }) => [event.id, ending(event)]));
  return [
    ...jsonParameters(rows.map((row) => ({ ...toRow(row), ...endings.get(row.event.id) }))).map((json) =>
      db
        .prepare(
          `INSERT INTO events (${[...COLUMNS, ...PIECE_COLUMNS].join(", ")})
           SELECT ${extracts(COLUMNS)}, unhex(value ->> '$.payload'), ${extracts(["payload_key", "payload_offset", "payload_length"])}
           FROM json_each(?1) WHERE ${where} ON CONFLICT DO NOTHING`,
        )
        .bind(json),
    ),
    ...deliveryStatements(
      db,
      rows.flatMap(({ deliveries }) => deliveries),
      where,
      ({ event_id }) => endings.get(event_id) ?? {},
    ),
  ];
}

/**
 * The columns of query, headers and body are left for earlier releases. Headers that are no JSON make them put the delivery off: they must not send an
 * event without its content.
 */
function toRow({
  event,
  deliveries,
  ignored,
  place,
}: RowRecord): Omit<StoredEvent, "payload"> & { payload: string | null } {
  return {
    id: event.id,
    source_id: event.source_id,
    received_at: event.received_at,
    method: event.method,
    path: event.path,
    query: "",
    headers: "",
    body: null,
    body_encoding: "r2",
    body_key: null,
    body_bytes: event.body_bytes,
    verified: event.verified === null ? null : Number(event.verified),
    matched: deliveries.length,
    event_type: event.event_type ?? null,
    duplicate_of: event.duplicate_of ?? null,
    options: event.options == null ? null : JSON.stringify(event.options),
    ignored: ignored.length === 0 ? null : JSON.stringify(ignored.slice(0, MAX_KEPT_IGNORED)),
    payload: place.kind === "piece" ? toHex(place.bytes) : null,
    payload_key: place.kind === "r2" ? place.key : null,
    payload_offset: place.kind === "r2" ? place.offset : null,
    payload_length: place.kind === "r2" ? place.length : null,
  };
}

/** Of one moment: a concurrent replay shows the event in one place. */
async function find(db: D1Database, sought: Sought): Promise<Result<EventRecord | null, Unreadable>> {
  const prefix = `dlv_${sought.id.slice(4)}`;
  const [event, deliveries, segment] = await db.batch([
    db.prepare("SELECT * FROM events WHERE id = ?1").bind(sought.id),
    db.prepare("SELECT * FROM deliveries WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id").bind(prefix),
    findSegmentsStatement(db, [sought]),
  ]);
  const [row] = (event?.results ?? []) as StoredEvent[];
  if (row !== undefined) return ok(recordFromRow(row, (deliveries?.results ?? []) as DeliveryRow[]));
  const [stored] = (segment?.results ?? []) as SegmentRow[];
  if (stored === undefined) return ok(null);
  const { k, superseded, entries, payload } = segmentFromRow(stored);
  // It had rows, which are gone: the segment no longer speaks for it.
  if (superseded.has(sought.id)) return ok(null);
  if (!entries.ok) return err({ reason: "record_unreadable", key: k, detail: entries.error.detail });
  const entry = entries.value.find((one) => one.event.id === sought.id);
  return ok(entry === undefined ? null : toEventRecord(entry, k, payload));
}

async function places(db: D1Database, ids: readonly EventId[]): ReturnType<RecordTables["places"]> {
  const { results } = await db
    .prepare(`SELECT id, ${PIECE_COLUMNS.join(", ")} FROM events WHERE id IN (SELECT value FROM json_each(?1))`)
    .bind(JSON.stringify(ids))
    .all<Pick<StoredEvent, "id" | (typeof PIECE_COLUMNS)[number]>>();
  return new Map(
    results.flatMap((row) => {
      const place = placeOf(row);
      return place === null ? [] : [[row.id, place] as const];
    }),
  );
}

/** An event in rows. */
export function recordFromRow(row: StoredEvent, deliveries: readonly DeliveryRow[]): EventRecord {
  const { event, place } = contentOfRow(row);
  const { query, headers, body, ...head } = event;
  return {
    event: head,
    place: place ?? { kind: "columns", content: { query, headers, body, attempts: {} } },
    ignored: row.ignored === null ? [] : (JSON.parse(row.ignored) as Ignored[]),
    deliveries: deliveries.map(deliveryFromRow),
    segment: null,
  };
}
