// The dead letter of an event whose deliveries are not known.
import type { Delivery } from "../../model/delivery.ts";
import type { SluiceEvent } from "../../model/event.ts";
import type { DestinationId } from "../../model/ids.ts";
import { newDelivery } from "../../routing/index.ts";
import { ended } from "../outcome/transitions.ts";

/** A dead delivery without a destination. The payload is the event's. */
export const deadPlaceholder = (event: SluiceEvent, reason: string, now: number): Delivery =>
  ended(
    { ...newDelivery(event, null, "0000000000" as DestinationId), destination_id: null, age_credit_ms: 0 },
    "dead",
    reason,
    now,
  );
