// The dead letter of an event whose deliveries are not known.
import type { Delivery } from "../../model/delivery.ts";
import type { SluiceEvent } from "../../model/event.ts";
import { deliveryIdOf, type ConnectionId } from "../../model/ids.ts";
import { ended } from "../outcome/transitions.ts";

/** A delivery to no destination, dead. The event has its payload. */
export const deadPlaceholder = (event: SluiceEvent, reason: string, now: number): Delivery =>
  ended(
    {
      id: deliveryIdOf(event.id, "0000000000" as ConnectionId),
      event_id: event.id,
      source_id: event.source_id,
      connection_id: null,
      destination_id: null,
      status: "pending",
      attempts_made: 0,
      next_attempt_at: event.received_at,
      deferred_by: null,
      deferrals: 0,
      slot_at: null,
      last_response_status: null,
      last_error: null,
      attempts: [],
      created_at: event.received_at,
      finished_at: null,
      replay_id: null,
      age_credit_ms: 0,
    },
    "dead",
    reason,
    now,
  );
