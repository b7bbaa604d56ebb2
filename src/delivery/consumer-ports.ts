// What the consumers need of the world besides sending: the record, the queues, the routes.
import type { Collector } from "../gate/protocol.ts";
import type { DestinationState } from "../model/destination-state.ts";
import type { Delivery } from "../model/delivery.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { ConnectionId, DeliveryId, DestinationId, EventId } from "../model/ids.ts";
import type { Ignored } from "../model/ignored.ts";
import type {
  CancelMessage,
  FlushMessage,
  RecordMessage,
  ReplayMessage,
  RetimeMessage,
  WaitingKey,
} from "../model/message.ts";
import type { RouteDocument } from "../model/route.ts";
import type { Connection } from "../model/connection.ts";
import type { Destination } from "../model/destination.ts";
import type { Counts } from "../stats/index.ts";
import type { Ending } from "./outcome/callback.ts";
import type { DispatchPorts, Lane } from "./ports.ts";
import type { ReplayRecords } from "./jobs/replay.ts";
import type { NewTime, WaitingPage } from "./jobs/reschedule.ts";

/** One message of a batch; exactly one of `ack` and `retry` is called for each [G3]. */
export interface Incoming {
  readonly id: string;
  /** When it was put into the queue. */
  readonly timestamp: Date;
  readonly body: unknown;
  readonly attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

export interface FirstRecord {
  readonly event: SluiceEvent;
  readonly deliveries: readonly Delivery[];
  /** Connections that did not take the event, and why. */
  readonly ignored?: readonly Ignored[];
}

export interface Writes {
  readonly firsts: readonly FirstRecord[];
  readonly settlements: readonly {
    readonly delivery: Delivery;
    readonly claim: number;
    /** What this step adds to the counters, once it is on record. */
    readonly counts?: Counts;
  }[];
  readonly states: readonly DestinationState[];
  /** Connections that a receiver has asked to be disabled. */
  readonly disable: readonly ConnectionId[];
  /** Recorded only where D1 holds the very end that they tell of: one for each, whoever reports it and however often. */
  readonly callbacks: readonly FirstRecord[];
  /** Events whose copies in the outbox have done their duty. */
  readonly forget: readonly EventId[];
}

export const NOTHING_TO_WRITE: Writes = {
  firsts: [],
  settlements: [],
  states: [],
  disable: [],
  callbacks: [],
  forget: [],
};

export interface BatchContext {
  /** By source id; a source that is missing no longer exists. */
  readonly versions: ReadonlyMap<string, number>;
  /** Events that have been recorded. */
  readonly known: ReadonlySet<string>;
  readonly states: ReadonlyMap<string, DestinationState>;
  /** Those asked for, by id; one that is missing no longer exists. */
  readonly destinations: ReadonlyMap<string, Destination>;
}

export interface DueDelivery {
  readonly delivery: Delivery;
  readonly claim: number | null;
  readonly event: SluiceEvent | null;
  readonly source_slug: string | null;
  readonly destination: Destination | null;
  readonly connection: Connection | null;
}

/** D1. Every call may throw. */
export interface RecordPort {
  readContext(
    events: readonly EventId[],
    sources: readonly string[],
    destinations: readonly DestinationId[],
  ): Promise<BatchContext>;
  write(writes: Writes): Promise<void>;
  takeDue(
    ids: readonly DeliveryId[],
    holdMs: number,
  ): Promise<{
    readonly deliveries: readonly DueDelivery[];
    readonly states: ReadonlyMap<string, DestinationState>;
  }>;
  waitingPage(destination: DestinationId, from: number, limit: number): Promise<WaitingPage>;
  moveWaiting(times: readonly NewTime[]): Promise<readonly DeliveryId[]>;
  cancelPiece(message: CancelMessage): Promise<{ readonly cancelled: number; readonly next: WaitingKey | null }>;
  /** @param word the callbacks of what ends by it */
  buryDue(
    ids: readonly DeliveryId[],
    word: (endings: readonly Ending[]) => Promise<readonly FirstRecord[]>,
  ): Promise<void>;
}

export interface LaterMessage {
  readonly id: DeliveryId;
  readonly lane: Exclude<Lane, "events">;
  readonly delayMs: number;
  /** Its `next_attempt_at`, where a later message may take over from this one. */
  readonly at?: number;
}

export interface ConsumerPorts extends DispatchPorts {
  readonly replays: ReplayRecords;
  readonly records: RecordPort;
  readonly collector: Collector;
  /** Throws when the queue refuses. */
  readonly sendLater: (messages: readonly LaterMessage[]) => Promise<void>;
  readonly sendRetime: (message: RetimeMessage, delayMs: number) => Promise<void>;
  readonly sendOn: (message: CancelMessage | ReplayMessage, delayMs: number) => Promise<void>;
  /** @param lane where its deliveries travel */
  readonly sendFlush: (message: FlushMessage, lane: Exclude<Lane, "events">, delayMs: number) => Promise<void>;
  readonly sendRecord: (message: RecordMessage) => Promise<void>;
  readonly forgetJournal: (ids: readonly EventId[]) => Promise<void>;
  readonly routes: (
    sources: ReadonlyMap<string, string | null>,
    versions: ReadonlyMap<string, number> | null,
  ) => Promise<ReadonlyMap<string, RouteDocument>>;
  /** The first event of each one's key, its own or the one that it repeats; missing where there is no key or none can tell. Never throws. */
  readonly firstEvents: (events: readonly SluiceEvent[]) => Promise<ReadonlyMap<EventId, EventId>>;
  /** The event id that always belongs to the same 23 digits. */
  readonly completeId: (digits: string) => Promise<EventId>;
}
