// Which deliveries an event makes: one for every enabled connection of its source.
import { SECOND_MS } from "../kernel/durations.ts";
import type { Delivery } from "../model/delivery.ts";
import type { SluiceEvent } from "../model/event.ts";
import { deliveryIdOf } from "../model/ids.ts";
import type { Route, RouteDocument } from "../model/route.ts";

export interface Match {
  readonly delivery: Delivery;
  readonly route: Route;
}

/** Pure: the same event and document give the same deliveries with the same ids. */
export const matchRoutes = (event: SluiceEvent, document: RouteDocument): Match[] =>
  document.routes
    .filter((route) => route.connection.enabled)
    .map((route) => ({ route, delivery: newDelivery(event, route) }));

function newDelivery(event: SluiceEvent, { connection, destination }: Route): Delivery {
  const delayMs = connection.delay_seconds * SECOND_MS;
  return {
    id: deliveryIdOf(event.id, connection.id),
    event_id: event.id,
    source_id: event.source_id,
    connection_id: connection.id,
    destination_id: destination.id,
    status: delayMs > 0 ? "scheduled" : "pending",
    attempts_made: 0,
    next_attempt_at: event.received_at + delayMs,
    deferred_by: null,
    deferrals: 0,
    slot_at: null,
    last_response_status: null,
    last_error: null,
    attempts: [],
    created_at: event.received_at,
    finished_at: null,
    replay_id: null,
    age_credit_ms: delayMs,
  };
}
