// Over what an event is replayed: the connections of its source that take it now, or where it was sent without any: the destinations that it was
// published to, the URL that a callback notifies. What became of it before does not matter.
import { UNTRIED, type Delivery } from "../../model/delivery.ts";
import type { SluiceEvent } from "../../model/event.ts";
import type { DeliveryId, ReplayId } from "../../model/ids.ts";
import type { Ignored } from "../../model/ignored.ts";
import type { RouteDocument } from "../../model/route.ts";
import { matchEvent, NO_SOURCE } from "../consume/match-event.ts";
import { callbackDestination } from "../outcome/callback.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { Way } from "../types.ts";

export interface PresentWays {
  readonly ways: readonly Way[];
  /** One for each connection that does not take the event. */
  readonly ignored: readonly Ignored[];
}

/**
 * @param document the source's routes as they are now; undefined where it was deleted
 * @returns null while routes or body cannot be read
 */
export async function presentWays(
  event: SluiceEvent,
  document: RouteDocument | undefined,
  ports: Pick<ConsumerPorts, "readBody" | "log">,
): Promise<PresentWays | null> {
  const { callback_to, destinations } = event.options ?? {};
  if (callback_to !== undefined)
    return { ways: [{ connection_id: null, destination_id: callbackDestination(callback_to).id }], ignored: [] };
  if (destinations !== undefined)
    return { ways: destinations.map((destination_id) => ({ connection_id: null, destination_id })), ignored: [] };
  const matched = document === undefined ? NO_SOURCE : await matchEvent(event, document, ports);
  if (matched === null) return null;
  const deliveries = [...matched.matches.map(({ delivery }) => delivery), ...matched.unreadable];
  return {
    ways: deliveries.flatMap(({ connection_id, destination_id }) =>
      destination_id === null ? [] : [{ connection_id, destination_id }],
    ),
    ignored: matched.ignored,
  };
}

/** The delivery that a replay makes, due at once. @param replay null where it is only planned @param now milliseconds since the epoch */
export const replayDelivery = (
  event: SluiceEvent,
  way: Way,
  id: DeliveryId,
  replay: ReplayId | null,
  now: number,
): Delivery => ({
  ...UNTRIED,
  ...way,
  id,
  event_id: event.id,
  source_id: event.source_id,
  event_type: event.event_type ?? null,
  status: "pending",
  next_attempt_at: now,
  created_at: now,
  replay_id: replay,
  age_credit_ms: 0,
});
