// The whole configuration: read at one moment, and changed completely or not at all. A change since it was read prevents the write.
import { MAX_CONFIG_RECORDS } from "../config/limits.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import type { AuditEntry } from "../model/audit.ts";
import { auditStatements } from "./audit.ts";
import {
  CONFIG_KINDS,
  type ConnectionRecord,
  type DestinationRecord,
  type Kind,
  type SourceRecord,
} from "./config-store.ts";
import { connections, destinations, sources } from "./schema.ts";
import { columnsOf, extracts, jsonParameters } from "./statements.ts";

export interface Snapshot {
  readonly sources: readonly SourceRecord[];
  readonly destinations: readonly DestinationRecord[];
  readonly connections: readonly ConnectionRecord[];
}

/** By slug. Null when there are more than `MAX_CONFIG_RECORDS` of a kind. */
export async function readSnapshot(db: D1Database): Promise<Snapshot | null> {
  const select = (kind: Kind): D1PreparedStatement =>
    db.prepare(`SELECT * FROM ${kind} ORDER BY slug LIMIT ?1`).bind(MAX_CONFIG_RECORDS + 1);
  const results = await db.batch(CONFIG_KINDS.map(select));
  const rows = results.map((result) => result.results);
  if (rows.some(({ length }) => length > MAX_CONFIG_RECORDS)) return null;
  return Object.fromEntries(CONFIG_KINDS.map((kind, index) => [kind, rows[index] ?? []])) as unknown as Snapshot;
}

interface Row {
  readonly id: string;
  readonly slug: string;
  readonly spec: string;
  readonly paused?: number;
}

/** What identifies the content of a record. Versions also move with publishing, so they are not part of it. */
const content = ({ id, slug, spec, paused = 0 }: Row): Row => ({ id, slug, spec, paused });

/** A hash of the configuration. Hex. */
export async function fingerprint(snapshot: Snapshot): Promise<string> {
  const rows = CONFIG_KINDS.map((kind) => (snapshot[kind] as readonly Row[]).map(content));
  const digest = await crypto.subtle.digest("SHA-256", utf8(JSON.stringify(rows)));
  return toHex(new Uint8Array(digest)).slice(0, 32);
}

export interface NewRow extends Row {
  readonly source_id?: string;
  readonly destination_id?: string;
}

export interface KindChange {
  readonly deleted: readonly string[];
  readonly created: readonly NewRow[];
  readonly updated: readonly Row[];
}

const COLUMNS = {
  sources: columnsOf(sources, ["version", "published_version", "created_at", "updated_at"]),
  destinations: columnsOf(destinations, ["created_at", "updated_at"]),
  connections: columnsOf(connections, ["created_at", "updated_at"]),
} as const satisfies Record<Kind, readonly string[]>;

/** Violates a constraint, which fails the batch, when the table is not what was read. */
function guards(db: D1Database, kind: Kind, read: readonly Row[]): D1PreparedStatement[] {
  const parameters = jsonParameters(read.map(content));
  const paused = kind === "sources" ? "" : "OR t.paused <> json_extract(r.value, '$.paused')";
  return (parameters.length === 0 ? ["[]"] : parameters).map((rows) =>
    db
      .prepare(
        `INSERT INTO ${kind} (${COLUMNS[kind].join(", ")}, created_at, updated_at)
         SELECT ${COLUMNS[kind].map(() => "NULL").join(", ")}, 0, 0
         WHERE (SELECT COUNT(*) FROM ${kind}) <> ?2 OR EXISTS (
           SELECT 1 FROM json_each(?1) r LEFT JOIN ${kind} t ON t.id = json_extract(r.value, '$.id')
           WHERE t.id IS NULL OR t.spec <> json_extract(r.value, '$.spec') ${paused})`,
      )
      .bind(rows, read.length),
  );
}

const idsIn = (db: D1Database, sql: string, ids: readonly string[]): D1PreparedStatement[] =>
  ids.length === 0 ? [] : [db.prepare(`${sql} IN (SELECT value FROM json_each(?1))`).bind(JSON.stringify(ids))];

function changeStatements(db: D1Database, kind: Kind, change: KindChange, now: number): D1PreparedStatement[] {
  const columns = COLUMNS[kind];
  const set = kind === "sources" ? "spec = n.spec" : "spec = n.spec, paused = n.paused";
  return [
    ...jsonParameters(change.created).map((rows) =>
      db
        .prepare(
          `INSERT INTO ${kind} (${columns.join(", ")}, created_at, updated_at)
           SELECT ${extracts(columns)}, ?2, ?2 FROM json_each(?1)`,
        )
        .bind(rows, now),
    ),
    ...jsonParameters(change.updated).map((rows) =>
      db
        .prepare(
          `UPDATE ${kind} SET ${set}, updated_at = ?2
           FROM (SELECT ${extracts(["id", "spec", "paused"])} FROM json_each(?1)) n WHERE ${kind}.id = n.id`,
        )
        .bind(rows, now),
    ),
  ];
}

/**
 * Applies all of the change or nothing. False when the configuration has changed since it was read.
 * @param affected sources whose version increases
 */
export async function applySnapshot(
  db: D1Database,
  read: Snapshot,
  change: Readonly<Record<Kind, KindChange>>,
  affected: readonly string[],
  entries: readonly AuditEntry[],
  now: number,
): Promise<boolean> {
  const statements = [
    ...CONFIG_KINDS.flatMap((kind) => guards(db, kind, read[kind])),
    ...CONFIG_KINDS.flatMap((kind) => idsIn(db, `DELETE FROM ${kind} WHERE id`, change[kind].deleted)),
    ...CONFIG_KINDS.flatMap((kind) => changeStatements(db, kind, change[kind], now)),
    ...auditStatements(db, entries),
    ...idsIn(db, "UPDATE sources SET version = version + 1 WHERE id", affected),
  ];
  try {
    await db.batch(statements);
    return true;
  } catch (error) {
    // The guard also covers a slug that another request took first.
    if (error instanceof Error && /NOT NULL constraint failed/i.test(error.message)) return false;
    throw error;
  }
}
