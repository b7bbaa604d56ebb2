// Rows of events whose content is a piece of a payload.
import type { SluiceEvent } from "../model/event.ts";
import type { ContentPlace } from "../record/index.ts";
import { eventFromRow } from "./event-rows.ts";
import type { events } from "./schema.ts";

export type StoredEvent = typeof events.$inferSelect;

/** D1 returns a blob as an array of numbers. */
export const bytesOf = (blob: unknown): Uint8Array<ArrayBuffer> => new Uint8Array(blob as ArrayLike<number>);

/**
 * The event, and where its content is; null where it is in columns. Else the event is without query, headers and body. Throws where the row has a
 * value that only a newer release can read.
 */
export function contentOfRow(row: StoredEvent): { readonly event: SluiceEvent; readonly place: ContentPlace | null } {
  const place = placeOf(row);
  return { event: eventFromRow(place === null ? row : { ...row, body: "", body_encoding: "utf8" }), place };
}

function placeOf({ payload, payload_key, payload_offset, payload_length }: StoredEvent): ContentPlace | null {
  if (payload_key !== null)
    return { kind: "r2", key: payload_key, offset: payload_offset ?? 0, length: payload_length ?? 0 };
  return payload === null ? null : { kind: "piece", bytes: bytesOf(payload) };
}
