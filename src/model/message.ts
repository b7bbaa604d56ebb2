// What travels in the queues. A message that has none of these forms is unprocessable: recorded as dead, never looped. One that a newer
// release has sent waits for that release.
import type { Delivery } from "./delivery.ts";
import type { SluiceEvent } from "./event.ts";
import type { Ignored } from "./ignored.ts";
import { isDeliveryId, isEventId, type DeliveryId, type DestinationId, type ReplayId } from "./ids.ts";

/** A whole event on its way to its first attempts. Structured clone (`v8`), so that body bytes stay bytes. */
export interface EventMessage {
  readonly v: 1;
  readonly kind: "event";
  readonly event: SluiceEvent;
  readonly source_slug: string | null;
  /** Where a copy stands that must be removed once the event is recorded. */
  readonly journal: "d1" | "r2" | null;
}

/** A delivery that is due when the message arrives. The state is in D1. */
export interface DueMessage {
  readonly v: 1;
  readonly kind: "due";
  readonly id: DeliveryId;
  /** The delivery's `next_attempt_at` that this message is for; another message has taken over when it has another one. */
  readonly at?: number;
}

/** What first attempts came to while D1 could not be written: the record catches up through this. */
export interface RecordMessage {
  readonly v: 1;
  readonly kind: "record";
  readonly event: SluiceEvent;
  readonly journal: "d1" | "r2" | null;
  readonly deliveries: readonly Delivery[];
  readonly ignored?: readonly Ignored[];
  /** Word of those that have ended, for whoever asked for it. */
  readonly callbacks?: readonly { readonly event: SluiceEvent; readonly deliveries: readonly Delivery[] }[];
}

/** Deliveries that wait for a destination are to get new times: its limits have changed, or its circuit has closed. */
export interface RescheduleMessage {
  readonly v: 1;
  readonly kind: "retime";
  readonly destination_id: DestinationId;
  /** Those that wait until this instant have been seen to; null at the beginning. Milliseconds since the epoch. */
  readonly from: number | null;
  readonly round: 0 | 1;
  /** Nobody asked for it: what would gain little, measured by how long it waits, stays as it is. */
  readonly modest: boolean;
}

/** A place in the order of what waits, or of what is held. */
export interface WaitingKey {
  readonly held: boolean;
  readonly key: readonly (string | number)[];
}

/** Deliveries that wait for something that has been deleted are to be cancelled. */
export interface CancelMessage {
  readonly v: 1;
  readonly kind: "cancel";
  readonly of: "source" | "destination" | "connection";
  readonly id: string;
  /** What comes before has been seen to; null at the beginning. */
  readonly after: WaitingKey | null;
}

/** A batch is full, or its time has come: the destination's gate knows which deliveries wait for it. */
export interface FlushMessage {
  readonly v: 1;
  readonly kind: "flush";
  readonly destination_id: DestinationId;
  /** As configured when it was sent: what is taken in hand at once. */
  readonly max_events: number;
  readonly max_bytes: number;
}

/** The next step of a bulk replay. */
export interface ReplayMessage {
  readonly v: 1;
  readonly kind: "replay";
  readonly id: ReplayId;
  /** The step that it is for; a run that has gone further needs it no more. */
  readonly step: number;
}

export type QueueMessage =
  EventMessage | DueMessage | RecordMessage | RescheduleMessage | CancelMessage | ReplayMessage | FlushMessage;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function isEvent(value: unknown): value is SluiceEvent {
  if (!isObject(value) || typeof value["id"] !== "string" || !isEventId(value["id"])) return false;
  const body = value["body"];
  return (
    typeof value["received_at"] === "number" &&
    typeof value["method"] === "string" &&
    typeof value["path"] === "string" &&
    typeof value["query"] === "string" &&
    Array.isArray(value["headers"]) &&
    isObject(body) &&
    (body["kind"] === "r2" ? typeof body["key"] === "string" : body["bytes"] instanceof Uint8Array)
  );
}

const isPlace = (value: unknown): boolean => value === null || (isObject(value) && Array.isArray(value["key"]));

/** For each kind, whether the fields that its consumer relies on have their types. Further fields are left alone. */
const FORMS: Readonly<Record<QueueMessage["kind"], (body: Readonly<Record<string, unknown>>) => boolean>> = {
  event: ({ event }) => isEvent(event),
  due: ({ id }) => typeof id === "string" && isDeliveryId(id),
  retime: ({ destination_id }) => typeof destination_id === "string",
  replay: ({ id, step }) => typeof id === "string" && typeof step === "number",
  cancel: ({ of, id, after }) => typeof id === "string" && typeof of === "string" && isPlace(after),
  flush: ({ destination_id, max_events, max_bytes }) =>
    typeof destination_id === "string" && typeof max_events === "number" && typeof max_bytes === "number",
  record: ({ event, deliveries }) => isEvent(event) && Array.isArray(deliveries),
};

/** A message of a version or kind that this release does not know: another release runs beside it and can process it. */
export interface NewerMessage {
  readonly kind: "newer";
}

/** Null for what is no message of any release. */
export function parseMessage(body: unknown): QueueMessage | NewerMessage | null {
  if (!isObject(body)) return null;
  const { v, kind } = body;
  if (typeof v !== "number" || v < 1 || typeof kind !== "string") return null;
  if (v > 1 || !Object.hasOwn(FORMS, kind)) return { kind: "newer" };
  return FORMS[kind as QueueMessage["kind"]](body) ? (body as unknown as QueueMessage) : null;
}
