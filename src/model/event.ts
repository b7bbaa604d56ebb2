// One request that a source accepted, as it travels and as it is kept.
import type { Bytes } from "../kernel/bytes.ts";
import type { DedupeKey } from "./dedupe.ts";
import type { DeliveryId, DestinationId, EventId, SourceId } from "./ids.ts";

/** Header fields in the order received, repeated ones repeated. Names as received. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Where the exact bytes of a body are: in the record itself, or in R2 under a key. */
export type BodyRef =
  { readonly kind: "inline"; readonly bytes: Bytes } | { readonly kind: "r2"; readonly key: string };

/** What was asked of a published event, or why Sluice made one itself. */
export interface EventOptions {
  /** Before that nothing is attempted, and delays count from it. Milliseconds since the epoch. */
  readonly deliver_at?: number;
  /** Straight to these, over no connection. */
  readonly destinations?: readonly DestinationId[];
  readonly callback_url?: string;
  readonly failure_callback_url?: string;
  /** The event is itself the word of how this delivery ended, for `callback_to`. */
  readonly callback_of?: DeliveryId;
  readonly callback_on?: "delivered" | "dead";
  readonly callback_to?: string;
}

export interface SluiceEvent {
  readonly id: EventId;
  /** Null for what could not be told apart as an event of any source. */
  readonly source_id: SourceId | null;
  /** Milliseconds since the epoch. */
  readonly received_at: number;
  readonly method: string;
  /** What followed the slug in the URL: empty, or beginning with a slash. Percent-encoding as received. */
  readonly path: string;
  /** With its question mark, or empty. */
  readonly query: string;
  readonly headers: HeaderList;
  readonly body: BodyRef;
  readonly body_bytes: number;
  /** Null where the source demands no verification. */
  readonly verified: boolean | null;
  /** Null or missing where the source looks for no duplicates, or the request had no key. */
  readonly dedupe?: DedupeKey | null;
  /** The event that it repeats; such a one goes to no destination. */
  readonly duplicate_of?: EventId | null;
  /** Absent or null for what came in at a source's URL. */
  readonly options?: EventOptions | null;
}

/** When its deliveries may begin. Milliseconds since the epoch. */
export const effectiveAt = (event: Pick<SluiceEvent, "received_at" | "options">): number =>
  Math.max(event.received_at, event.options?.deliver_at ?? 0);

/** First value of a header, by case-insensitive name. */
export function headerValue(headers: HeaderList, name: string): string | null {
  const wanted = name.toLowerCase();
  return headers.find(([key]) => key.toLowerCase() === wanted)?.[1] ?? null;
}
