// The configuration and the events of a run: for each destination of a scenario a source of its own with one connection.
import { timeToBase32 } from "../../src/kernel/base32.ts";
import { connectionSpecSchema } from "../../src/model/connection.ts";
import { destinationSpecSchema } from "../../src/model/destination.ts";
import type { SluiceEvent } from "../../src/model/event.ts";
import type { ConnectionId, DestinationId, EventId, SourceId } from "../../src/model/ids.ts";
import type { Route, RouteDocument } from "../../src/model/route.ts";
import { sourceSpecSchema } from "../../src/model/source.ts";
import type { ScenarioDestination } from "./scenario.ts";

export interface Site {
  readonly given: ScenarioDestination;
  readonly route: Route;
  readonly slug: string;
  readonly document: RouteDocument;
}

export function createSite(given: ScenarioDestination, index: number): Site {
  const { name, timeout_ms, rate_limit, max_concurrency } = given;
  const spec = { name, slug: name, url: `https://${name}.test/`, timeout_ms, rate_limit, max_concurrency };
  const digits = timeToBase32(index + 1);
  const [sourceId, destinationId] = [`src_${name}` as SourceId, `dst_${name}` as DestinationId];
  const route: Route = {
    destination: { ...destinationSpecSchema.parse(spec), id: destinationId, paused: false },
    connection: {
      ...connectionSpecSchema.parse({ name, slug: name }),
      id: `con_${digits}` as ConnectionId,
      source_id: sourceId,
      destination_id: destinationId,
      paused: false,
    },
  };
  const source = { ...sourceSpecSchema.parse({ name, slug: name }), id: sourceId };
  return { given, route, slug: name, document: { version: 1, source, routes: [route] } };
}

const BODY = { kind: "inline", bytes: new Uint8Array(16) } as const;

/** @param serial makes its id: the same run makes the same ids */
export const createEvent = (site: Site, serial: number, now: number): SluiceEvent => ({
  id: `evt_${timeToBase32(now)}${timeToBase32(serial)}${"0".repeat(12)}` as EventId,
  source_id: site.document.source.id,
  received_at: now,
  method: "POST",
  path: "",
  query: "",
  headers: [],
  body: BODY,
  body_bytes: BODY.bytes.byteLength,
  verified: null,
});
