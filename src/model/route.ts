// The route document: the whole configuration of one source that ingest and first attempts need, in one piece.
import type { Connection } from "./connection.ts";
import type { Destination } from "./destination.ts";
import type { Source } from "./source.ts";

export interface Route {
  readonly connection: Connection;
  readonly destination: Destination;
}

export interface RouteDocument {
  /** Increases with every change to the source, its connections or their destinations. */
  readonly version: number;
  readonly source: Source;
  readonly routes: readonly Route[];
}
