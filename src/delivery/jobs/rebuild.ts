// Makes the deliveries of an event again when their rows are lost: better delivered twice than never.
import type { Delivery } from "../../model/delivery.ts";
import type { SluiceEvent } from "../../model/event.ts";
import { idTime, type DeliveryId } from "../../model/ids.ts";
import type { RouteDocument } from "../../model/route.ts";
import { deadPlaceholder } from "../consume/placeholder.ts";
import { callbackDelivery } from "../outcome/callback.ts";
import { matchEvent } from "../consume/match-event.ts";
import type { ConsumerPorts } from "../ports.ts";
import { newDelivery } from "../../routing/index.ts";

export interface Rebuilt {
  readonly lost: readonly Delivery[];
  /** A dead letter in place of a delivery that cannot be determined any more. */
  readonly placeholder: Delivery;
}

/**
 * @param shortage how many are lost
 * @param document the source's current routes; connections newer than the event are left out
 * @returns null when routes or body cannot be read now
 */
export async function rebuild(
  event: SluiceEvent,
  known: ReadonlySet<DeliveryId>,
  shortage: number,
  document: RouteDocument | undefined,
  ports: Pick<ConsumerPorts, "readBody" | "log" | "now">,
): Promise<Rebuilt | null> {
  const made = shortage > 0 ? await matchAll(event, document, ports) : [];
  if (made === null) return null;
  return {
    lost: made.filter(({ id }) => !known.has(id)).slice(0, shortage),
    placeholder: deadPlaceholder(event, "unprocessable: delivery_lost", ports.now()),
  };
}

async function matchAll(
  event: SluiceEvent,
  document: RouteDocument | undefined,
  ports: Pick<ConsumerPorts, "readBody" | "log">,
): Promise<Delivery[] | null> {
  const { callback_to, destinations } = event.options ?? {};
  if (callback_to !== undefined) return [callbackDelivery(event, callback_to)];
  if (destinations !== undefined) return destinations.map((id) => newDelivery(event, null, id));
  if (document === undefined) return [];
  const matched = await matchEvent(event, document, ports);
  return matched === null
    ? null
    : [...matched.matches.map(({ delivery }) => delivery), ...matched.unreadable].filter(
        ({ connection_id }) => idTime(connection_id ?? "") <= event.received_at,
      );
}
