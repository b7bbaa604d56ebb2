// Events and deliveries by id, from wherever the record has them, as values or as problems.
import { err } from "../kernel/result.ts";
import type { Delivery } from "../model/delivery.ts";
import { eventIdOf, isDeliveryId, type EventId } from "../model/ids.ts";
import { Problem } from "../model/problem.ts";
import type { Content, EventRecord } from "../record/index.ts";
import { findDelivery } from "../store/index.ts";
import type { ApiDeps } from "./deps.ts";

/** Null for an event that is not on record. @throws Problem `record_unreadable` */
export async function findRecord(deps: ApiDeps, id: EventId): Promise<EventRecord | null> {
  const found = await deps.record.event(id);
  if (found.ok) return found.value;
  const { key, detail } = found.error;
  deps.log.error("segment unreadable", { code: "record_unreadable", segment: key, detail, events: [id] });
  throw new Problem("record_unreadable", `The segment ${key} of the record cannot be read: ${detail}.`);
}

/** Head and body. @throws Problem `record_unreadable` or `payload_unavailable` */
export async function readContent(deps: ApiDeps, { event: { id }, place }: EventRecord): Promise<Content> {
  const content = (await deps.record.contents(new Map([[id, place]]))).get(id) ?? err("missing");
  if (content.ok) return content.value;
  if (content.error === "unavailable") throw new Problem("payload_unavailable");
  const where = place.kind === "r2" ? place.key : "in D1";
  deps.log.error("payload unreadable", { payload: where, event: id, why: content.error });
  throw new Problem("record_unreadable", `The event's payload (${where}) is ${content.error}.`);
}

/** The delivery, and its event's record; null as a record where its event is lost. @throws Problem `not_found` and as `findRecord` */
export async function namedDelivery(
  deps: ApiDeps,
  id: string,
): Promise<{ readonly delivery: Delivery; readonly record: EventRecord | null }> {
  if (isDeliveryId(id)) {
    const record = await findRecord(deps, eventIdOf(id));
    const delivery =
      record === null ? await findDelivery(deps.databaseOf(id), id) : record.deliveries.find((one) => one.id === id);
    if (delivery != null) return { delivery, record };
  }
  throw new Problem("not_found", "There is no such delivery.");
}

/** With its attempts and their answers. @throws Problem `payload_unavailable` */
export async function readWhole(deps: ApiDeps, record: EventRecord, delivery: Delivery): Promise<Delivery> {
  const whole = await deps.record.whole(record, delivery);
  if (!whole.ok) throw new Problem("payload_unavailable");
  return whole.value;
}
