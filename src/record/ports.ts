// The ports through which the record uses D1 and R2. Every call may throw.
import type { Bytes } from "../kernel/bytes.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import type { Writes } from "../delivery/index.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Result } from "../kernel/result.ts";
import type { EventId } from "../model/ids.ts";
import type {
  ContentPlace,
  Counted,
  DeliveryFilter,
  EventFilter,
  EventRecord,
  ListedEvent,
  PageBounds,
  PageRead,
  RowRecord,
  SegmentRow,
  Sought,
  Unreadable,
  UnreadableSegment,
} from "./types.ts";

/** One D1 transaction. Its first statement refuses all of it if any event of `writes.firsts` is on record. */
export interface RecordBatch {
  readonly segments: readonly SegmentRow[];
  readonly rows: readonly RowRecord[];
  /** Written where the delivery that they report has just that end. */
  readonly callbacks: readonly RowRecord[];
  /** `firsts` are counted, and written as `segments` and `rows`; `callbacks` likewise. */
  readonly writes: Writes;
}

/** `known`: nothing was written, as an event is on record. `taken`: nothing was written, as another segment has the same key. */
export type Commit =
  | { readonly kind: "recorded"; /** Bytes of the database. */ readonly size: number }
  | { readonly kind: "known" }
  | { readonly kind: "taken" };

/** One D1 database of the record. */
export interface RecordTables {
  readonly commit: (batch: RecordBatch) => Promise<Commit>;
  /** Which of these are on record, in rows or segments. */
  readonly known: (sought: readonly Sought[]) => Promise<ReadonlySet<string>>;
  /** Null for an event that is not on record. Where it has rows, they speak for it. */
  readonly find: (sought: Sought) => Promise<Result<EventRecord | null, Unreadable>>;
  /** Where the contents of these events are, if they have rows and a piece. */
  readonly places: (events: readonly EventId[]) => Promise<ReadonlyMap<EventId, ContentPlace>>;
  readonly eventPage: (filter: EventFilter, bounds: PageBounds) => Promise<PageRead<ListedEvent>>;
  readonly deliveryPage: (filter: DeliveryFilter, bounds: PageBounds) => Promise<PageRead<Delivery>>;
  /** The latest ones that match, without a limit but what is examined. A search is not taken. */
  readonly countedEvents: (filter: Omit<EventFilter, "search">) => Promise<PageRead<Counted>>;
  readonly countedDeliveries: (filter: DeliveryFilter) => Promise<PageRead<Counted>>;
}

/** R2, under `payloads/{day}/`. Null as a whole where no bucket is bound. */
export interface PayloadObjects {
  readonly put: (key: string, bytes: Bytes) => Promise<void>;
  /** Null when the object is gone. */
  readonly read: (key: string, offset: number, length: number) => Promise<Bytes | null>;
}

export interface WritePorts {
  readonly now: Clock;
  readonly random: Random;
  readonly tables: RecordTables;
  /** How large the database may become. Bytes. */
  readonly limitBytes: number;
  readonly payloads: PayloadObjects | null;
  /** A name that no other batch has. */
  readonly batchName: () => string;
  readonly report: (what: string, error: unknown) => void;
}

export interface ReadPorts {
  readonly tables: Pick<
    RecordTables,
    "find" | "places" | "eventPage" | "deliveryPage" | "countedEvents" | "countedDeliveries"
  >;
  readonly payloads: Pick<PayloadObjects, "read"> | null;
  readonly report: (what: string, error: unknown) => void;
  /** Names what a page lacks. */
  readonly unreadable: (segment: UnreadableSegment) => void;
}
