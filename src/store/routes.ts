// Compiles route documents from the configuration. Every read goes through the schemas, so that fields which came later get their defaults.
import { MAX_DESTINATION_STATES } from "../config/limits.ts";
import type { DestinationState } from "../model/destination-state.ts";
import { connectionSpecSchema, type Connection } from "../model/connection.ts";
import { destinationSpecSchema, type Destination } from "../model/destination.ts";
import type { ConnectionId, DestinationId, EventId, SourceId } from "../model/ids.ts";
import type { RouteDocument } from "../model/route.ts";
import { sourceSpecSchema } from "../model/source.ts";
import { knownEventsStatement } from "./records.ts";
import { destinationStates } from "./schema.ts";
import { columnsOf } from "./statements.ts";
import { watchedUntil, watchStatement, type Watched } from "./watch.ts";
import type { BatchContext } from "../delivery/index.ts";

interface SourceRow {
  id: string;
  spec: string;
  version: number;
}
interface RouteRow {
  con_id: string;
  con_spec: string;
  con_paused: number;
  source_id: string;
  dst_id: string;
  dst_spec: string;
  dst_paused: number;
}

export const readDestination = (id: string, spec: string, paused: number): Destination => ({
  ...destinationSpecSchema.parse(JSON.parse(spec)),
  id: id as DestinationId,
  paused: paused === 1,
});

export const readConnection = (row: {
  id: string;
  spec: string;
  paused: number;
  source_id: string;
  destination_id: string;
}): Connection => ({
  ...connectionSpecSchema.parse(JSON.parse(row.spec)),
  id: row.id as ConnectionId,
  source_id: row.source_id as SourceId,
  destination_id: row.destination_id as DestinationId,
  paused: row.paused === 1,
});

/** A document that an older version may have written, with the fields that came later. Throws when it is none. */
export function renewDocument({ version, source: { id, ...source }, routes }: RouteDocument): RouteDocument {
  return {
    version,
    source: { ...sourceSpecSchema.parse(source), id },
    routes: routes.map(({ connection, destination }) => {
      const { id: link, source_id, destination_id, paused: held, ...connectionSpec } = connection;
      const { id: target, paused, ...destinationSpec } = destination;
      return {
        connection: {
          ...connectionSpecSchema.parse(connectionSpec),
          id: link,
          source_id,
          destination_id,
          paused: held,
        },
        destination: { ...destinationSpecSchema.parse(destinationSpec), id: target, paused },
      };
    }),
  };
}

/** The documents of the sources named by id or by slug; what does not exist is missing from the answer. */
export async function compileRoutes(
  db: D1Database,
  by: { readonly ids: readonly string[] } | { readonly slug: string },
): Promise<RouteDocument[]> {
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
    source: { ...sourceSpecSchema.parse(JSON.parse(row.spec)), id: row.id as SourceId },
    routes: routeRows
      .filter((route) => route.source_id === row.id)
      .map((route) => ({
        connection: readConnection({
          id: route.con_id,
          spec: route.con_spec,
          paused: route.con_paused,
          source_id: route.source_id,
          destination_id: route.dst_id,
        }),
        destination: readDestination(route.dst_id, route.dst_spec, route.dst_paused),
      })),
  }));
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
): Promise<BatchContext & Watched> {
  const [known, versions, states, watch, direct] = await db.batch<{ id: string; version: number }>([
    knownEventsStatement(db, events),
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
  return {
    known: new Set((known?.results ?? []).map((row) => row.id)),
    versions: new Map((versions?.results ?? []).map((row) => [row.id, row.version])),
    states: statesById(states?.results ?? []),
    watched_until: watchedUntil(watch?.results),
    destinations: new Map(directRows.map((row) => [row.id, readDestination(row.id, row.spec, row.paused)])),
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

export async function markPublished(db: D1Database, documents: readonly RouteDocument[]): Promise<void> {
  if (documents.length === 0) return;
  const versions = documents.map(({ source, version }) => ({ id: source.id, version }));
  await db
    .prepare(
      `UPDATE sources SET published_version = n.version
       FROM (SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.version') AS version FROM json_each(?1)) n
       WHERE sources.id = n.id AND published_version < n.version`,
    )
    .bind(JSON.stringify(versions))
    .run();
}
