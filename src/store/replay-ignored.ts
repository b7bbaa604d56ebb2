// Bulk replays of events that no connection took: the next of them, and the transaction that makes their deliveries.
import { LATEST_DELIVERIES, PIECE_SCAN } from "../config/record-limits.ts";
import type { IgnoredPiece } from "../delivery/index.ts";
import type { DeliveryId } from "../model/ids.ts";
import { spread, type ReplayFilter, type Run } from "../model/replay.ts";
import { eventMarks, type EventRecord, type KeyRange, type UnreadableSegment } from "../record/index.ts";
import type { StoredEvent } from "./piece-rows.ts";
import { recordFromRow, reviveStatements } from "./record-batch.ts";
import { readAhead, readRecords } from "./replay-segments.ts";
import { atStepStatement, countQueuedStatement, nextStepStatement, takenIn } from "./replay-step.ts";
import { shareStatements, sharesFrom } from "./replay-shares.ts";
import { deliveries } from "./schema.ts";
import { isRefusal } from "./segments.ts";
import { insertSelect } from "./statements.ts";

/** Events that made no delivery and got none by a replay; neither duplicates, which others were delivered for, nor events without a source. */
export interface IgnoredRecords {
  /** In the order of their ids. */
  readonly found: readonly EventRecord[];
  /** The next page begins with this key; null at the end. */
  readonly next: string | null;
  readonly unreadable: readonly Omit<UnreadableSegment, "events">[];
}

/** Sources that have an enabled connection within the filter: no other event can be delivered. */
async function takingSources(
  db: D1Database,
  { source_id, connection_id, destination_id }: ReplayFilter,
): Promise<ReadonlySet<string>> {
  const { results } = await db
    .prepare(
      `SELECT DISTINCT c.source_id AS id FROM connections c JOIN destinations d ON d.id = c.destination_id
       WHERE c.spec ->> '$.enabled' IS NOT 0 AND (?1 IS NULL OR c.source_id = ?1)
         AND (?2 IS NULL OR c.id = ?2) AND (?3 IS NULL OR c.destination_id = ?3)`,
    )
    .bind(source_id, connection_id, destination_id)
    .all<{ id: string }>();
  return new Set(results.map(({ id }) => id));
}

/** The key of a range of deliveries that an event's deliveries begin with. */
const keyOf = (event: { readonly id: string }): string => `dlv_${event.id.slice(4)}`;

/** SQL for the deliveries of an event, by its id in a column. */
const DELIVERIES_OF = (id: string): string =>
  `deliveries d WHERE d.id >= 'dlv_' || substr(${id}, 5) AND d.id < 'dlv_' || substr(${id}, 5) || '~'`;

/**
 * The next ones, among as many events in rows and in segments as `scan` says.
 * @param range of deliveries, its end exclusive
 * @param most events
 */
export async function ignoredRecords(
  db: D1Database,
  filter: ReplayFilter,
  range: KeyRange,
  most: number,
  scan = PIECE_SCAN,
): Promise<IgnoredRecords> {
  const sources = await takingSources(db, filter);
  if (sources.size === 0) return { found: [], next: null, unreadable: [] };
  const { source_id, event_type = null } = filter;
  const marks = eventMarks({
    ...range,
    status: "ignored",
    ...(source_id === null ? {} : { source_id }),
    ...(event_type === null ? {} : { event_type }),
  });
  const ahead = await readAhead(db, range, marks ?? [], scan, ", s.payload");
  const inSegments = ahead.records.filter(
    ({ event, deliveries: made }) =>
      made.length === 0 &&
      event.duplicate_of == null &&
      sources.has(event.source_id ?? "") &&
      (event_type === null || event.event_type === event_type) &&
      keyOf(event) >= range.from,
  );
  const bounds = [`evt_${range.from.slice(4)}`, `evt_${ahead.to.slice(4)}`];
  const inRange = "id >= ?1 AND id < ?2 ORDER BY id";
  const [rows, end, known] = await db.batch<StoredEvent>([
    db
      .prepare(
        `SELECT e.* FROM (SELECT * FROM events WHERE ${inRange} LIMIT ${scan.rows}) e
         WHERE e.matched = 0 AND e.duplicate_of IS NULL AND e.source_id IN (SELECT value FROM json_each(?3))
           AND (?4 IS NULL OR e.event_type = ?4) AND NOT EXISTS (SELECT 1 FROM ${DELIVERIES_OF("e.id")}) LIMIT ${most + 1}`,
      )
      .bind(...bounds, JSON.stringify([...sources]), event_type),
    db.prepare(`SELECT id FROM events WHERE ${inRange} LIMIT 1 OFFSET ${scan.rows}`).bind(...bounds),
    db
      .prepare("SELECT id FROM events WHERE id IN (SELECT value FROM json_each(?1))")
      .bind(JSON.stringify(inSegments.map(({ event }) => event.id))),
  ]);
  const [unexamined] = end?.results ?? [];
  const to = unexamined === undefined ? ahead.to : keyOf(unexamined);
  // Where an event has rows, these speak.
  const haveRows = new Set<string>(known?.results.map(({ id }) => id));
  const all: EventRecord[] = [
    ...(rows?.results ?? []).map((row) => recordFromRow(row, [])),
    ...inSegments.filter(({ event }) => !haveRows.has(event.id)),
  ]
    .filter(({ event }) => keyOf(event) < to)
    .sort((a, b) => (a.event.id < b.event.id ? -1 : 1));
  const left = all[most];
  return {
    found: all.slice(0, most),
    next: left !== undefined ? keyOf(left.event) : to < range.to ? to : null,
    unreadable: ahead.unreadable,
  };
}

