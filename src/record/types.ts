// What the record holds of an event, wherever it lies. Types only.
import type { Bytes } from "../kernel/bytes.ts";
import type { Result } from "../kernel/result.ts";
import type { Attempt, Delivery } from "../model/delivery.ts";
import type { BodyRef, HeaderList, SluiceEvent } from "../model/event.ts";
import type { ConnectionId, DestinationId, EventId } from "../model/ids.ts";
import type { Ignored } from "../model/ignored.ts";
import type { DeliveryStatus, EventStatus, StatusFilter } from "../model/lifecycle.ts";

/** A piece of a payload object in R2; with a null key, of the `payload` column beside it. Bytes. */
export interface PieceRef {
  readonly key: string | null;
  readonly offset: number;
  readonly length: number;
}

/** The answer to one attempt. */
export type AttemptAnswer = Pick<Attempt, "response_headers" | "response_body" | "error_detail">;

/** Head, body and first attempts of an event: all of it that is bulk. */
export interface Content {
  readonly query: string;
  readonly headers: HeaderList;
  readonly body: BodyRef;
  /** Attempts that were made before the event was recorded, by the last ten digits of the delivery's id. */
  readonly attempts: Readonly<Record<string, readonly Attempt[]>>;
}

/** A piece in D1, at hand, or one in R2. */
export type PiecePlace =
  | { readonly kind: "piece"; readonly bytes: Bytes }
  | { readonly kind: "r2"; readonly key: string; readonly offset: number; readonly length: number };

/** Where an event's content is: in columns of its row (earlier releases), or in a piece. */
export type ContentPlace = { readonly kind: "columns"; readonly content: Content } | PiecePlace;

/** An event without its bulk. */
export type EventHead = Omit<SluiceEvent, "query" | "headers" | "body" | "dedupe">;

/** An event as it is on record, whether in rows or in a segment. */
export interface EventRecord {
  readonly event: EventHead;
  readonly ignored: readonly Ignored[];
  /** In the order of their ids. Their first attempts may be missing or lack the answers: `withFirstAttempts` of entry.ts adds them. */
  readonly deliveries: readonly Delivery[];
  readonly place: ContentPlace;
  /** The key of the segment that it is in; null where it has rows. */
  readonly segment: number | null;
}

/** A delivery that ended in the batch that recorded its event, with at most one attempt. */
export interface EntryDelivery {
  readonly connection_id: ConnectionId | null;
  readonly destination_id: DestinationId;
  readonly status: "delivered" | "cancelled";
  /** Null where none was made. */
  readonly attempt: Pick<Attempt, "started_at" | "duration_ms" | "response_status" | "error"> | null;
  readonly last_error: string | null;
  readonly finished_at: number;
}

/** One event of a segment: all its deliveries have ended, at their first attempt or without one, and none is dead. */
export interface Entry {
  readonly event: EventHead;
  readonly ignored: readonly Ignored[];
  readonly deliveries: readonly EntryDelivery[];
  readonly piece: PieceRef;
}

/** A row of `segments`: what one batch has ended. Never changed but for `superseded`. */
export interface SegmentRow {
  /** Milliseconds of the last id × 4096 + a random number below 4096. Exact in JavaScript until 2039. */
  readonly k: number;
  /** Ids without their prefix: 32 digits each. */
  readonly first_id: string;
  readonly last_id: string;
  /** The ids in ascending order, without separators. */
  readonly ids: string;
  /** Marks of its contents, see summary.ts. A page skips segments whose marks cannot match its filter. */
  readonly summary: string;
  /** Ids of `ids` that have rows by now, without separators: the rows speak for them. */
  readonly superseded: string;
  /** `encodeEntries` of codec.ts, in the order of `ids`. */
  readonly entries: Bytes;
  /** The pieces of a small batch; null where they are in R2. */
  readonly payload: Bytes | null;
}

/** Why entries cannot be read. `newer`: a later release has written them. */
export interface Undecodable {
  readonly reason: "newer" | "damaged";
  readonly detail: string;
}

/** A segment as readers have it. */
export interface Segment {
  readonly k: number;
  readonly ids: readonly EventId[];
  /** The rows speak for these. */
  readonly superseded: ReadonlySet<EventId>;
  readonly entries: Result<readonly Entry[], Undecodable>;
  /** Null where the pieces are in R2, or were not asked for. */
  readonly payload: Bytes | null;
}

/** Names an event that cannot be read: the segment's layout is of a newer release, or its bytes are damaged. */
export interface Unreadable {
  readonly reason: "record_unreadable";
  readonly key: number;
  readonly detail: string;
}

/** A segment whose entries cannot be read, and its events that the page lacks for that reason. */
export interface UnreadableSegment {
  readonly key: number;
  readonly detail: string;
  readonly events: readonly EventId[];
}

/** Why a content cannot be had: its object is gone, R2 does not answer now, or its bytes are damaged or of a newer release. */
export type NoContent = "missing" | "unavailable" | "unreadable";

/** An event that needs rows, as they are written. */
export interface RowRecord {
  readonly event: EventHead;
  /** All that it has made. Attempts that are in the piece are left out. */
  readonly deliveries: readonly Delivery[];
  readonly ignored: readonly Ignored[];
  readonly place: PiecePlace;
}

/** Which events are asked for, with the range of keys of the segments that can hold each. */
export interface Sought {
  readonly id: EventId;
  readonly from: number;
  readonly to: number;
}

/** Keys from (inclusive) and to (exclusive). */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

export interface EventFilter extends KeyRange {
  readonly source_id?: string;
  readonly event_type?: string;
  readonly status?: EventStatus;
  /** Searched in the path, query, headers, a body that is text, and the source's name and slug. */
  readonly search?: string;
}

export interface DeliveryFilter extends KeyRange {
  readonly status?: StatusFilter;
  readonly destination_id?: string;
  readonly connection_id?: string;
  readonly source_id?: string;
  readonly event_type?: string;
  /** Of the latest attempt. */
  readonly response_status?: number;
  readonly error?: string;
  /** Of its failure, see model/issue.ts. */
  readonly cause?: string;
}

/** An event in a list, before its content is read. */
export interface ListedEvent {
  readonly id: EventId;
  readonly event: EventHead;
  readonly statuses: readonly DeliveryStatus[];
  /** Columns have no body here. */
  readonly place: ContentPlace;
}

export interface Page<T> {
  readonly rows: readonly T[];
  /** The key that the next page follows; null at the end. */
  readonly next: string | null;
}

/** An event or delivery as it is counted over time: its id has the instant. */
export interface Counted {
  readonly id: string;
  /** A delivery's status; `events` for an event. */
  readonly kind: DeliveryStatus | "events";
}

/** How much one page examines. */
export interface PageBounds {
  /** Matching rows, and one more. */
  readonly limit: number;
  /** Entries of segments that may match. */
  readonly entries: number;
}

/** What one D1 batch reads for a page: rows and segments of one moment. */
export interface PageRead<T> {
  /** Those that match, newest first: at most one more than the limit. */
  readonly rows: readonly T[];
  /** Events that have rows, among those examined: the rows speak for them, whatever a segment says. */
  readonly present: ReadonlySet<EventId>;
  /** All rows from this key on have been examined; null: all there are. */
  readonly rowsTo: string | null;
  /** Those that may hold something that matches. */
  readonly segments: readonly Segment[];
  /** As `rowsTo`. */
  readonly segmentsTo: string | null;
  /** Sources whose name or slug contains the text that is searched. */
  readonly namedSources: ReadonlySet<string>;
}
