// Callbacks: the notification that a delivery has ended, as an event that Sluice makes and delivers like any other. Pure, except that
// completing the id is asynchronous. A callback never has a callback of its own.
import { CALLBACK_RATE, MAX_CALLBACK_BODY_BYTES, MAX_INLINE_BODY_BYTES } from "../../config/limits.ts";
import { timeToBase32, toBase32 } from "../../kernel/base32.ts";
import { decodeUtf8, decodeUtf8Head, toBase64, utf8, type Bytes } from "../../kernel/bytes.ts";
import type { Delivery } from "../../model/delivery.ts";
import { httpSpecSchema, type HttpDestination } from "../../model/destination.ts";
import type { SluiceEvent } from "../../model/event.ts";
import {
  makeDeliveryId,
  type ConnectionId,
  type DeliveryId,
  type DestinationId,
  type EventId,
} from "../../model/ids.ts";
import type { Ending, Callback } from "../types.ts";
import { newDelivery } from "../../routing/index.ts";

/** All callbacks to one host share one gate, circuit and lane under this id. It is not stored as a destination. */
export function callbackDestination(url: string): HttpDestination {
  const { host } = new URL(url);
  return {
    ...httpSpecSchema.parse({
      name: `Callbacks to ${host}`.slice(0, 128),
      slug: "callback",
      url,
      rate_limit: CALLBACK_RATE,
    }),
    id: `callback_${host}` as DestinationId,
    paused: false,
  };
}

/** The URL to notify of this end; the event's own URL takes precedence over the connection's. */
function callbackUrl({ event, connection }: Omit<Ending, "delivery">, status: Delivery["status"]): string | null {
  if (event?.options?.callback_of !== undefined) return null;
  switch (status) {
    case "delivered":
      return event?.options?.callback_url ?? connection?.callback_url ?? null;
    case "dead":
      return event?.options?.failure_callback_url ?? connection?.failure_callback_url ?? null;
    default:
      return null;
  }
}

/** Whether a callback reports this end. */
export const reportsEnd = (ending: Ending): boolean => callbackUrl(ending, ending.delivery.status) !== null;

/** Whether a callback may need the body of the answer. */
export const wantsAnswer = (of: Omit<Ending, "delivery">): boolean =>
  callbackUrl(of, "delivered") !== null || callbackUrl(of, "dead") !== null;

/** The callbacks that were requested for these ends. The same end of the same delivery always gives the same event id. */
export async function makeCallbacks(
  endings: readonly Ending[],
  completeId: (digits: string, beside: DeliveryId) => Promise<EventId>,
): Promise<Callback[]> {
  const out: Callback[] = [];
  for (const ending of endings) {
    const { delivery } = ending;
    const url = callbackUrl(ending, delivery.status);
    if (url === null || delivery.finished_at === null) continue;
    const digest = await crypto.subtle.digest("SHA-256", utf8(`${delivery.id}\n${delivery.status}`));
    const digits = timeToBase32(delivery.finished_at) + toBase32(new Uint8Array(digest)).slice(0, 13);
    const bytes = utf8(callbackBody(ending));
    const event: SluiceEvent = {
      id: await completeId(digits, delivery.id),
      source_id: null,
      received_at: delivery.finished_at,
      method: "POST",
      path: "",
      query: "",
      headers: [["content-type", "application/json"]],
      body: { kind: "inline", bytes },
      body_bytes: bytes.byteLength,
      verified: null,
      options: {
        callback_of: delivery.id,
        callback_on: delivery.status === "delivered" ? "delivered" : "dead",
        callback_to: url,
      },
    };
    out.push({ event, deliveries: [callbackDelivery(event, url)] });
  }
  return out;
}

/** The one delivery of a callback's event. */
export const callbackDelivery = (event: SluiceEvent, url: string): Delivery => ({
  ...newDelivery(event, null, callbackDestination(url).id),
  id: makeDeliveryId(event.id, "0000000000" as ConnectionId),
});

/** The JSON of the contract, without further fields. The answer's body is cut to fit. */
function callbackBody(ending: Ending): string {
  const { delivery } = ending;
  const last = delivery.attempts.at(-1);
  const fields = {
    event_id: delivery.event_id,
    delivery_id: delivery.id,
    destination: delivery.destination_id,
    status: delivery.status,
    attempts_made: delivery.attempts_made,
  };
  // A delivery that ends later than its last attempt has only its status at hand while the record cannot be read.
  const status = last === undefined ? delivery.last_response_status : last.response_status;
  if (status === null) return JSON.stringify({ ...fields, response: null });
  const answered = { status, headers: last?.response_headers ?? {} };
  const bytes = ending.answer ?? utf8(last?.response_body ?? "");
  const room =
    MAX_INLINE_BODY_BYTES - utf8(JSON.stringify({ ...fields, response: { ...answered, body_base64: "" } })).byteLength;
  return JSON.stringify({ ...fields, response: { ...answered, ...answerBody(bytes, Math.max(0, room)) } });
}

/** Text where the answer is text and fits as JSON, else base64, cut to fit. */
function answerBody(bytes: Bytes, room: number): { body: string } | { body_base64: string } {
  const text = bytes.byteLength >= MAX_CALLBACK_BODY_BYTES ? decodeUtf8Head(bytes) : decodeUtf8(bytes);
  if (text !== null && utf8(JSON.stringify(text)).byteLength <= room) return { body: text };
  const fitting = bytes.subarray(0, Math.floor(room / 4) * 3);
  const head = text === null ? null : decodeUtf8Head(fitting);
  return head !== null && utf8(JSON.stringify(head)).byteLength <= room
    ? { body: head }
    : { body_base64: toBase64(fitting) };
}

/** The callbacks' deliveries as `enqueue` takes them. */
export const callbackMessages = (callbacks: readonly { readonly deliveries: readonly Delivery[] }[]) =>
  callbacks.flatMap(({ deliveries }) => deliveries.map((delivery) => ({ delivery, lane: "deliveries" as const })));
