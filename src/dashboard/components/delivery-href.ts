// Where events and deliveries are shown: a delivery has its place on its event's page.
import { eventIdOf, isDeliveryId, isEventId, type DeliveryId } from "../../model/ids.ts";

export const deliveryHref = ({ id, event_id }: { readonly id: string; readonly event_id: string }): string =>
  `/events/${event_id}?delivery=${id}#${id}`;

export const deliveryById = (id: DeliveryId): string => deliveryHref({ id, event_id: eventIdOf(id) });

/** The page of an event or delivery if the search text is its id; otherwise null. */
export const byId = (text: string): string | null =>
  isEventId(text) ? `/events/${text}` : isDeliveryId(text) ? deliveryById(text) : null;
