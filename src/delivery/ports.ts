// The ports through which delivery uses queues, D1, gates and HTTP.
import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import type { Delivery } from "../model/delivery.ts";
import type { DestinationState } from "../model/destination-state.ts";
import type { PreparePorts } from "./attempt/prepare.ts";
import type { AnswerTimes } from "./run/answer-times.ts";
import type {
  LaterLane,
  DueDelivery,
  BatchContext,
  LaterMessage,
  Unreadable,
  Writes,
  NewTime,
  WaitingPage,
  CandidatePage,
  IgnoredPage,
  IgnoredPiece,
  Piece,
} from "./types.ts";
import type { Result } from "../kernel/result.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { DeliveryId, DestinationId, EventId, ReplayId } from "../model/ids.ts";
import type {
  CancelMessage,
  EventMessage,
  FlushMessage,
  ReplayMessage,
  RescheduleMessage,
  WaitingKey,
} from "../model/message.ts";
import type { RouteDocument } from "../model/route.ts";
import type { Run } from "../model/replay.ts";
import type { Gate, Collector } from "../gate/index.ts";
import type { UsedRoute } from "../routing/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { OpenChannel, Sender } from "../outbound/index.ts";

export interface DispatchPorts extends PreparePorts {
  readonly now: Clock;
  readonly random: Random;
  readonly sleep: (ms: number) => Promise<void>;
  /** Whether the work ends within this time, with or without success. */
  readonly endsWithin: (ms: number, work: Promise<unknown>) => Promise<boolean>;
  /** Kept by this isolate. */
  readonly answerTimes: AnswerTimes;
  readonly gate: Gate;
  readonly send: Sender;
  readonly openChannel: OpenChannel;
  readonly log: Logger;
}

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

export const NOTHING_TO_WRITE: Writes = {
  firsts: [],
  settlements: [],
  states: [],
  disable: [],
  callbacks: [],
  forget: [],
  interrupted: [],
  finished: [],
};

export interface TakenDue {
  readonly deliveries: readonly DueDelivery[];
  /** Deliveries whose rows this release cannot read. They are put off. */
  readonly unreadable: readonly Unreadable[];
  readonly states: ReadonlyMap<string, DestinationState>;
  /** Those whose database does not answer now, while another one does: their messages come back. */
  readonly away?: ReadonlySet<DeliveryId>;
}

/** `newer`: a later release has written it. */
interface Undecodable {
  readonly reason: "newer" | "damaged";
  readonly detail: string;
}

/** D1. Every call may throw. */
interface RecordPort {
  /** How many databases the record has. */
  readonly databases: number;
  /** Which of them, from 0, has an event or delivery. */
  readonly databaseOf: (id: string) => number;
  readContext(
    events: readonly EventId[],
    sources: readonly string[],
    destinations: readonly DestinationId[],
  ): Promise<BatchContext>;
  write(writes: Writes): Promise<void>;
  /** @param alone also claims a delivery that was interrupted so often that it must be taken alone */
  takeDue(ids: readonly DeliveryId[], holdMs: number, alone?: boolean): Promise<TakenDue>;
  /** With all its attempts and their answers, as far as these can be read. */
  whole(delivery: Delivery): Promise<Delivery>;
  /** Notes that an event is about to be processed alone. @returns how often this was noted and not finished, this time included */
  noteStart(id: EventId): Promise<number>;
  waitingPage(destination: DestinationId, from: number, limit: number): Promise<WaitingPage>;
  /** The first of a destination's parked deliveries. */
  parkedPage(destination: DestinationId, limit: number): Promise<WaitingPage>;
  /** Tells the sweep that they are being released. */
  noteRelease(destination: DestinationId): Promise<void>;
  moveWaiting(times: readonly NewTime[]): Promise<readonly DeliveryId[]>;
  cancelPiece(message: CancelMessage): Promise<{ readonly cancelled: number; readonly next: WaitingKey | null }>;
}

export interface ConsumerPorts extends DispatchPorts {
  readonly replays: ReplayRecords;
  readonly records: RecordPort;
  readonly collector: Collector;
  /** Throws if the queue refuses. */
  readonly sendLater: (messages: readonly LaterMessage[]) => Promise<void>;
  readonly sendReschedule: (message: RescheduleMessage, delayMs: number) => Promise<void>;
  readonly sendOn: (message: CancelMessage | ReplayMessage, delayMs: number) => Promise<void>;
  /** @param lane of its deliveries */
  readonly sendFlush: (message: FlushMessage, lane: LaterLane, delayMs: number) => Promise<void>;
  /** Puts what D1 has not taken into one object of R2. Throws where R2 is away or not bound. @param outcomes each of one event or later attempt */
  readonly putPending: (outcomes: readonly Writes[]) => Promise<void>;
  /** Null when the object has been removed meanwhile. May throw, like the following. */
  readonly readPending: (key: string) => Promise<Result<readonly Writes[], Undecodable> | null>;
  readonly removePending: (keys: readonly string[]) => Promise<void>;
  /** @returns the key that the object has from now on, where the sweep does not look for it */
  readonly setPendingAside: (key: string) => Promise<string>;
  /** To a lane of small batches. Throws when its queue refuses any of them. */
  readonly sendOnEvents: (messages: readonly EventMessage[], lane: "small" | "slow") => Promise<void>;
  readonly forgetJournal: (ids: readonly EventId[]) => Promise<void>;
  /** The documents of these sources as of `versions`; null while D1 cannot be read. */
  readonly routes: (
    used: ReadonlyMap<string, UsedRoute>,
    versions: ReadonlyMap<string, number> | null,
  ) => Promise<ReadonlyMap<string, RouteDocument>>;
  /** The documents of these sources as D1 has them now. A source that was deleted is missing. */
  readonly presentRoutes: (sources: readonly string[]) => Promise<ReadonlyMap<string, RouteDocument>>;
  /** For each event the first one with its key, itself or the one it repeats; missing without a key or while the index is unreachable. Never throws. */
  readonly firstEvents: (events: readonly SluiceEvent[]) => Promise<ReadonlyMap<EventId, EventId>>;
  /**
   * Completes 23 digits to an event id; the same digits give the same id.
   * @param beside the delivery in whose database the event will be recorded: the time among the digits may be set back for that
   */
  readonly completeId: (digits: string, beside?: DeliveryId) => Promise<EventId>;
}

/** D1. Every call may throw. */
export interface ReplayRecords {
  readRun(id: ReplayId): Promise<Run | null>;
  candidates(run: Run, after: string, limit: number): Promise<CandidatePage>;
  /** Events that no connection took, from this key on. Those whose content is gone are left out. */
  ignored(run: Run, from: string, most: number): Promise<IgnoredPage>;
  /** As `takePiece`. An event that has got another delivery meanwhile is left out. */
  takeIgnored(run: Run, piece: IgnoredPiece): Promise<ReadonlySet<DeliveryId> | null>;
  /** Whether most of the latest step's deliveries have not been attempted yet. */
  stillWaits(run: Run): Promise<boolean>;
  /** @returns the ids of the deliveries that wait now; null when another consumer has done this step */
  takePiece(run: Run, piece: Piece): Promise<ReadonlySet<DeliveryId> | null>;
  /** @returns false when another consumer has done this step */
  putOff(run: Run, until: number): Promise<boolean>;
}
