// One request that a source accepted, as it travels and as it is stored.
import type { Bytes } from "../kernel/bytes.ts";
import type { RequestCredentials } from "./credentials.ts";
import type { DedupeKey } from "./dedupe.ts";
import type { DeliveryId, DestinationId, EventId, SourceId } from "./ids.ts";

/** Header fields as received: order, repeated fields and spelling of names. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Where the exact bytes of a body are: in the event itself, or in R2 under a key. */
export type BodyRef =
  { readonly kind: "inline"; readonly bytes: Bytes } | { readonly kind: "r2"; readonly key: string };

/** Options of an event that was published by the API, or that Sluice made as a callback; and what must not be shown of a received one. */
export interface EventOptions {
  /** No attempt before this time, and delays count from it. Milliseconds since the epoch. */
  readonly deliver_at?: number;
  /** Delivered straight to these, without a connection. */
  readonly destinations?: readonly DestinationId[];
  readonly callback_url?: string;
  readonly failure_callback_url?: string;
  /** The event is a callback: it tells `callback_to` how this delivery ended. */
  readonly callback_of?: DeliveryId;
  readonly callback_on?: "delivered" | "dead";
  readonly callback_to?: string;
  /** Credentials that its source forwards: sent to destinations, masked in every view. */
  readonly credentials?: RequestCredentials;
}

export interface SluiceEvent {
  readonly id: EventId;
  /** Null for a queue message that could not be read. */
  readonly source_id: SourceId | null;
  /** Milliseconds since the epoch. */
  readonly received_at: number;
  readonly method: string;
  /** What follows the slug in the URL: empty, or beginning with a slash. Percent-encoded as received. */
  readonly path: string;
  /** With its question mark; empty when there is none. */
  readonly query: string;
  readonly headers: HeaderList;
  readonly body: BodyRef;
  readonly body_bytes: number;
  /** Null when the source requires no verification. */
  readonly verified: boolean | null;
  /** As its sender names it, at most 128 characters. Null or absent where it has none; absent in what earlier releases wrote. */
  readonly event_type?: string | null;
  /** Null or absent when the source detects no duplicates, or the request had no key. */
  readonly dedupe?: DedupeKey | null;
  /** The event that it repeats. A duplicate goes to no destination. */
  readonly duplicate_of?: EventId | null;
  /** Null or absent for a request to a source's URL. */
  readonly options?: EventOptions | null;
}

/** Whether it came in at a source's URL: it was not published by the API and is no callback. */
export const isReceived = ({ options }: Pick<SluiceEvent, "options">): boolean =>
  options == null || options.credentials !== undefined;

/** The earliest time of its deliveries. Milliseconds since the epoch. */
export const effectiveAt = (event: Pick<SluiceEvent, "received_at" | "options">): number =>
  Math.max(event.received_at, event.options?.deliver_at ?? 0);

/** The first value of a header. Names are case-insensitive. */
export function headerValue(headers: HeaderList, name: string): string | null {
  const wanted = name.toLowerCase();
  return headers.find(([key]) => key.toLowerCase() === wanted)?.[1] ?? null;
}
