import type { Bytes } from "../kernel/bytes.ts";
import type { Connection } from "../model/connection.ts";
import type { Delivery, ErrorCode, DeadReason } from "../model/delivery.ts";
import type { Destination } from "../model/destination.ts";
import type { DestinationState } from "../model/destination-state.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { ConnectionId, DestinationId, DeliveryId, EventId } from "../model/ids.ts";
import type { Ignored } from "../model/ignored.ts";
import type { DeferralReason } from "../model/lifecycle.ts";
import type { Counts } from "../stats/index.ts";
import type { BatchLimits } from "../gate/index.ts";

// What travels between the steps of a delivery. Types only.

/** How a delivery travels: `events` for first attempts, `small` for those that need a small batch, the others for later ones. */
export type Lane = "events" | "small" | "deliveries" | "slow" | "replays";

/** Where deliveries wait for their next attempt. */
export type LaterLane = Exclude<Lane, "events">;

/** A delivery with everything that sending it needs. */
export interface Job {
  readonly delivery: Delivery;
  readonly event: SluiceEvent;
  readonly sourceSlug: string | null;
  readonly destination: Destination;
  readonly connection: Connection | null;
}

/** The limits by which a waiting delivery joins a batch. */
export interface Collecting extends BatchLimits {
  /** Its approximate size in the request. */
  readonly bytes: number;
}

export interface Settled {
  readonly delivery: Delivery;
  readonly lane: LaterLane;
  /** Set where the gate asks for its next attempt, together with others. */
  readonly collecting?: Collecting | null;
  /** The answer's first bytes, where a callback may need them. */
  readonly answer?: Bytes | null;
  /** It was not attempted for lack of time. If no delivery of an event was attempted, its message can move on unchanged. */
  readonly untouched?: true;
}

/** A part of the results of a batch. */
export interface Dispatched {
  /** In any order, with the lane of its next message. */
  readonly settled: readonly Settled[];
  /** Destinations whose state has changed. */
  readonly states: readonly DestinationState[];
  /** Connections that their receiver asked to disable. */
  readonly disable: readonly ConnectionId[];
  /** Destinations whose waiting deliveries could go earlier than planned. */
  readonly reschedule: readonly DestinationId[];
  /** Destinations whose circuit has closed: what is parked can go. */
  readonly release: readonly DestinationId[];
  readonly attempts: number;
}

export interface Sending {
  readonly event: SluiceEvent;
  readonly delivery: Delivery;
  readonly destination: Destination;
  /** The number of events, if this is a batch. */
  readonly batchSize?: number;
  readonly connection?: Connection | null;
  readonly sourceSlug: string | null;
}

/** What a request needs and cannot get now. */
type UnavailableReason = Extract<
  DeferralReason,
  "secret_unavailable" | "body_unavailable" | "resolver_unavailable" | "token_unavailable"
>;

/** Why there is no request. */
export type Unprepared =
  /** A later attempt would end the same way: the delivery is dead for this reason. */
  | { readonly kind: "dead"; readonly error: string }
  /** Not the destination's fault: deferred, without using an attempt. */
  | { readonly kind: "put_off"; readonly by: UnavailableReason; readonly detail: string }
  /** Counts as an attempt without an answer. `detail` is for the operator and contains no secrets. */
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

/** A delivery with the data that decides whether its end has a callback. */
export interface Ending {
  readonly delivery: Delivery;
  readonly event: SluiceEvent | null;
  readonly connection: Connection | null;
  /** The answer's first bytes, if they were kept; else the attempt's excerpt is used. */
  readonly answer?: Bytes | null;
}

/** A callback's event and its one delivery. */
export interface Callback {
  readonly event: SluiceEvent;
  readonly deliveries: readonly [Delivery];
}

/** Deliveries that share one request. */
export type RequestGroup = readonly Job[];

export interface FirstRecord {
  readonly event: SluiceEvent;
  readonly deliveries: readonly Delivery[];
  /** Connections that did not take the event, and why. */
  readonly ignored?: readonly Ignored[];
}

export interface DueDelivery {
  readonly delivery: Delivery;
  /** Null for a delivery that was not claimed: it is not due, has ended, is claimed by another consumer, or must be taken alone. */
  readonly claim: number | null;
  /** Until when another consumer has claimed it; null for a delivery that none has. */
  readonly claimed_until: number | null;
  /** Whether the claim before this one expired without being settled. */
  readonly interrupted: boolean;
  /** Interruptions on record, not counting that one. */
  readonly interruptions: number;
  readonly event: SluiceEvent | null;
  /** Why head and body of the event cannot be read now. Then it must not be attempted. */
  readonly withheld?: string;
  readonly source_slug: string | null;
  readonly destination: Destination | null;
  readonly connection: Connection | null;
}

