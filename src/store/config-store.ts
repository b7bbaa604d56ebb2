// Sources, destinations and connections in D1. A change increases the version of each source that it affects, in the same batch.
import { and, desc, eq, inArray, lt, sql } from "drizzle-orm";
import { drizzle, type DrizzleD1Database } from "drizzle-orm/d1";
import type { BatchItem } from "drizzle-orm/batch";
import type { AuditEntry } from "../model/audit.ts";
import { auditInsert } from "./audit.ts";
import { connections, destinations, sources } from "./schema.ts";

export type SourceRecord = typeof sources.$inferSelect;
export type DestinationRecord = typeof destinations.$inferSelect;
export type ConnectionRecord = typeof connections.$inferSelect;

const TABLES = { sources, destinations, connections } as const;
export type Kind = keyof typeof TABLES;
export const CONFIG_KINDS = ["sources", "destinations", "connections"] as const satisfies readonly Kind[];
export type RecordOf<K extends Kind> = (typeof TABLES)[K]["$inferSelect"];

/** Ids have an underscore, slugs never do. */
const isId = (name: string): boolean => name.includes("_");

/** By id or slug; null when there is none. */
export async function findConfig<K extends Kind>(db: D1Database, kind: K, name: string): Promise<RecordOf<K> | null> {
  const table = TABLES[kind];
  const rows = await drizzle(db)
    .select()
    .from(table)
    .where(eq(isId(name) ? table.id : table.slug, name))
    .limit(1);
  return (rows[0] as RecordOf<K> | undefined) ?? null;
}

export interface ConfigFilter {
  /** Contained in the name or slug, case ignored. */
  readonly search?: string | undefined;
  /** Of connections. */
  readonly source_id?: string | undefined;
  readonly destination_id?: string | undefined;
}

/** Newest first. @param before the id that the page follows */
export async function listConfig<K extends Kind>(
  db: D1Database,
  kind: K,
  limit: number,
  before: string | null,
  { search, source_id, destination_id }: ConfigFilter = {},
): Promise<RecordOf<K>[]> {
  const table = TABLES[kind];
  const named = sql`instr(lower(${table.slug} || char(10) || (${table.spec} ->> '$.name')), lower(${search})) > 0`;
  const rows = await drizzle(db)
    .select()
    .from(table)
    .where(
      and(
        before === null ? undefined : lt(table.id, before),
        search === undefined ? undefined : named,
        source_id === undefined ? undefined : eq(connections.source_id, source_id),
        destination_id === undefined ? undefined : eq(connections.destination_id, destination_id),
      ),
    )
    .orderBy(desc(table.id))
    .limit(limit);
  return rows as RecordOf<K>[];
}

/** The slugs of these ids. Deleted ones are missing. */
export async function readSlugs(
  db: D1Database,
  kind: "sources" | "destinations",
  ids: readonly (string | null)[],
): Promise<Map<string, string>> {
  const wanted = [...new Set(ids.filter((id) => id !== null))];
  if (wanted.length === 0) return new Map();
  const { results } = await db
    .prepare(`SELECT id, slug FROM ${kind} WHERE id IN (SELECT value FROM json_each(?1))`)
    .bind(JSON.stringify(wanted))
    .all<{ id: string; slug: string }>();
  return new Map(results.map((row) => [row.id, row.slug]));
}

type Slugs = ReadonlyMap<string, string>;

/** Records whose slugs are read in advance. Most installations have fewer. */
const FEW = 100;

/** Begins to read slugs while a list is still reading its rows. @returns the slugs of these ids; those not read in advance are read then */
export function slugsAhead(
  db: D1Database,
  kind: "sources" | "destinations",
): (ids: readonly (string | null)[]) => Promise<Slugs> {
  const first = db.prepare(`SELECT id, slug FROM ${kind} LIMIT ${FEW}`).all<{ id: string; slug: string }>();
  // Where the list fails, nobody asks.
  first.catch(() => undefined);
  return async (ids) => {
    const { results } = await first;
    const known = new Map(results.map(({ id, slug }) => [id, slug]));
    const missing = results.length < FEW ? [] : ids.filter((id) => id !== null && !known.has(id));
    return missing.length === 0 ? known : new Map([...known, ...(await readSlugs(db, kind, missing))]);
  };
}

/** Which of these slugs are taken. */
export async function takenSlugs(db: D1Database, kind: Kind, slugs: readonly string[]): Promise<Set<string>> {
  const table = TABLES[kind];
  const rows = await drizzle(db)
    .select({ slug: table.slug })
    .from(table)
    .where(inArray(table.slug, [...slugs]));
  return new Set(rows.map((row) => row.slug));
}

