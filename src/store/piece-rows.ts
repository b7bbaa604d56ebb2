// Rows of events whose content is a piece of a payload.
import { fromHex } from "../kernel/bytes.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { DeliveryStatus } from "../model/lifecycle.ts";
import type { ContentPlace, ListedEvent } from "../record/index.ts";
import { eventFromRow, type PIECE_COLUMNS } from "./event-rows.ts";
import type { events } from "./schema.ts";

export type StoredEvent = typeof events.$inferSelect;

/** D1 returns a blob as an array of numbers. */
export const bytesOf = (blob: unknown): Uint8Array<ArrayBuffer> => new Uint8Array(blob as ArrayLike<number>);

/** Of a row whose content is elsewhere, whatever its columns say to earlier releases. */
const NO_CONTENT = { query: "", headers: "[]", body: "", body_encoding: "utf8" } as const;

/**
 * The event, and where its content is; null where it is in columns. Else the event is without query, headers and body. Throws where the row has a
 * value that only a newer release can read.
 */
export function contentOfRow(row: StoredEvent): { readonly event: SluiceEvent; readonly place: ContentPlace | null } {
  const place = placeOf(row);
  return { event: eventFromRow(place === null ? row : { ...row, ...NO_CONTENT }), place };
}

/** Null where the content is in columns. */
export function placeOf({
  payload,
  payload_key,
  payload_offset,
  payload_length,
}: Pick<StoredEvent, (typeof PIECE_COLUMNS)[number]>): ContentPlace | null {
  if (payload_key !== null)
    return { kind: "r2", key: payload_key, offset: payload_offset ?? 0, length: payload_length ?? 0 };
  return payload === null ? null : { kind: "piece", bytes: bytesOf(payload) };
}

/** A row of a list: without body, with its piece in hex (D1 returns that in fewer bytes than a blob) and the states of its deliveries. */
export type ListedRow = Omit<StoredEvent, "body" | "body_key" | "body_encoding" | "matched" | "ignored" | "payload"> & {
  readonly piece: string;
  /** JSON: [status, …] */
  readonly statuses: string;
};

export function listedFromRow({ piece, statuses, ...row }: ListedRow): ListedEvent {
  const payload = piece === "" ? null : fromHex(piece);
  const { event, place } = contentOfRow({
    ...row,
    body: "",
    body_key: null,
    body_encoding: "utf8",
    matched: 0,
    ignored: null,
    payload: payload as StoredEvent["payload"],
  });
  const { query, headers, body, ...head } = event;
  return {
    id: event.id,
    event: head,
    statuses: JSON.parse(statuses) as DeliveryStatus[],
    place: place ?? { kind: "columns", content: { query, headers, body, attempts: {} } },
  };
}
