// Gives due deliveries the content of their events.
import type { DueDelivery } from "../delivery/index.ts";
import type { DeliveryId } from "../model/ids.ts";
import type { Reader } from "./read.ts";
import type { ContentPlace } from "./types.ts";

/** @param places where the contents are, for those that have none yet */
export async function fillContents(
  deliveries: readonly DueDelivery[],
  places: ReadonlyMap<DeliveryId, ContentPlace>,
  { contents }: Pick<Reader, "contents">,
): Promise<readonly DueDelivery[]> {
  if (places.size === 0) return deliveries;
  const found = await contents(places);
  return deliveries.map((due) => {
    const content = found.get(due.delivery.id);
    if (content === undefined || due.event === null) return due;
    // What is gone does not come back: the delivery ends as one whose event is lost.
    if (!content.ok) return content.error === "missing" ? { ...due, event: null } : { ...due, withheld: content.error };
    const { query, headers, body } = content.value;
    return { ...due, event: { ...due.event, query, headers, body } };
  });
}
