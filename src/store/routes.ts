// Reads the configuration that consumers need: route documents, destinations, and the context of a batch.
import { MAX_DESTINATION_STATES } from "../config/record-limits.ts";
import { capture } from "../kernel/result.ts";
import type { DestinationState } from "../model/destination-state.ts";
import { connectionSpecSchema, type Connection } from "../model/connection.ts";
import { destinationSpecSchema, type Destination } from "../model/destination.ts";
import type { ConnectionId, DestinationId, EventId, SourceId } from "../model/ids.ts";
import { readDocument, type RouteDocument, type StoredDocument } from "../model/route.ts";
import type { Source } from "../model/source.ts";
import { readSpec } from "../model/stored-spec.ts";
import { soughtFor } from "../record/index.ts";
import { knownStatement } from "./segments.ts";
import { destinationStates } from "./schema.ts";
import { columnsOf } from "./statements.ts";
import { watchedUntil, watchStatement, type Watched } from "./watch.ts";
import type { BatchContext } from "../delivery/index.ts";

interface SourceRow {
  id: SourceId;
  spec: string;
  version: number;
}
interface RouteRow {
  con_id: ConnectionId;
  con_spec: string;
  con_paused: number;
  source_id: SourceId;
  dst_id: DestinationId;
  dst_spec: string;
  dst_paused: number;
}

/** Throws when it has a value that only a newer release can read. */
export const readDestination = (id: string, spec: string, paused: number): Destination => ({
  ...readSpec(destinationSpecSchema, spec),
  id: id as DestinationId,
  paused: paused === 1,
});

/** Throws like `readDestination`. */
export const readConnection = (row: {
  id: string;
  spec: string;
  paused: number;
  source_id: string;
  destination_id: string;
}): Connection => ({
  ...readSpec(connectionSpecSchema, row.spec),
  id: row.id as ConnectionId,
  source_id: row.source_id as SourceId,
  destination_id: row.destination_id as DestinationId,
  paused: row.paused === 1,
});

/** The documents of the sources named by id or by slug, specs as stored. A source that does not exist is missing. */
export async function compileRoutes(
  db: D1Database,
  by: { readonly ids: readonly string[] } | { readonly slug: string },
): Promise<StoredDocument[]> {
  const [where, value] =
    "slug" in by ? ["s.slug = ?1", by.slug] : ["s.id IN (SELECT value FROM json_each(?1))", JSON.stringify(by.ids)];
  const [sources, routes] = await db.batch<SourceRow | RouteRow>([
    db.prepare(`SELECT s.id, s.spec, s.version FROM sources s WHERE ${where}`).bind(value),
    db
      .prepare(
        `SELECT c.id AS con_id, c.spec AS con_spec, c.paused AS con_paused, c.source_id,
                d.id AS dst_id, d.spec AS dst_spec, d.paused AS dst_paused
         FROM sources s JOIN connections c ON c.source_id = s.id JOIN destinations d ON d.id = c.destination_id
         WHERE ${where} ORDER BY c.id`,
      )
      .bind(value),
  ]);
  const routeRows = (routes?.results ?? []) as RouteRow[];
  return ((sources?.results ?? []) as SourceRow[]).map((row) => ({
    version: row.version,
    source: { ...(JSON.parse(row.spec) as Pick<Source, "slug">), id: row.id },
    routes: routeRows
      .filter((route) => route.source_id === row.id)
      .map((route) => ({
        connection: {
          ...(JSON.parse(route.con_spec) as object),
          id: route.con_id,
          source_id: route.source_id,
          destination_id: route.dst_id,
          paused: route.con_paused === 1,
        },
        destination: { ...(JSON.parse(route.dst_spec) as object), id: route.dst_id, paused: route.dst_paused === 1 },
      })),
  }));
}

