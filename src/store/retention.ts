// Removes records past retention, a bounded number at a time. A statement says where the next one begins, so that records which stay cost one
// look a pass.
import {
  NAMING_SCAN_ROWS,
  SEGMENT_CHUNK_ROWS,
  SHED_CHUNK_BYTES,
  SHED_CHUNK_EVENTS,
  SWEEP_CHUNK_ROWS,
  SWEEP_SCAN_ROWS,
} from "../config/record-limits.ts";
import { firstKeyAt, idTime, type EventId } from "../model/ids.ts";
import { firstSegmentKeyAt, ID_DIGITS, segmentTime } from "../record/index.ts";
import { endOfScan, maxId } from "./requeue.ts";
import { FINAL } from "./status-lists.ts";

export interface Pruned {
  readonly rows: number;
  /** R2 keys of bodies that no record names any more. */
  readonly bodyKeys: readonly string[];
  /** The id that the next chunk follows; null at the end. */
  readonly next: string | null;
}

/** Removes deliveries from before `before` that ended before it too. @param after the id that they follow; empty at the beginning */
export const pruneDeliveries = (db: D1Database, before: number, after: string): Promise<Pruned> =>
  prune(
    db,
    "deliveries",
    [firstKeyAt("dlv", before), before],
    after,
    `status IN ${FINAL} AND COALESCE(finished_at, 0) < ?3`,
  );

/** Removes events from before `before` that have no deliveries any more. @param after as in `pruneDeliveries` */
export const pruneEvents = (db: D1Database, before: number, after: string): Promise<Pruned> =>
  prune(
    db,
    "events",
    [firstKeyAt("evt", before)],
    after,
    `NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id >= 'dlv_' || substr(r.id, 5) AND d.id < 'dlv_' || substr(r.id, 5) || '~')`,
  );

/** @param bound `?2` is the key that ends the range, `?3` and on are for the condition on a row `r` */
async function prune(
  db: D1Database,
  table: "deliveries" | "events",
  bound: readonly [end: string, ...rest: number[]],
  after: string,
  condition: string,
): Promise<Pruned> {
  const columns = table === "events" ? "id, body_key" : "id, status, finished_at";
  const scan = `SELECT ${columns} FROM ${table} WHERE id > ?1 AND id < ?2 ORDER BY id`;
  const { results: gone } = await db
    .prepare(
      `DELETE FROM ${table} WHERE id IN (
         SELECT r.id FROM (${scan} LIMIT ${SWEEP_SCAN_ROWS}) r WHERE ${condition} ORDER BY r.id LIMIT ${SWEEP_CHUNK_ROWS})
       RETURNING id${table === "events" ? ", body_key" : ""}`,
    )
    .bind(after, ...bound)
    .all<{ id: string; body_key?: string | null }>();
  const isFull = gone.length === SWEEP_CHUNK_ROWS;
  const end = isFull ? null : await endOfScan<{ id: string }>(db, scan, [after, bound[0]], gone.length);
  return {
    rows: gone.length,
    bodyKeys: gone.flatMap(({ body_key }) => body_key ?? []),
    next: isFull ? maxId(gone) : (end?.id ?? null),
  };
}

/** Removes segments whose events are all from before `before`. @returns how many */
export async function pruneSegments(db: D1Database, before: number): Promise<number> {
  const { meta } = await db
    .prepare(
      `DELETE FROM segments WHERE k IN (SELECT k FROM segments WHERE k < ?1 ORDER BY k LIMIT ${SEGMENT_CHUNK_ROWS})`,
    )
    .bind(firstSegmentKeyAt(before))
    .run();
  return meta.changes;
}

/** The size of the database in bytes. Every query reports it, so the cheapest one is run. */
export const databaseBytes = async (db: D1Database): Promise<number> =>
  (await db.prepare("SELECT 1").run()).meta.size_after;

interface Shed {
  readonly events: number;
  /** R2 keys of bodies that no record names any more. */
  readonly bodyKeys: readonly string[];
  /** The key of events that the next chunk follows; null at the end. */
  readonly next: string | null;
  /** The size of the database. */
  readonly bytes: number;
}

const EVENT_SIZE = "length(headers) + COALESCE(length(body), 0) + COALESCE(length(payload), 0)";
const OWN_DELIVERIES = "d.id >= 'dlv_' || substr(e.id, 5) AND d.id < 'dlv_' || substr(e.id, 5) || '~'";
const HAS_OPEN = `EXISTS (SELECT 1 FROM deliveries d WHERE ${OWN_DELIVERIES} AND d.status NOT IN ${FINAL})`;

/**
 * Removes the oldest events from before `before` whose deliveries have all ended, with those deliveries, in rows and in segments. An event goes as a
 * whole, so that the ledger balances.
 * @param after the key that the rows follow; empty at the beginning
 */