export interface BatchContext {
  /** By source id. A missing source does not exist any more. */
  readonly versions: ReadonlyMap<string, number>;
  /** Events that are on record. */
  readonly known: ReadonlySet<string>;
  readonly states: ReadonlyMap<string, DestinationState>;
  /** By id. A missing destination does not exist any more. */
  readonly destinations: ReadonlyMap<string, Destination>;
  /** Nothing more may be recorded before there is room again. */
  readonly isFull: boolean;
  /** Those asked for that only a newer release can read. */
  readonly unreadable: ReadonlySet<string>;
}

/** A delivery with a value in its row, event or configuration that only a newer release can read. */
export interface Unreadable {
  readonly id: DeliveryId;
  readonly error: unknown;
}

export interface LaterMessage {
  readonly id: DeliveryId;
  readonly lane: LaterLane;
  readonly delayMs: number;
  /** Its `next_attempt_at`: with another value in the row, this message is superseded. */
  readonly at?: number;
}

/** The next state of a delivery that is on record. */
export interface Settlement {
  readonly delivery: Delivery;
  /** It is written only under this claim. */
  readonly claim: number;
  /** What this transition adds to the counters. */
  readonly counts?: Counts;
  /**
   * It is written later than it happened: its attempts are only those that D1 does not have, and the claim may have expired meanwhile. Then it
   * is written if no further attempt is on record or under way.
   */
  readonly late?: boolean;
}

/** How often a consumer ended without settling a delivery or event that it had claimed. */
export interface Interruption {
  readonly id: DeliveryId | EventId;
  readonly count: number;
}

export interface Writes {
  readonly firsts: readonly FirstRecord[];
  readonly settlements: readonly Settlement[];
  readonly states: readonly DestinationState[];
  /** Connections that their receiver asked to disable. */
  readonly disable: readonly ConnectionId[];
  /** Recorded only if the delivery has just this end in D1, so that each end has one callback. */
  readonly callbacks: readonly FirstRecord[];
  /** Events whose copies in the outbox are no longer needed. */
  readonly forget: readonly EventId[];
  readonly interrupted: readonly Interruption[];
  /** What has been settled after interruptions: they are forgotten. */
  readonly finished: readonly Interruption["id"][];
}

export interface WaitingPage {
  /** `bytes`: about the size of the event's body and headers. */
  readonly waiting: readonly {
    readonly id: DeliveryId;
    readonly at: number;
    readonly replay_id: string | null;
    readonly bytes: number;
  }[];
  /** Start of the next page; null on the last one. Milliseconds since the epoch. */
  readonly next: number | null;
  /** Its current configuration; null when it was deleted. */
  readonly destination: Destination | null;
  /** Whether its deliveries travel in the slow lane. */
  readonly slow: boolean;
}

export interface NewTime {
  readonly id: DeliveryId;
  readonly was: number;
  readonly at: number;
}

/** A delivery that matches a replay's filter. */
export interface Candidate {
  readonly id: DeliveryId;
  readonly destination_id: string;
  readonly connection_id: string | null;
  readonly dead: boolean;
  /** The key of the segment that it is in; null where it has a row. */
  readonly segment: number | null;
}

export interface CandidatePage {
  readonly found: readonly Candidate[];
  /** The next page begins after this key; null at the end. */
  readonly next: string | null;
  /** Deliveries a second, by destination. */
  readonly shares: ReadonlyMap<string, number>;
  /** Segments whose deliveries it lacks. */
  readonly unreadable: readonly { readonly key: number; readonly detail: string }[];
}

/** What a delivery goes over. */
export interface Way {
  /** Null for an event that has no connections. */
  readonly connection_id: ConnectionId | null;
  readonly destination_id: DestinationId;
}

/** An event that no connection took, with its content. */
export interface IgnoredEvent {
  readonly event: SluiceEvent;
  /** The key of the segment that it is in; null where it has rows. */
  readonly segment: number | null;
}

export interface IgnoredPage extends Omit<CandidatePage, "found"> {
  /** In the order of their ids. */
  readonly found: readonly IgnoredEvent[];
}

/** Deliveries of events that no connection took: all of an event or none. */
export interface IgnoredPiece extends Omit<Piece, "items"> {
  readonly items: readonly (IgnoredEvent & { readonly id: DeliveryId; readonly way: Way; readonly at: number })[];
}

export interface Piece {
  /** `again`: the id of a new delivery, for one that is not dead. */
  readonly items: readonly (Pick<Candidate, "id" | "segment"> & {
    readonly again: DeliveryId | null;
    readonly at: number;
  })[];
  readonly after: string;
  readonly collected: boolean;
  readonly next_at: number;
}
