// Restores the deliveries of one event whose records are lost.
import { rebuild } from "../delivery/index.ts";
import type { Delivery } from "../model/delivery.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { DeliveryId, EventId, SourceId } from "../model/ids.ts";
import type { RouteDocument } from "../model/route.ts";

export interface RepairPorts {
  /** Null for an event that is no longer on record. `deliveries` are the ids of all its deliveries, replays included. */
  readonly readEvent: (id: EventId) => Promise<{
    readonly event: SluiceEvent;
    /** Deliveries that the event made. */
    readonly matched: number;
    /** How many of those are on record. */
    readonly found: number;
    readonly deliveries: ReadonlySet<DeliveryId>;
  } | null>;
  /** The source's routes as configured now; undefined once it is deleted. Must not come from a cache, which cannot tell the two apart. */
  readonly configuredRoutes: (source: SourceId) => Promise<RouteDocument | undefined>;
  /** Records the lost deliveries, then the placeholder if there are still too few. */
  readonly settleEvent: (id: EventId, lost: readonly Delivery[], placeholder: Delivery) => Promise<void>;
  /** What matching the event again takes. */
  readonly matching: Parameters<typeof rebuild>[4];
}

/** False when the event cannot be repaired now: it is gone, or its body cannot be read. */
export async function repairEvent(id: EventId, ports: RepairPorts): Promise<boolean> {
  const read = await ports.readEvent(id);
  if (read === null) return false;
  const { event, matched, found, deliveries } = read;
  const document = event.source_id === null ? undefined : await ports.configuredRoutes(event.source_id);
  const rebuilt = await rebuild(event, deliveries, matched - found, document, ports.matching);
  if (rebuilt === null) return false;
  await ports.settleEvent(id, rebuilt.lost, rebuilt.placeholder);
  return true;
}
