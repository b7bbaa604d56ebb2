// The route document: the whole configuration of one source that ingest and first attempts need, in one piece.
import { capture } from "../kernel/result.ts";
import { connectionSpecSchema, type Connection } from "./connection.ts";
import { destinationSpecSchema, type Destination } from "./destination.ts";
import type { ConnectionId, DestinationId } from "./ids.ts";
import { sourceSpecSchema, type Source } from "./source.ts";
import { readSpecObject } from "./stored-spec.ts";

export interface Route {
  readonly connection: Connection;
  readonly destination: Destination;
}

/** A route with a value that only a newer release can read. */
interface UnreadableRoute {
  readonly connection_id: ConnectionId;
  readonly destination_id: DestinationId;
  /** Null when it is the connection that cannot be read. */
  readonly connection: Connection | null;
}

export interface RouteDocument {
  /** Increases with every change to the source, its connections or their destinations. */
  readonly version: number;
  readonly source: Source;
  readonly routes: readonly Route[];
  /** Absent means none. */
  readonly unreadable?: readonly UnreadableRoute[];
}

/** The document as it is compiled and cached: specs as stored, of which only these fields are certain. */
export interface StoredDocument {
  readonly version: number;
  readonly source: Pick<Source, "id" | "slug">;
  readonly routes: readonly {
    readonly connection: Pick<Connection, "id" | "source_id" | "destination_id" | "paused">;
    readonly destination: Pick<Destination, "id" | "paused">;
  }[];
}

/** Reads a document that another release may have written. Throws when its source cannot be read. */
export function readDocument({ version, source: { id, ...source }, routes }: StoredDocument): RouteDocument {
  const readable: Route[] = [];
  const unreadable: UnreadableRoute[] = [];
  for (const route of routes) {
    const connection = capture(() => readConnection(route.connection));
    const destination = capture(() => readDestination(route.destination));
    if (connection.ok && destination.ok)
      readable.push({ connection: connection.value, destination: destination.value });
    else
      unreadable.push({
        connection_id: route.connection.id,
        destination_id: route.destination.id,
        connection: connection.ok ? connection.value : null,
      });
  }
  return {
    version,
    source: { ...readSpecObject(sourceSpecSchema, source), id },
    routes: readable,
    ...(unreadable.length === 0 ? {} : { unreadable }),
  };
}

function readConnection(stored: StoredDocument["routes"][number]["connection"]): Connection {
  const { id, source_id, destination_id, paused, ...spec } = stored;
  return { ...readSpecObject(connectionSpecSchema, spec), id, source_id, destination_id, paused };
}

function readDestination({ id, paused, ...spec }: StoredDocument["routes"][number]["destination"]): Destination {
  return { ...readSpecObject(destinationSpecSchema, spec), id, paused };
}
