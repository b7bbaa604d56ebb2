// Creates the deliveries of events that were published directly to destinations. Only D1 has these destinations, so such events wait
// while it cannot be read. Makes no attempt.
import type { Delivery } from "../../model/delivery.ts";
import type { Destination } from "../../model/destination.ts";
import type { SluiceEvent } from "../../model/event.ts";
import type { DestinationId } from "../../model/ids.ts";
import { ended, putOff } from "../outcome/transitions.ts";
import type { BatchContext } from "../types.ts";
import { newDelivery } from "../../routing/index.ts";

export interface DirectPlan {
  /** Deliveries to attempt now. */
  readonly jobs: readonly { readonly delivery: Delivery; readonly destination: Destination }[];
  /** Deliveries that wait for their time, or are cancelled because their destination was deleted. */
  readonly settled: readonly Delivery[];
}

export const isDirect = (event: SluiceEvent): boolean => event.options?.destinations !== undefined;

/** All destinations that these events name. */
export const destinationsOf = (events: readonly SluiceEvent[]): DestinationId[] => [
  ...new Set(events.flatMap((event) => event.options?.destinations ?? [])),
];

export function planDirect(event: SluiceEvent, context: BatchContext, now: number): DirectPlan {
  const jobs: { delivery: Delivery; destination: Destination }[] = [];
  const settled: Delivery[] = [];
  for (const id of event.options?.destinations ?? []) {
    const delivery = newDelivery(event, null, id);
    const destination = context.destinations.get(id);
    if (context.unreadable.has(id)) settled.push(putOff(delivery, now));
    else if (destination === undefined) settled.push(ended(delivery, "cancelled", "destination_deleted", now));
    else if (delivery.status === "scheduled") settled.push(delivery);
    else jobs.push({ delivery, destination });
  }
  return { jobs, settled };
}
