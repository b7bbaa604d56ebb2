import type { Bytes } from "../kernel/bytes.ts";
import type { Connection } from "../model/connection.ts";
import type { Delivery, ErrorCode, DeadReason } from "../model/delivery.ts";
import type { Destination } from "../model/destination.ts";
import type { DestinationState } from "../model/destination-state.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { ConnectionId, DestinationId, DeliveryId, EventId } from "../model/ids.ts";
import type { Ignored } from "../model/ignored.ts";
import type { Counts } from "../stats/index.ts";
import type { BatchLimits } from "../gate/index.ts";

// What travels between the steps of a delivery. Types only.

/** The queues that carry deliveries, each with a consumer of its own. `events` carries first attempts. */
export type Lane = "events" | "deliveries" | "slow" | "replays";

/** Where deliveries wait for their next attempt. */
export type LaterLane = Exclude<Lane, "events">;

/** A delivery in hand, with all that sending it takes. */
export interface Job {
  readonly delivery: Delivery;
  readonly event: SluiceEvent;
  readonly sourceSlug: string | null;
  readonly destination: Destination;
  readonly connection: Connection | null;
}

/** By what measure a waiting delivery of a batching destination joins others. */
export interface Collecting extends BatchLimits {
  /** About what it takes in the request. */
  readonly bytes: number;
}

export interface Settled {
  readonly delivery: Delivery;
  readonly lane: LaterLane;
  /** Its next try is called for by the gate, together with others. */
  readonly collecting?: Collecting | null;
  /** The answer's first bytes, where a callback may ask for them. */
  readonly answer?: Bytes | null;
}

export interface Dispatched {
  /** One for each job, in no particular order. Waiting ones name the lane that their next message takes. */
  readonly settled: readonly Settled[];
  /** Destinations whose state has changed. */
  readonly states: readonly DestinationState[];
  /** Connections that a receiver has asked to be disabled. */
  readonly disable: readonly ConnectionId[];
  /** Destinations whose waiting deliveries could go earlier than the times that were given to them. */
  readonly reschedule: readonly DestinationId[];
  readonly attempts: number;
}

export interface Sending {
  readonly event: SluiceEvent;
  readonly delivery: Delivery;
  readonly destination: Destination;
  /** How many events this one stands for, where it is a batch made of them. */
  readonly batchSize?: number;
  readonly connection?: Connection | null;
  readonly sourceSlug: string | null;
}

/** Why there is no request to send. */
export type Unprepared =
  /** No later attempt can do better: the delivery is dead for this reason. */
  | { readonly kind: "dead"; readonly error: string }
  /** Ours to mend: put off, without using an attempt. */
  | { readonly kind: "put_off"; readonly by: "secret_unavailable" | "body_unavailable"; readonly detail: string }
  /** Counts as an attempt that got no answer. `detail` in words for the operator, without secrets. */
  | { readonly kind: "failed"; readonly error: ErrorCode; readonly detail?: string };

export type Decision =
  | { readonly kind: "delivered"; readonly disableConnection: boolean }
  | { readonly kind: "retry"; readonly at: number; readonly pauseUntil: number | null }
  | {
      readonly kind: "dead";
      readonly reason: DeadReason;
      readonly disableConnection: boolean;
      readonly pauseUntil: number | null;
    };

/** A delivery and what it takes to know who wants word of its end. */
export interface Ending {
  readonly delivery: Delivery;
  readonly event: SluiceEvent | null;
  readonly connection: Connection | null;
  /** The answer's first bytes where they were kept for this; else the attempt's excerpt must do. */
  readonly answer?: Bytes | null;
}

/** A callback's event and its one delivery. */
export interface Callback {
  readonly event: SluiceEvent;
  readonly deliveries: readonly [Delivery];
}

/** What shares one request. */
export type RequestGroup = readonly Job[];

export interface FirstRecord {
  readonly event: SluiceEvent;
  readonly deliveries: readonly Delivery[];
  /** Connections that did not take the event, and why. */
  readonly ignored?: readonly Ignored[];
}

export interface DueDelivery {
  readonly delivery: Delivery;
  readonly claim: number | null;
  readonly event: SluiceEvent | null;
  readonly source_slug: string | null;
  readonly destination: Destination | null;
  readonly connection: Connection | null;
}

export interface BatchContext {
  /** By source id; a source that is missing no longer exists. */
  readonly versions: ReadonlyMap<string, number>;
  /** Events that have been recorded. */
  readonly known: ReadonlySet<string>;
  readonly states: ReadonlyMap<string, DestinationState>;
  /** Those asked for, by id; one that is missing no longer exists. */
  readonly destinations: ReadonlyMap<string, Destination>;
}

export interface LaterMessage {
  readonly id: DeliveryId;
  readonly lane: LaterLane;
  readonly delayMs: number;
  /** Its `next_attempt_at`, where a later message may take over from this one. */
  readonly at?: number;
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

export interface WaitingPage {
  /** `bytes`: of the event's body and headers. */
  readonly waiting: readonly {
    readonly id: DeliveryId;
    readonly at: number;
    readonly replay_id: string | null;
    readonly bytes: number;
  }[];
  /** Where the next page begins; null when there is none. Milliseconds since the epoch. */
  readonly next: number | null;
  /** As configured now; null when it is gone. */
  readonly destination: Destination | null;
  /** Whether its deliveries travel in the slow lane. */
  readonly slow: boolean;
}

export interface NewTime {
  readonly id: DeliveryId;
  readonly was: number;
  readonly at: number;
}

/** A delivery that matches. */
export interface Candidate {
  readonly id: DeliveryId;
  readonly destination_id: string;
  readonly connection_id: string | null;
  readonly dead: boolean;
}

export interface CandidatePage {
  readonly found: readonly Candidate[];
  /** Key that the next page begins after; null when the end has been reached. */
  readonly next: string | null;
  /** By destination, deliveries a second. */
  readonly shares: ReadonlyMap<string, number>;
}

export interface Piece {
  /** `again` is the id of the delivery that is made where the one found has not died. */
  readonly items: readonly { readonly id: DeliveryId; readonly again: DeliveryId | null; readonly at: number }[];
  readonly after: string;
  readonly collected: boolean;
  readonly next_at: number;
}
