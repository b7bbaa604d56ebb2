// What the management API needs of the world.
import type { Settings } from "../config/env.ts";
import type { GateSnapshot } from "../gate/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Destination } from "../model/destination.ts";
import type { DeliveryId } from "../model/ids.ts";
import type { Vault } from "../signing/index.ts";
import type { Logger } from "../telemetry/index.ts";

export interface ApiDeps {
  readonly db: D1Database;
  readonly bodies: R2Bucket;
  readonly settings: Settings;
  readonly now: Clock;
  readonly log: Logger;
  readonly vault: Vault;
  /** Puts changed route documents where ingest looks for them. What fails here the sweep makes good. */
  readonly publish: (sourceIds: readonly string[], removedSlugs: readonly string[]) => Promise<void>;
  /** Brings a first chunk of held deliveries back; the sweep brings the rest. */
  readonly release: (of: { destination_id?: string; connection_id?: string }) => Promise<void>;
  readonly enqueue: (ids: readonly DeliveryId[], lane: "deliveries" | "replays") => Promise<void>;
  readonly provesEventId: (id: string) => Promise<boolean>;
  readonly inspectGate: (destination: Destination) => Promise<GateSnapshot>;
}

export type ApiEnv = { Variables: { requestId: string } };
