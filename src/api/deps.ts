// What the management API needs of the world.
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

export interface Backlog {
  readonly name: string;
  /** Nulls where the platform does not tell. */
  readonly backlog_count: number | null;
  readonly backlog_bytes: number | null;
  /** When the oldest message was put in. Milliseconds since the epoch; null also for an empty queue. */
  readonly oldest_at: number | null;
}

export interface ApiDeps extends Omit<ManagementPorts, "actor" | "urls"> {
  /** Whom the dashboard vouches for, by the very request object: nothing that comes over the network can be one. */
  readonly vouchedFor: (request: Request) => Principal | null;
  /** Looks the host names of URLs up; null trusts them. */
  readonly resolve: UrlPorts["resolve"];
  readonly bodies: R2Bucket;
  readonly settings: Settings;
  /** What a provider said in its handshake and wants to be told by its user; null when nothing came lately. */
  readonly learnedSecret: (sourceId: string) => Promise<string | null>;
  /** Puts the first step of a bulk replay into its queue. */
  readonly startReplay: (id: ReplayId) => Promise<void>;
  readonly enqueue: (ids: readonly DeliveryId[], lane: "deliveries" | "replays") => Promise<void>;
  readonly mintEventId: (now: number) => Promise<EventId>;
  /** The event id that always belongs to the same 23 digits. */
  readonly completeEventId: (digits: string) => Promise<EventId>;
  /** True once the event is durable; ingest's own way of keeping [G1]. */
  readonly persistEvent: (event: SluiceEvent, sourceSlug: string | null) => Promise<boolean>;
  readonly provesEventId: (id: string) => Promise<boolean>;
  /** One for each queue. */
  readonly backlogs: () => Promise<readonly Backlog[]>;
  /** Tells one notice of an alert now: the answer's status, or why nobody was told. */
  readonly notifyAlert: (alert: Alert, notice: Notice) => Promise<Result<number, string>>;
  readonly inspectGate: (destination: Destination) => Promise<GateSnapshot>;
}

/** The `Idempotency-Key` that a request holds. `since` is when it was first sent, milliseconds since the epoch. */
interface HeldKey {
  readonly key: string;
  readonly since: number;
}

export type ApiEnv = {
  Variables: {
    requestId: string;
    /** Whom authentication has found behind the request. */
    principal: Principal;
    idempotency?: HeldKey;
    /** Set when the answer holds a secret that is shown this once. */
    confidential?: true;
  };
};