export async function shedChunk(db: D1Database, before: number, after: string): Promise<Shed> {
  const last = await db
    .prepare(
      `SELECT MAX(k) AS k FROM (SELECT k, SUM(size) OVER (ORDER BY k) - size AS earlier FROM (
         SELECT k, length(entries) + COALESCE(length(payload), 0) AS size FROM segments WHERE k < ?1 ORDER BY k LIMIT ${SEGMENT_CHUNK_ROWS}))
       WHERE earlier < ${SHED_CHUNK_BYTES}`,
    )
    .bind(firstSegmentKeyAt(before))
    .first<{ k: number | null }>();
  const end = last?.k == null ? before : segmentTime(last.k) + 1;
  const scan = `SELECT id, matched, ${EVENT_SIZE} AS size FROM events WHERE id > ?1 AND id < ?2 ORDER BY id`;
  const bound = [after, firstKeyAt("evt", end)] as const;
  const { results: ended } = await db
    .prepare(
      `SELECT id, SUM(size) OVER (ORDER BY id) - size AS earlier FROM (
         SELECT e.id, e.size FROM (${scan} LIMIT ${SWEEP_SCAN_ROWS}) e
         WHERE NOT ${HAS_OPEN} AND (SELECT COUNT(*) FROM deliveries d WHERE ${OWN_DELIVERIES}) >= e.matched
         ORDER BY e.id LIMIT ${SHED_CHUNK_EVENTS}) ORDER BY id`,
    )
    .bind(...bound)
    .all<{ id: EventId; earlier: number }>();
  const chosen = ended.filter(({ earlier }) => earlier < SHED_CHUNK_BYTES);
  const isFull = chosen.length < ended.length || ended.length === SHED_CHUNK_EVENTS;
  const stopped = isFull ? chosen.at(-1)?.id : (await endOfScan<{ id: string }>(db, scan, bound))?.id;
  // A replay may have begun meanwhile, so each statement looks again for open deliveries.
  const ids = JSON.stringify(chosen);
  const listed = "(SELECT value ->> '$.id' AS id FROM json_each(?1)) e";
  const [, events, segments] = await db.batch<{ body_key: string | null; ids: number }>([
    db
      .prepare(
        `DELETE FROM deliveries WHERE id IN (SELECT d.id FROM ${listed} JOIN deliveries d ON ${OWN_DELIVERIES} WHERE NOT ${HAS_OPEN})`,
      )
      .bind(ids),
    db
      .prepare(
        `DELETE FROM events WHERE id IN (SELECT e.id FROM ${listed} WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE ${OWN_DELIVERIES}))
         RETURNING body_key`,
      )
      .bind(ids),
    db
      .prepare(
        `DELETE FROM segments WHERE k IN (SELECT k FROM segments WHERE k < ?1 ORDER BY k LIMIT ${SEGMENT_CHUNK_ROWS})
         RETURNING length(ids) / ${ID_DIGITS} AS ids`,
      )
      .bind(firstSegmentKeyAt(stopped === undefined ? end : idTime(stopped))),
  ]);
  const inSegments = (segments?.results ?? []).reduce((sum, row) => sum + row.ids, 0);
  return {
    events: (events?.results.length ?? 0) + inSegments,
    bodyKeys: (events?.results ?? []).flatMap(({ body_key }) => body_key ?? []),
    next: stopped ?? (end === before ? null : after > bound[1] ? after : bound[1]),
    bytes: segments?.meta.size_after ?? 0,
  };
}

/** When the last event of the oldest segment was accepted: its payloads are in use. Null where there is none. */
export async function oldestSegmentAt(db: D1Database): Promise<number | null> {
  const oldest = await db.prepare("SELECT MIN(k) AS k FROM segments").first<{ k: number | null }>();
  return oldest?.k == null ? null : segmentTime(oldest.k);
}

const KEYS_NAMED = {
  events: "SELECT payload_key AS key FROM examined",
  deliveries: `SELECT a.value ->> '$.answer[0]' AS key FROM examined d, json_each(d.attempts) a WHERE instr(d.attempts, '"answer"') > 0`,
};

/**
 * Keys of payload objects that a chunk of rows from before `before` name.
 * @param keys from and to, exclusive
 * @param after the id that the rows follow; empty at the beginning
 */
export async function namedPayloads(
  db: D1Database,
  table: "events" | "deliveries",
  keys: { readonly from: string; readonly to: string },
  before: number,
  after: string,
): Promise<{ readonly keys: readonly string[]; readonly next: string | null }> {
  const column = table === "events" ? "payload_key" : "attempts";
  const scan = `FROM ${table} WHERE id > ?1 AND id < ?2 ORDER BY id`;
  const bound = [after, firstKeyAt(table === "events" ? "evt" : "dlv", before)];
  const [named, end] = await db.batch<{ key: string; id: string }>([
    db
      .prepare(
        `WITH examined AS (SELECT ${column} ${scan} LIMIT ${NAMING_SCAN_ROWS})
         SELECT DISTINCT key FROM (${KEYS_NAMED[table]}) WHERE key >= ?3 AND key < ?4`,
      )
      .bind(...bound, keys.from, keys.to),
    db.prepare(`SELECT id ${scan} LIMIT 1 OFFSET ${NAMING_SCAN_ROWS - 1}`).bind(...bound),
  ]);
  return { keys: (named?.results ?? []).map(({ key }) => key), next: end?.results[0]?.id ?? null };
}

/** Which of these events are on record or in the outbox. */
export async function namedEvents(db: D1Database, ids: readonly EventId[]): Promise<ReadonlySet<string>> {
  const { results } = await db
    .prepare(
      `SELECT value AS id FROM json_each(?1)
       WHERE EXISTS (SELECT 1 FROM events e WHERE e.id = value) OR EXISTS (SELECT 1 FROM outbox o WHERE o.id = value)`,
    )
    .bind(JSON.stringify(ids))
    .all<{ id: string }>();
  return new Set(results.map(({ id }) => id));
}

/** Removes short-lived records: answers for idempotency keys, and counts of interruptions. */
export async function pruneKeys(db: D1Database, answersBefore: number, interruptionsBefore: number): Promise<number> {
  const results = await db.batch([
    db.prepare("DELETE FROM idempotency_keys WHERE created_at < ?1").bind(answersBefore),
    db.prepare("DELETE FROM interruptions WHERE at < ?1").bind(interruptionsBefore),
  ]);
  return results.reduce((sum, { meta }) => sum + meta.changes, 0);
}