/** The documents of these sources by id, as they are now. A source that was deleted is missing. Throws where one can be read by a newer release only. */
export async function readRoutes(db: D1Database, ids: readonly string[]): Promise<ReadonlyMap<string, RouteDocument>> {
  const stored = await compileRoutes(db, { ids });
  return new Map(stored.map((document) => [document.source.id, readDocument(document)]));
}

export const statesStatement = (db: D1Database): D1PreparedStatement =>
  db.prepare(
    `SELECT ${columnsOf(destinationStates, ["updated_at"]).join(", ")} FROM destination_states LIMIT ${MAX_DESTINATION_STATES}`,
  );

type StateRow = Omit<typeof destinationStates.$inferSelect, "updated_at">;

export const statesById = (rows: readonly unknown[]): Map<string, DestinationState> =>
  new Map((rows as StateRow[]).map((state) => [state.destination_id, { ...state, throttled: state.throttled === 1 }]));

/** All that a batch of events needs from D1, in one round trip. */
export async function readBatchContext(
  db: D1Database,
  events: readonly EventId[],
  sources: readonly string[],
  destinations: readonly DestinationId[],
): Promise<Omit<BatchContext, "isFull"> & Watched & { readonly databaseBytes: number }> {
  const [known, versions, states, watch, direct] = await db.batch<{ id: string; version: number }>([
    knownStatement(db, events.map(soughtFor)),
    db
      .prepare("SELECT id, version FROM sources WHERE id IN (SELECT value FROM json_each(?1))")
      .bind(JSON.stringify(sources)),
    statesStatement(db),
    watchStatement(db),
    ...(destinations.length === 0
      ? []
      : [
          db
            .prepare("SELECT id, spec, paused FROM destinations WHERE id IN (SELECT value FROM json_each(?1))")
            .bind(JSON.stringify(destinations)),
        ]),
  ]);
  const directRows = (direct?.results ?? []) as unknown as { id: string; spec: string; paused: number }[];
  const read = new Map(
    directRows.map(({ id, spec, paused }) => [id, capture(() => readDestination(id, spec, paused))]),
  );
  return {
    known: new Set((known?.results ?? []).map((row) => row.id)),
    versions: new Map((versions?.results ?? []).map((row) => [row.id, row.version])),
    states: statesById(states?.results ?? []),
    watched_until: watchedUntil(watch?.results),
    databaseBytes: watch?.meta.size_after ?? 0,
    destinations: new Map([...read].flatMap(([id, result]) => (result.ok ? [[id, result.value] as const] : []))),
    unreadable: new Set([...read].flatMap(([id, result]) => (result.ok ? [] : [id]))),
  };
}

/** Sources whose documents have not been published since they changed. */
export async function unpublishedSources(db: D1Database, limit: number): Promise<string[]> {
  const { results } = await db
    .prepare("SELECT id FROM sources WHERE published_version < version LIMIT ?1")
    .bind(limit)
    .all<{ id: string }>();
  return results.map((row) => row.id);
}

/** Records what has been published. @returns what D1 has now, by source id; a deleted source is missing */
export async function markPublished(
  db: D1Database,
  documents: readonly StoredDocument[],
): Promise<ReadonlyMap<string, { readonly version: number; readonly slug: string }>> {
  if (documents.length === 0) return new Map();
  const versions = JSON.stringify(documents.map(({ source, version }) => ({ id: source.id, version })));
  const [, current] = await db.batch<{ id: string; version: number; slug: string }>([
    db
      .prepare(
        `UPDATE sources SET published_version = n.version
         FROM (SELECT value ->> '$.id' AS id, value ->> '$.version' AS version FROM json_each(?1)) n
         WHERE sources.id = n.id AND published_version < n.version`,
      )
      .bind(versions),
    db
      .prepare("SELECT id, version, slug FROM sources WHERE id IN (SELECT value ->> '$.id' FROM json_each(?1))")
      .bind(versions),
  ]);
  return new Map((current?.results ?? []).map((row) => [row.id, row]));
}
