// Matches an event with the connections of its source, fetching its body where a filter must see one that lies in R2.
import type { SluiceEvent } from "../../model/event.ts";
import type { RouteDocument } from "../../model/route.ts";
import { loadBody, type BodyPorts } from "../attempt/load-body.ts";
import type { DispatchPorts } from "../ports.ts";
import { matchRoutes, readsBody, type Matched } from "../../routing/index.ts";
import { describeError } from "../../telemetry/index.ts";

type Ports = BodyPorts & Pick<DispatchPorts, "log">;

/** Its source is gone, and all connections with it. */
export const NO_SOURCE: Matched = {
  matches: [],
  ignored: [{ connection: null, reason: "no_connection", failed_clause: null }],
};

/** Null when matching is impossible for a reason of ours: the event comes back, it is never lost for that. */
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
