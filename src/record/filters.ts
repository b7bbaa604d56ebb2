// What a list is filtered by: of entries here, of rows in SQL. Pure.
import type { Delivery } from "../model/delivery.ts";
import { causeOf } from "../model/issue.ts";
import { eventStatus, statusesIn, type DeliveryStatus } from "../model/lifecycle.ts";
import { deliveryMark, eventMark, idMark, typeMark } from "./summary.ts";
import type { DeliveryFilter, EventFilter, EventHead } from "./types.ts";

/** The marks of segments that can hold a match; null where no segment can, because only rows have that status. */
export function eventMarks({ source_id, event_type, status }: EventFilter): readonly string[] | null {
  if (status !== undefined && !["delivered", "cancelled", "ignored"].includes(status)) return null;
  return [...idMarks([source_id]), ...typeMarks(event_type), ...(status === undefined ? [] : [eventMark(status)])];
}

/** As `eventMarks`. */
export function deliveryMarks(filter: DeliveryFilter): readonly string[] | null {
  const { status, destination_id, connection_id, source_id, event_type, cause } = filter;
  // What has failed has rows.
  if (cause !== undefined) return null;
  if (status !== undefined && status !== "delivered" && status !== "cancelled") return null;
  return [
    ...idMarks([destination_id, connection_id, source_id]),
    ...typeMarks(event_type),
    ...(status === undefined ? [] : [deliveryMark(status)]),
  ];
}

const idMarks = (ids: readonly (string | undefined)[]): string[] =>
  ids.flatMap((id) => (id === undefined ? [] : [idMark(id)]));

const typeMarks = (type: string | undefined): string[] => (type === undefined ? [] : [typeMark(type)]);

/** Whether an event on record meets the filter, its range and its search aside. */
export const meetsEventFilter = (
  { source_id, event_type, status }: EventFilter,
  event: Pick<EventHead, "source_id" | "event_type">,
  statuses: readonly DeliveryStatus[],
): boolean =>
  (source_id === undefined || event.source_id === source_id) &&
  (event_type === undefined || event.event_type === event_type) &&
  (status === undefined || eventStatus(true, statuses) === status);

/** The columns by which deliveries are filtered. */
export const FILTERED = [
  "status",
  "destination_id",
  "connection_id",
  "source_id",
  "event_type",
  "last_response_status",
  "last_error",
] as const satisfies readonly (keyof Delivery)[];
export type FilteredDelivery = Pick<Delivery, (typeof FILTERED)[number]>;

/** Whether a delivery meets the filter, its range aside. */
export const meetsDeliveryFilter = (filter: DeliveryFilter, delivery: FilteredDelivery): boolean =>
  (filter.status === undefined || statusesIn(filter.status).includes(delivery.status)) &&
  (filter.destination_id === undefined || delivery.destination_id === filter.destination_id) &&
  (filter.connection_id === undefined || delivery.connection_id === filter.connection_id) &&
  (filter.source_id === undefined || delivery.source_id === filter.source_id) &&
  (filter.event_type === undefined || delivery.event_type === filter.event_type) &&
  (filter.response_status === undefined || delivery.last_response_status === filter.response_status) &&
  (filter.error === undefined || delivery.last_error === filter.error) &&
  (filter.cause === undefined || causeOf(delivery) === filter.cause);
