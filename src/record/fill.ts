// Gives due deliveries, and events that are matched again, their content.
import type { DueDelivery, IgnoredEvent } from "../delivery/index.ts";
import type { DeliveryId, EventId } from "../model/ids.ts";
import type { Reader } from "./read.ts";
import type { ContentPlace, EventRecord } from "./types.ts";

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

/**
 * Events with their content, in their order.
 * @returns `lost`: those whose content is gone or damaged. Throws while R2 cannot be read
 */
export async function withContents(
  records: readonly EventRecord[],
  { contents }: Pick<Reader, "contents">,
): Promise<{ readonly found: readonly IgnoredEvent[]; readonly lost: readonly EventId[] }> {
  const read = await contents(new Map(records.map(({ event, place }) => [event.id, place])));
  const found: IgnoredEvent[] = [];
  const lost: EventId[] = [];
  for (const { event, segment } of records) {
    const content = read.get(event.id);
    if (content?.ok === true) {
      const { query, headers, body } = content.value;
      found.push({ event: { ...event, query, headers, body }, segment });
    } else if (content?.error === "unavailable") throw new Error("contents of events cannot be read now");
    else lost.push(event.id);
  }
  return { found, lost };
}
