// An event of a segment as readers see it, and as the rows that it gets when something new happens to it.
import type { Bytes } from "../kernel/bytes.ts";
import { fromEntry } from "./entry.ts";
import type { Entry, EventRecord, PiecePlace, PieceRef, RowRecord } from "./types.ts";

/** @param payload of the segment; null where its pieces are in R2 */
export function toEventRecord(
  { event, ignored, deliveries, piece }: Entry,
  k: number,
  payload: Bytes | null,
): EventRecord {
  return {
    event,
    ignored,
    deliveries: deliveries.map((delivery) => fromEntry(event, delivery)),
    place: placeOf(piece, payload),
    segment: k,
  };
}

/** The rows of an event that is in a segment, its past deliveries among them. Its piece stays where it is, or comes with it out of the segment. */
export function revived({ event, ignored, deliveries, place }: EventRecord): RowRecord {
  if (place.kind === "columns") throw new Error("only events of earlier releases have columns, and those have rows");
  return { event, ignored, deliveries: deliveries.map((delivery) => ({ ...delivery, attempts: [] })), place };
}

function placeOf({ key, offset, length }: PieceRef, payload: Bytes | null): PiecePlace {
  if (key !== null) return { kind: "r2", key, offset, length };
  return { kind: "piece", bytes: (payload ?? new Uint8Array()).slice(offset, offset + length) };
}
