// Builds the outbound request: the event unchanged, plus the headers that identify the delivery. Pure.
import { MAX_BATCH_ANSWER_BYTES } from "../../config/limits.ts";
import { asHttp, type HttpDestination, type RequestDestination } from "../../model/destination.ts";
import type { HeaderList, SluiceEvent } from "../../model/event.ts";
import { headerValue } from "../../model/event.ts";
import { HOPS_HEADER, readHops } from "../../model/hops.ts";
import { destinationHeaders, inert } from "./headers.ts";
import type { Sending } from "../types.ts";
import { type OutboundRequest, isHopByHop } from "../../outbound/index.ts";

/** A listener takes what follows the host: the host is its own. */
const LISTENER_TARGET = { url: "http://localhost/", path_forwarding: true };

/**
 * @param now becomes `webhook-timestamp`, in seconds
 * @param called the URL that the sender called, if it came in at a source
 */
export function buildRequest(
  sending: Sending & { readonly destination: RequestDestination },
  now: number,
  called: string | null,
): OutboundRequest {
  const { event, delivery } = sending;
  const destination = sending.destination.type === "mock" ? asHttp(sending.destination) : sending.destination;
  const isListener = destination.type === "listener";
  const method = (isListener ? null : destination.method) ?? event.method;
  return {
    url: targetUrl(isListener ? LISTENER_TARGET : destination, event),
    method,
    headers: outboundHeaders(sending, now, called),
    // fetch() refuses a body on these.
    body: method === "GET" || method === "HEAD" ? null : event.body,
    bodyBytes: event.body_bytes,
    timeoutMs: destination.timeout_ms,
    ...(sending.batchSize === undefined ? {} : { answerBytes: MAX_BATCH_ANSWER_BYTES, isBatch: true }),
    ...(isListener ? { listener: { destinationId: destination.id, deliveryId: delivery.id } } : {}),
  };
}

/** The event's headers and those that identify the delivery. Parameters as above. */
export function outboundHeaders(sending: Sending, now: number, called: string | null): HeaderList {
  const { event, delivery, destination, sourceSlug } = sending;
  const configured = destinationHeaders(sending);
  const has = (name: string): boolean => configured.some(([key]) => key.toLowerCase() === name);
  const identity: HeaderList = [
    ["webhook-id", event.id],
    ["webhook-timestamp", String(Math.floor(now / 1000))],
  ];
  const ids: HeaderList =
    sending.batchSize === undefined
      ? [
          ["sluice-event-id", event.id],
          ["sluice-delivery-id", delivery.id],
        ]
      : [["sluice-batch-size", String(sending.batchSize)]];
  const ours: HeaderList = [
    ...configured,
    // A receiver verifies the sender's signature over the sender's own id and time.
    ...(destination.signing.type === "none" && isSigned(event.headers) ? [] : identity),
    ...ids,
    ["sluice-attempt", String(delivery.attempts_made + 1)],
    ...(sourceSlug === null ? [] : ([["sluice-source", sourceSlug]] as const)),
    ...(event.event_type == null ? [] : ([["sluice-event-type", inert(event.event_type)]] as const)),
    ...(called === null ? [] : ([["sluice-url", called]] as const)),
    [HOPS_HEADER, String(readHops(event.headers) + 1)],
    // The only header of ours that a destination or a sender may set.
    ...(has("idempotency-key") || headerValue(event.headers, "idempotency-key") !== null
      ? []
      : ([["idempotency-key", delivery.id]] as const)),
  ];
  const overridden = new Set(ours.map(([name]) => name.toLowerCase()));
  const passed = endToEnd(event.headers).filter(([name]) => !overridden.has(name.toLowerCase()));
  return [...passed, ...ours];
}

/** Whether a sender signed it by Standard Webhooks: its id, time and signature belong together. */
const isSigned = (headers: HeaderList): boolean =>
  ["webhook-id", "webhook-timestamp", "webhook-signature"].every((name) => headerValue(headers, name) !== null);

/**
 * Without the headers of the connection, which are the hop-by-hop ones and those that `connection` names, and without `sluice-*`, which a publisher
 * could have set.
 */
export function endToEnd(headers: HeaderList): HeaderList {
  const named = new Set((headerValue(headers, "connection") ?? "").split(",").map((name) => name.trim().toLowerCase()));
  return headers.filter(([name]) => !isHopByHop(name) && !named.has(name.toLowerCase()) && !/^sluice-/i.test(name));
}

/** The destination's URL with the event's sub-path (where it is forwarded) and query behind its own. */
export function targetUrl(
  destination: Pick<HttpDestination, "url" | "path_forwarding">,
  event: Pick<SluiceEvent, "path" | "query">,
): string {
  const url = new URL(destination.url);
  if (destination.path_forwarding && event.path !== "") {
    // Dot segments are resolved first: fetch() would otherwise resolve them against the destination's path and leave it.
    url.pathname = url.pathname.replace(/\/$/, "") + new URL(`http://host${event.path}`).pathname;
  }
  if (event.query === "") return url.href;
  // Set as text: the setter of `search` would drop an empty query.
  const href = url.search === "" ? url.href.replace(/\?$/, "") : url.href;
  return href + (url.search === "" ? event.query : `&${event.query.slice(1)}`);
}
