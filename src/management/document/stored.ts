// The stored configuration, in the form that a document is compared with.
import { readStoredSpec, type Spec } from "../specs.ts";
import type { JsonObject } from "../../kernel/json-object.ts";
import { DOCUMENT_VERSION } from "./document.ts";
import { fullItem, writtenItem, type Ends } from "./items.ts";
import type { ConnectionRecord, Kind, Snapshot } from "../../store/index.ts";

export interface Stored {
  readonly kind: Kind;
  readonly id: string;
  readonly spec: Spec;
  readonly paused: boolean;
  /** Only a connection has them. */
  readonly ends: (Ends & { readonly sourceId: string; readonly destinationId: string }) | null;
  readonly item: JsonObject;
}

/** By kind and slug, in order of slug. A connection whose source or destination was deleted has no ends. */
export type StoredConfig = Readonly<Record<Kind, ReadonlyMap<string, Stored>>>;

export function readStored(snapshot: Snapshot): StoredConfig {
  const slugs = new Map([...snapshot.sources, ...snapshot.destinations].map((row) => [row.id, row.slug]));
  const endsOf = ({ source_id, destination_id }: ConnectionRecord): Stored["ends"] => {
    const [source, destination] = [slugs.get(source_id), slugs.get(destination_id)];
    return source === undefined || destination === undefined
      ? null
      : { source, destination, sourceId: source_id, destinationId: destination_id };
  };
  const store = (kind: Kind, row: Row, ends: Stored["ends"]): [string, Stored] => {
    const spec = readStoredSpec(kind, row.spec);
    const paused = row.paused === 1;
    const named = ends === null ? null : { source: ends.source, destination: ends.destination };
    return [row.slug, { kind, id: row.id, spec, paused, ends, item: fullItem(kind, spec, paused, named) }];
  };
  return {
    sources: new Map(snapshot.sources.map((row) => store("sources", row, null))),
    destinations: new Map(snapshot.destinations.map((row) => store("destinations", row, null))),
    connections: new Map(snapshot.connections.map((row) => store("connections", row, endsOf(row)))),
  };
}

interface Row {
  readonly id: string;
  readonly slug: string;
  readonly spec: string;
  readonly paused?: number;
}

/** The document of this configuration. A connection without source or destination is left out. */
export function writeDocument(config: StoredConfig) {
  const written = (kind: Kind): JsonObject[] =>
    [...config[kind].values()]
      .filter(({ ends }) => kind !== "connections" || ends !== null)
      .map(({ item }) => writtenItem(kind, item));
  return {
    version: DOCUMENT_VERSION,
    sources: written("sources"),
    destinations: written("destinations"),
    connections: written("connections"),
  };
}
