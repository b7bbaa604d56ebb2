// The messages in the queues. A message in any other form is recorded as dead, so that it does not loop. One that a newer release has
// sent waits for that release.
import type { Delivery } from "./delivery.ts";
import type { SluiceEvent } from "./event.ts";
import type { Ignored } from "./ignored.ts";
import { isDeliveryId, isEventId, type DeliveryId, type DestinationId, type ReplayId } from "./ids.ts";

/** An event on its way to its first attempts. Sent as a structured clone (`v8`), so that body bytes stay bytes. */
export interface EventMessage {
  readonly v: 1;
  readonly kind: "event";
  readonly event: SluiceEvent;
  readonly source_slug: string | null;
  /** How often the journal has sent it again; absent for never. */
  readonly resends?: number;
  /** Of the route document by which it was accepted. Absent or null without one. */
  readonly route_version?: number | null;
  /** Where the copy is that leaves the outbox once the event is recorded. */
  readonly journal: "d1" | "r2" | null;
}

/** A delivery that is due when the message arrives. Its state is in D1. */
export interface DueMessage {
  readonly v: 1;
  readonly kind: "due";
  readonly id: DeliveryId;
  /** The `next_attempt_at` that this message was sent for. If it has changed, another message has taken over. */
  readonly at?: number;
}

/** An event and its deliveries that D1 could not record: recorded from this message. Earlier releases send it. */
export interface RecordMessage {
  readonly v: 1;
  readonly kind: "record";
  readonly event: SluiceEvent;
  readonly journal: "d1" | "r2" | null;
  readonly deliveries: readonly Delivery[];
  readonly ignored?: readonly Ignored[];
  /** The callbacks of deliveries that have ended. */
  readonly callbacks?: readonly CallbackRecord[];
}

interface CallbackRecord {
  readonly event: SluiceEvent;
  readonly deliveries: readonly Delivery[];
}

/** The outcome of a later attempt that D1 could not record. Earlier releases send it. */
export interface OutcomeMessage {
  readonly v: 1;
  readonly kind: "outcome";
  /** Its attempts are only those that D1 does not have. */
  readonly delivery: Delivery;
  /** The claim under which it was made. */
  readonly claim: number;
  /** What it adds to the counters, by name. */
  readonly counts: Readonly<Record<string, number>>;
  readonly callbacks: readonly CallbackRecord[];
}

/** Outcomes that D1 has not taken are in this object of R2: they are recorded from there. */
export interface PendingMessage {
  readonly v: 1;
  readonly kind: "pending";
  readonly key: string;
}

/** Deliveries that wait for a destination get new times: its limits have changed, or its circuit has closed. */
export interface RescheduleMessage {
  readonly v: 1;
  readonly kind: "retime";
  readonly destination_id: DestinationId;
  /** Deliveries that wait until before this time are done; null at the beginning. Milliseconds since the epoch. */
  readonly from: number | null;
  readonly round: 0 | 1;
  /** Not asked for by a user: deliveries that would gain little, relative to their wait, keep their times. */
  readonly modest: boolean;
  /** Only those that are parked: their circuit has closed. An older release gives new times to all. */
  readonly parked?: true;
}

/** A position in the order of waiting, or of held, deliveries. */
export interface WaitingKey {
  readonly held: boolean;
  readonly key: readonly (string | number)[];
}

/** Deliveries that wait for a deleted source, destination or connection get cancelled. */
export interface CancelMessage {
  readonly v: 1;
  readonly kind: "cancel";
  readonly of: "source" | "destination" | "connection";
  readonly id: string;
  /** Everything before this position is done; null at the beginning. */
  readonly after: WaitingKey | null;
}

/** A batch is full or due. The destination's gate knows which deliveries it has. */
export interface FlushMessage {
  readonly v: 1;
  readonly kind: "flush";
  readonly destination_id: DestinationId;
  /** As configured when the message was sent. */
  readonly max_events: number;
  readonly max_bytes: number;
}

/** The next step of a bulk replay. */
export interface ReplayMessage {
  readonly v: 1;
  readonly kind: "replay";
  readonly id: ReplayId;
  /** The step that it is for. A run that has moved on ignores it. */
  readonly step: number;
}

export type QueueMessage =
  | EventMessage
  | DueMessage
  | RecordMessage
  | OutcomeMessage
  | PendingMessage
  | RescheduleMessage
  | CancelMessage
  | ReplayMessage
  | FlushMessage;

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
  outcome: ({ delivery, claim, counts, callbacks }) =>
    isObject(delivery) && typeof claim === "number" && isObject(counts) && Array.isArray(callbacks),
  pending: ({ key }) => typeof key === "string",
};

/** A message of a version or kind that this release does not know: another release runs beside it and can process it. */
export interface NewerMessage {
  readonly kind: "newer";
}

/** Null if no release sends such a message. */
export function parseMessage(body: unknown): QueueMessage | NewerMessage | null {
  if (!isObject(body)) return null;
  const { v, kind } = body;
  if (typeof v !== "number" || v < 1 || typeof kind !== "string") return null;
  if (v > 1 || !Object.hasOwn(FORMS, kind)) return { kind: "newer" };
  return FORMS[kind as QueueMessage["kind"]](body) ? (body as unknown as QueueMessage) : null;
}
