// What a segment has in it, as marks: a list skips segments without the mark it filters by, and the ledger counts by the tallies. A text with a
// space before and after each mark, so that SQL needs `instr` only.
import { createHash } from "node:crypto";
import { eventStatus, type DeliveryStatus, type EventStatus } from "../model/lifecycle.ts";
import { tallyMarks } from "./tally.ts";
import type { Entry } from "./types.ts";

/** @param id of a source, connection or destination */
export const idMark = (id: string): string => ` ${id} `;
export const eventMark = (status: EventStatus): string => ` event:${status} `;
export const deliveryMark = (status: DeliveryStatus): string => ` delivery:${status} `;
/** By a digest of 48 bits: a type may hold spaces, and be long. A segment that shares it with another type is read for nothing. */
export const typeMark = (type: string): string =>
  ` type:${createHash("sha256").update(type).digest("base64url").slice(0, 8)} `;

export function summarise(entries: readonly Entry[]): string {
  const marks = new Set(tallyMarks(entries));
  for (const { event, deliveries } of entries) {
    if (event.source_id !== null) marks.add(idMark(event.source_id));
    if (event.event_type != null) marks.add(typeMark(event.event_type));
    const statuses = deliveries.map(({ status }) => status);
    marks.add(eventMark(eventStatus(true, statuses)));
    for (const { connection_id, destination_id, status } of deliveries) {
      if (connection_id !== null) marks.add(idMark(connection_id));
      marks.add(idMark(destination_id));
      marks.add(deliveryMark(status));
    }
  }
  return ` ${[...marks].map((mark) => mark.trim()).join(" ")} `;
}