/** The sources whose route documents a change to this record alters. */
export async function affectedSources(
  db: D1Database,
  kind: Kind,
  record: { id: string; source_id?: string },
): Promise<string[]> {
  if (kind === "sources") return [record.id];
  if (kind === "connections") return record.source_id === undefined ? [] : [record.source_id];
  const rows = await drizzle(db)
    .selectDistinct({ id: connections.source_id })
    .from(connections)
    .where(eq(connections.destination_id, record.id));
  return rows.map((row) => row.id);
}

type Change = BatchItem<"sqlite">;

const bump = (db: DrizzleD1Database, ids: readonly string[]): Change[] =>
  ids.length === 0
    ? []
    : [
        db
          .update(sources)
          .set({ version: sql`${sources.version} + 1` })
          .where(sql`${sources.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`),
      ];

/** Must directly follow the change. */
const record = (db: DrizzleD1Database, entries: readonly AuditEntry[]): Change[] =>
  entries.length === 0 ? [] : [auditInsert(db, entries)];

async function apply(db: DrizzleD1Database, first: Change, rest: readonly Change[]): Promise<void> {
  await db.batch([first, ...rest]);
}

/** Throws when the slug is taken. @param affected sources whose version increases */
export async function insertConfig<K extends Kind>(
  db: D1Database,
  kind: K,
  row: (typeof TABLES)[K]["$inferInsert"],
  affected: readonly string[],
  entries: readonly AuditEntry[] = [],
): Promise<void> {
  const d1 = drizzle(db);
  const insert = d1.insert(TABLES[kind]).values(row as never);
  await apply(d1, insert, [...record(d1, entries), ...bump(d1, affected)]);
}

export async function updateConfig(
  db: D1Database,
  kind: "destinations" | "connections",
  id: string,
  change: { paused: number; updated_at: number },
  affected: readonly string[],
  entries: readonly AuditEntry[] = [],
): Promise<void> {
  const d1 = drizzle(db);
  const update = d1.update(TABLES[kind]).set(change).where(eq(TABLES[kind].id, id));
  await apply(d1, update, [...record(d1, entries), ...bump(d1, affected)]);
}

/** False, without a write, when its source or destination has been deleted. Throws when the slug is taken. */
export async function insertConnection(
  db: D1Database,
  row: Omit<ConnectionRecord, "paused">,
  affected: readonly string[],
  entries: readonly AuditEntry[] = [],
): Promise<boolean> {
  const d1 = drizzle(db);
  const { id, slug, source_id, destination_id, spec, created_at, updated_at } = row;
  const insert = d1
    .insert(connections)
    .select(
      sql`SELECT ${id}, ${slug}, ${source_id}, ${destination_id}, ${spec}, 0, ${created_at}, ${updated_at}
        WHERE EXISTS (SELECT 1 FROM sources WHERE id = ${source_id}) AND EXISTS (SELECT 1 FROM destinations WHERE id = ${destination_id})`,
    )
    .returning({ id: connections.id });
  const [inserted] = await d1.batch([insert, ...record(d1, entries), ...bump(d1, affected)]);
  return inserted.length > 0;
}

/** Replaces the spec that was read. False when it has changed since. Throws when the slug is taken. */
export async function replaceSpec(
  db: D1Database,
  kind: Kind,
  read: { readonly id: string; readonly spec: string },
  spec: string,
  now: number,
  affected: readonly string[],
  entries: readonly AuditEntry[] = [],
  slug?: string,
): Promise<boolean> {
  const d1 = drizzle(db);
  const table = TABLES[kind];
  const change = d1
    .update(table)
    .set({ spec, updated_at: now, ...(slug === undefined ? {} : { slug }) })
    .where(and(eq(table.id, read.id), eq(table.spec, read.spec)))
    .returning({ id: table.id });
  const [changed] = await d1.batch([change, ...record(d1, entries), ...bump(d1, affected)]);
  return changed.length > 0;
}

/** Deletes the connections of a source or destination with it, including those created a moment ago. */
export async function deleteConfig(
  db: D1Database,
  kind: Kind,
  id: string,
  entries: readonly AuditEntry[] = [],
): Promise<void> {
  const d1 = drizzle(db);
  const owned =
    kind === "sources" ? connections.source_id : kind === "destinations" ? connections.destination_id : connections.id;
  const links = d1.select({ id: connections.source_id }).from(connections).where(eq(owned, id));
  const moved = d1
    .update(sources)
    .set({ version: sql`${sources.version} + 1` })
    .where(inArray(sources.id, links));
  await apply(d1, moved, [
    d1.delete(connections).where(eq(owned, id)),
    ...(kind === "connections" ? [] : [d1.delete(TABLES[kind]).where(eq(TABLES[kind].id, id))]),
    ...record(d1, entries),
  ]);
}

/** Whether D1 has refused a slug because it is taken. */
export const isSlugConflict = (error: unknown): boolean =>
  error instanceof Error && /UNIQUE constraint failed/i.test(`${error.message} ${String(error.cause)}`);
