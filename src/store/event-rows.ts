// Converts events and deliveries to rows and back. A body is stored as text if that restores the same bytes, else as base64: D1 sends
// parameters as JSON.
import { decodeUtf8, fromBase64, toBase64, utf8, type Bytes } from "../kernel/bytes.ts";
import type { Attempt, Delivery } from "../model/delivery.ts";
import type { BodyRef, SluiceEvent } from "../model/event.ts";
import { eventIdOf } from "../model/ids.ts";
import type { deliveries, events } from "./schema.ts";

/** The columns that name or hold an event's piece of a payload. */
export const PIECE_COLUMNS = ["payload", "payload_key", "payload_offset", "payload_length"] as const;
/** With its content in columns. */
export type EventRow = Omit<typeof events.$inferSelect, (typeof PIECE_COLUMNS)[number]>;
export type DeliveryRow = typeof deliveries.$inferSelect;
export type BodyColumns = Pick<EventRow, "body" | "body_encoding" | "body_key">;

export function bodyColumns(body: BodyRef): BodyColumns {
  if (body.kind === "r2") return { body: null, body_encoding: "r2", body_key: body.key };
  const text = decodeUtf8(body.bytes);
  // SQLite functions end a text at NUL.
  return text !== null && !text.includes("\0")
    ? { body: text, body_encoding: "utf8", body_key: null }
    : { body: toBase64(body.bytes), body_encoding: "base64", body_key: null };
}

export function bodyRef(row: BodyColumns): BodyRef {
  switch (row.body_encoding) {
    case "r2":
      return { kind: "r2", key: row.body_key ?? "" };
    case "utf8":
      return { kind: "inline", bytes: utf8(row.body ?? "") };
    case "base64":
      return { kind: "inline", bytes: decodeBase64(row.body ?? "") };
  }
}

/** Throws when it is not base64: bytes other than the body's must not be sent. */
export function decodeBase64(text: string): Bytes {
  const bytes = fromBase64(text);
  if (bytes === null) throw new Error("not base64");
  return bytes;
}

export const eventFromRow = (row: Omit<EventRow, "ignored" | "matched">): SluiceEvent => ({
  id: row.id,
  source_id: row.source_id,
  received_at: row.received_at,
  method: row.method,
  path: row.path,
  query: row.query,
  headers: JSON.parse(row.headers) as SluiceEvent["headers"],
  body: bodyRef(row),
  body_bytes: row.body_bytes,
  verified: row.verified === null ? null : row.verified === 1,
  event_type: row.event_type,
  duplicate_of: row.duplicate_of,
  options: row.options === null ? null : (JSON.parse(row.options) as SluiceEvent["options"]),
});

/** Only the sweep uses `requeued_until`, so not every read selects it. */
export function deliveryFromRow(row: Omit<DeliveryRow, "requeued_until">): Delivery {
  const { claimed_until: _claim, attempts, ...rest } = row;
  return { ...rest, event_id: eventIdOf(row.id), attempts: attemptsFromJson(attempts) };
}

/** A delivery whose attempts cannot be read is shown without them, so that it does not hide others. */
export function shownDelivery(row: DeliveryRow): Delivery {
  try {
    return deliveryFromRow(row);
  } catch {
    return deliveryFromRow({ ...row, attempts: "[]" });
  }
}

/** Without what is null: most attempts have their answers elsewhere. */
export const attemptsToJson = (attempts: readonly Attempt[]): string =>
  JSON.stringify(
    attempts.map(({ response_headers, response_body, error, ...attempt }) => ({
      ...attempt,
      ...(response_headers === null ? {} : { response_headers }),
      ...(response_body === null ? {} : { response_body }),
      ...(error === null ? {} : { error }),
    })),
  );

const attemptsFromJson = (json: string): readonly Attempt[] =>
  (JSON.parse(json) as Attempt[]).map((attempt) => ({
    ...attempt,
    response_headers: attempt.response_headers ?? null,
    response_body: attempt.response_body ?? null,
    error: attempt.error ?? null,
  }));