/** For a run: the next ones, and the destinations' shares. */
export async function ignoredOfRun(
  db: D1Database,
  run: Run,
  after: string,
  most: number,
): Promise<IgnoredRecords & { readonly shares: ReadonlyMap<string, number> }> {
  const records = await ignoredRecords(db, run.filter, { from: after, to: run.until }, most);
  const [limited, running] = await db.batch([...shareStatements(db)]);
  return { ...records, shares: sharesFrom([limited, running], run) };
}

/**
 * One transaction, which is refused unless the run is still at this step. An event that has got a delivery otherwise meanwhile is left out, and so is
 * a connection or destination that is gone. Events of segments get rows in it.
 * @returns the deliveries that wait now; null when it was refused
 */
export async function takeIgnored(
  db: D1Database,
  run: Run,
  piece: IgnoredPiece,
  now: number,
): Promise<Set<DeliveryId> | null> {
  const records = await readRecords(
    db,
    new Map(piece.items.flatMap(({ event, segment }) => (segment === null ? [] : [[event.id, segment] as const]))),
  );
  const items = piece.items.map(({ id, event, way, at }) => ({ id, at, ...way, event: event.id }));
  const statements = [
    atStepStatement(db, run),
    ...reviveStatements(db, records),
    db
      .prepare(
        `${insertSelect(deliveries, {
          ...{ id: "item.id", source_id: "e.source_id", event_type: "e.event_type" },
          ...{ connection_id: "item.connection_id", destination_id: "item.destination_id" },
          ...{ status: "'pending'", attempts_made: 0, next_attempt_at: "item.at", deferrals: 0, attempts: "'[]'" },
          ...{ created_at: "?3", replay_id: "?2", age_credit_ms: 0 },
        })}
         FROM (SELECT value ->> '$.id' AS id, value ->> '$.event' AS event, value ->> '$.at' AS at,
             value ->> '$.connection_id' AS connection_id, value ->> '$.destination_id' AS destination_id FROM json_each(?1)) AS item
           JOIN events e ON e.id = item.event
         WHERE NOT EXISTS (SELECT 1 FROM ${DELIVERIES_OF("item.event")} AND d.replay_id IS NOT ?2)
           AND EXISTS (SELECT 1 FROM connections c WHERE c.id = item.connection_id)
           AND EXISTS (SELECT 1 FROM destinations t WHERE t.id = item.destination_id)
         ON CONFLICT DO NOTHING RETURNING id AS taken`,
      )
      .bind(JSON.stringify(items), run.id, now),
    countQueuedStatement(db, run),
    nextStepStatement(
      db,
      run,
      piece,
      items.length,
      spread(items, LATEST_DELIVERIES).map(({ id }) => id),
      now,
    ),
  ];
  try {
    return takenIn(await db.batch<{ readonly taken?: DeliveryId }>(statements));
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}
