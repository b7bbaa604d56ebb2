// One request that a source accepted, as it travels and as it is kept.
import type { Bytes } from "../kernel/bytes.ts";
import type { EventId, SourceId } from "./ids.ts";

/** Header fields in the order received, repeated ones repeated. Names as received. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Where the exact bytes of a body are: in the record itself, or in R2 under a key. */
export type BodyRef =
  { readonly kind: "inline"; readonly bytes: Bytes } | { readonly kind: "r2"; readonly key: string };

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
}

/** First value of a header, by case-insensitive name. */
export function headerValue(headers: HeaderList, name: string): string | null {
  const wanted = name.toLowerCase();
  return headers.find(([key]) => key.toLowerCase() === wanted)?.[1] ?? null;
}
