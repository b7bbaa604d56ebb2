// Ports of the management API.
import type { ManagementPorts } from "../management/index.ts";
import type { Settings } from "../config/env.ts";
import type { GateSnapshot } from "../gate/index.ts";
import type { Result } from "../kernel/result.ts";
import type { Alert, Notice } from "../model/alert.ts";
import type { Destination } from "../model/destination.ts";
import type { Principal } from "../model/token.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { DeliveryId, EventId, ReplayId } from "../model/ids.ts";
import type { UrlPorts } from "../outbound/index.ts";
import type { Reader } from "../record/index.ts";

export interface Backlog {
  readonly name: string;
  /** Null where the platform does not report it. */
  readonly backlog_count: number | null;
  readonly backlog_bytes: number | null;
  /** When the oldest message was sent. Milliseconds since the epoch; null also for an empty queue. */
  readonly oldest_at: number | null;
}

export interface ApiDeps extends Omit<ManagementPorts, "actor" | "urls"> {
  /** The principal that the dashboard attached to this request object. No request from the network has one. */
  readonly vouchedFor: (request: Request) => Principal | null;
  /** Counts an attempt to guess a token; false when an address has made too many within the minute. */
  readonly mayTry: (address: string) => Promise<boolean>;
  /** Looks up the host names of URLs; null trusts them. */
  readonly resolve: UrlPorts["resolve"];
  readonly bodies: R2Bucket;
  /** Of a published event: without a bucket it has to fit into a message. */
  readonly mostBodyBytes: number;
  /** Those of the record; the first one is `db`. */
  readonly databases: () => readonly D1Database[];
  /** That of an event or delivery. */
  readonly databaseOf: (id: string) => D1Database;
  readonly record: Reader;
  readonly settings: Settings;
  /** The secret from the provider's latest handshake; null when there was none within the hour. */
  readonly learnedSecret: (sourceId: string) => Promise<string | null>;
  /** Sends the first message of a bulk replay to its queue. */
  readonly startReplay: (id: ReplayId) => Promise<void>;
  readonly enqueue: (ids: readonly DeliveryId[], lane: "deliveries" | "replays") => Promise<void>;
  readonly mintEventId: (now: number) => Promise<EventId>;
  /** The event id that these 23 digits begin; the same digits always give the same id. */
  readonly completeEventId: (digits: string) => Promise<EventId>;
  /** True once the event is durable. The same function as ingest uses [G1]. False while nothing may be recorded [G13]. */
  readonly persistEvent: (event: SluiceEvent, sourceSlug: string | null) => Promise<boolean>;
  /** Takes a request to a source in, like one from outside. */
  readonly receive: (request: Request, requestId: string) => Promise<Response>;
  readonly provesEventId: (id: string) => Promise<boolean>;
  /** One entry for each queue. */
  readonly backlogs: () => Promise<readonly Backlog[]>;
  /** Sends one notice of an alert now: the response status, or why it could not be sent. */
  readonly notifyAlert: (alert: Alert, notice: Notice) => Promise<Result<number, string>>;
  /** Connects a listener to a destination: the answer to its upgrade; 409 if there are too many. */
  readonly listen: (destinationId: string) => Promise<Response>;
  /** How many listeners are connected. Throws if that cannot be found out. */
  readonly countListeners: (destinationId: string) => Promise<number>;
  /** Accepts the WebSocket of a client that wants to know when something changes; 503 if there are too many. */
  readonly watch: (request: Request) => Promise<Response>;
  readonly inspectGate: (destination: Destination) => Promise<GateSnapshot>;
}

/** The `Idempotency-Key` that a request holds. `since` is when it was first sent, milliseconds since the epoch. */
interface HeldKey {
  /** The key with the token, path and query that it belongs to. */
  readonly scope: string;
  readonly since: number;
}

export type ApiEnv = {
  Variables: {
    requestId: string;
    /** Who makes the request, as authentication found. */
    principal: Principal;
    idempotency?: HeldKey;
    /** Set when the answer holds a secret that is shown only once. */
    confidential?: true;
    /** Set when the answer is a plan: nothing was changed, so no idempotency key keeps it. */
    isPlan?: true;
  };
};
