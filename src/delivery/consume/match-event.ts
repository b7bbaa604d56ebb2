// Matches an event with the connections of its source, and reads its body from R2 if a filter needs it.
import type { SluiceEvent } from "../../model/event.ts";
import type { RouteDocument } from "../../model/route.ts";
import { loadBody, type BodyPorts } from "../attempt/load-body.ts";
import type { DispatchPorts } from "../ports.ts";
import { matchRoutes, readsBody, type Matched } from "../../routing/index.ts";
import { describeError } from "../../telemetry/index.ts";

type Ports = BodyPorts & Pick<DispatchPorts, "log">;

/** The source was deleted, and all its connections with it. */
export const NO_SOURCE: Matched = {
  matches: [],
  unreadable: [],
  ignored: [{ connection: null, reason: "no_connection", failed_clause: null }],
};

/** Null while routes or body cannot be read: the event must wait. */
export async function matchEvent(
  event: SluiceEvent,
  document: RouteDocument | undefined,
  ports: Ports,
): Promise<Matched | null> {
  if (document === undefined) return null;
  try {
    return matchRoutes(event, document, readsBody(document) ? await loadBody(event, ports) : "missing");
  } catch (error) {
    ports.log.error("event unmatchable", { event: event.id, error: describeError(error) });
    return null;
  }
}
