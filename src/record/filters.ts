// What a list is filtered by: of entries here, of rows in SQL. Pure.
import type { Delivery } from "../model/delivery.ts";
import { eventStatus, type DeliveryStatus } from "../model/lifecycle.ts";
import { deliveryMark, eventMark, idMark } from "./summary.ts";
import type { DeliveryFilter, EventFilter, EventHead } from "./types.ts";

/** The marks of segments that can hold a match; null where no segment can, because only rows have that status. */
export function eventMarks({ source_id, status }: EventFilter): readonly string[] | null {
  if (status !== undefined && !["delivered", "cancelled", "ignored"].includes(status)) return null;
  return [...idMarks([source_id]), ...(status === undefined ? [] : [eventMark(status)])];
}

/** As `eventMarks`. */
export function deliveryMarks(filter: DeliveryFilter): readonly string[] | null {
  const { status, destination_id, connection_id, source_id } = filter;
  if (status !== undefined && status !== "delivered" && status !== "cancelled") return null;
  return [
    ...idMarks([destination_id, connection_id, source_id]),
    ...(status === undefined ? [] : [deliveryMark(status)]),
  ];
}

const idMarks = (ids: readonly (string | undefined)[]): string[] =>
  ids.flatMap((id) => (id === undefined ? [] : [idMark(id)]));

/** Whether an event on record meets the filter, its range and its search aside. */
export const meetsEventFilter = (
  { source_id, status }: EventFilter,
  event: Pick<EventHead, "source_id">,
  statuses: readonly DeliveryStatus[],
): boolean =>
  (source_id === undefined || event.source_id === source_id) &&
  (status === undefined || eventStatus(true, statuses) === status);

/** Whether a delivery meets the filter, its range aside. */
export const meetsDeliveryFilter = (filter: DeliveryFilter, delivery: Delivery): boolean =>
  (filter.status === undefined || delivery.status === filter.status) &&
  (filter.destination_id === undefined || delivery.destination_id === filter.destination_id) &&
  (filter.connection_id === undefined || delivery.connection_id === filter.connection_id) &&
  (filter.source_id === undefined || delivery.source_id === filter.source_id) &&
  (filter.response_status === undefined || delivery.last_response_status === filter.response_status) &&
  (filter.error === undefined || delivery.last_error === filter.error);
