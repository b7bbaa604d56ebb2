// What delivery needs of the world.
import type { BatchLimits } from "../gate/collecting.ts";
import type { Gate } from "../gate/protocol.ts";
import type { Bytes } from "../kernel/bytes.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import type { Connection } from "../model/connection.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Destination } from "../model/destination.ts";
import type { DestinationState } from "../model/destination-state.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { ConnectionId, DestinationId } from "../model/ids.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Sender } from "../outbound/sender.ts";
import type { PreparePorts } from "./attempt/prepare.ts";

/** The queues that carry deliveries, each with a consumer of its own. `events` carries first attempts. */
export type Lane = "events" | "deliveries" | "slow" | "replays";

export interface DispatchPorts extends PreparePorts {
  readonly now: Clock;
  readonly random: Random;
  readonly sleep: (ms: number) => Promise<void>;
  readonly gate: Gate;
  readonly send: Sender;
  readonly log: Logger;
}

/** What one batch grants each of its destinations. */
export interface RunContext {
  readonly lane: Lane;
  readonly state: DestinationState | null;
  /** No send is started after this instant. */
  readonly deadline: number;
  readonly horizonMs: number;
  readonly holdMs: number;
  readonly ports: DispatchPorts;
}

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
  readonly lane: Exclude<Lane, "events">;
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
  readonly retime: readonly DestinationId[];
  readonly attempts: number;
}
