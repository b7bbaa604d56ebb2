// Which deliveries an event makes: one for every enabled connection of its source.
import { SECOND_MS } from "../kernel/durations.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Connection } from "../model/connection.ts";
import { effectiveAt, type SluiceEvent } from "../model/event.ts";
import { deliveryIdOf, type DestinationId } from "../model/ids.ts";
import type { Route, RouteDocument } from "../model/route.ts";

export interface Match {
  readonly delivery: Delivery;
  readonly route: Route;
}

/** Pure: the same event and document give the same deliveries with the same ids. */
export const matchRoutes = (event: SluiceEvent, document: RouteDocument): Match[] =>
  document.routes
    .filter((route) => route.connection.enabled)
    .map((route) => ({ route, delivery: newDelivery(event, route.connection, route.destination.id) }));

/** @param connection null for an event that was published straight to the destination */
export function newDelivery(event: SluiceEvent, connection: Connection | null, destination: DestinationId): Delivery {
  const dueAt = effectiveAt(event) + (connection?.delay_seconds ?? 0) * SECOND_MS;
  return {
    id: deliveryIdOf(event.id, connection?.id ?? destination),
    event_id: event.id,
    source_id: event.source_id,
    connection_id: connection?.id ?? null,
    destination_id: destination,
    status: dueAt > event.received_at ? "scheduled" : "pending",
    attempts_made: 0,
    next_attempt_at: dueAt,
    deferred_by: null,
    deferrals: 0,
    slot_at: null,
    last_response_status: null,
    last_error: null,
    attempts: [],
    created_at: event.received_at,
    finished_at: null,
    replay_id: null,
    // A wait that was asked for is not the delivery's own age.
    age_credit_ms: dueAt - event.received_at,
  };
}
