// Ports of the verbs on configuration.
import type { Clock } from "../kernel/clock.ts";
import type { DestinationId } from "../model/ids.ts";
import type { UrlPorts } from "../outbound/index.ts";
import type { Vault } from "../signing/index.ts";
import type { Logger } from "../telemetry/index.ts";

/** Who changes it. */
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly request_id: string;
}

export interface ManagementPorts {
  readonly actor: Actor;
  readonly db: D1Database;
  readonly now: Clock;
  readonly log: Logger;
  readonly vault: Vault;
  /** The rules for URLs that are configured. */
  readonly urls: UrlPorts;
  /** The secrets that sign callbacks; none when the deployment has no key for them. */
  readonly callbackSecrets: () => Promise<readonly string[]>;
  /** Whether the Worker has an mTLS certificate binding of this name. */
  readonly hasCertificate: (name: string) => boolean;
  /** Whether the Worker has a producer binding of this name for a queue that is not one of Sluice's own. */
  readonly hasQueue: (name: string) => boolean;
  /** Writes changed route documents where ingest reads them. */
  readonly publish: (sourceIds: readonly string[], removedSlugs: readonly string[]) => Promise<void>;
  /** Returns held deliveries to their queue: a first part at once, the sweep takes the rest. */
  readonly release: (of: { destination_id?: string; connection_id?: string }) => Promise<void>;
  /** Gives new times to deliveries that wait for a destination: a first part at once, the rest through the queue. */
  readonly reschedule: (destination: DestinationId) => Promise<void>;
  /** Cancels deliveries that wait for a deleted record: a first part at once, the rest through the queue. */
  readonly cancelWaiting: (of: "source" | "destination" | "connection", id: string) => Promise<void>;
}
