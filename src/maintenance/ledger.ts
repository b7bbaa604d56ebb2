// Checks the ledger, one piece at each sweep from the latest event back, and repairs what does not balance. Everything it finds is the result
// of a fault, so each repair is logged as an error with its ids.
import { MAX_LEDGER_REPAIRS } from "../config/record-limits.ts";
import type { Clock } from "../kernel/clock.ts";
import { HOUR_MS } from "../kernel/durations.ts";
import { eventTime, firstKeyAt, type DeliveryId, type EventId } from "../model/ids.ts";
import { describeError, type Logger } from "../telemetry/index.ts";
import { repairEvent, type RepairPorts } from "./repair-event.ts";

export interface LedgerPorts extends RepairPorts {
  readonly now: Clock;
  readonly log: Logger;
  readonly retentionMs: number;
  readonly readMark: () => Promise<number | null>;
  readonly writeMark: (at: number | null) => Promise<void>;
  /** The latest events between an instant and a key: those that differ, and deliveries without an event. */
  readonly piece: (
    from: number,
    to: string,
  ) => Promise<{
    readonly differing: readonly { readonly id: EventId }[];
    readonly lone: readonly { readonly id: DeliveryId; readonly is_final: 0 | 1 }[];
    readonly stoppedAt: EventId | null;
  }>;
  /** Makes waiting deliveries due that have no due time. */
  readonly freeStranded: () => Promise<readonly DeliveryId[]>;
  /** Gives back their rows to events that are in a segment. @returns the deliveries whose event is in none */
  readonly restoreEvents: (ids: readonly DeliveryId[]) => Promise<readonly DeliveryId[]>;
  readonly deadLetterOrphans: (ids: readonly DeliveryId[]) => Promise<void>;
}

/** @returns how many deliveries and events it has repaired */
export async function checkLedger(ports: LedgerPorts): Promise<number> {
  const stranded = await ports.freeStranded();
  if (stranded.length > 0) ports.log.error("stranded deliveries made due", { deliveries: stranded });
  const now = ports.now();
  // Retention may already have removed part of what is about to expire.
  const from = now - ports.retentionMs + HOUR_MS;
  const mark = await ports.readMark();
  const to = mark !== null && mark > from ? mark : now + HOUR_MS;
  const { differing, lone, stoppedAt } = await ports.piece(from, firstKeyAt("evt", to));
  const open = lone.filter(({ is_final }) => is_final === 0).map(({ id }) => id);
  if (open.length > 0) await repairOrphans(open, ports);
  const repaired: EventId[] = [];
  for (const { id } of differing.slice(0, MAX_LEDGER_REPAIRS)) if (await tryRepair(id, ports)) repaired.push(id);
  if (repaired.length > 0) ports.log.error("ledger repaired", { events: repaired });
  // After a full piece of repairs the same events are checked again: there may be more to repair among them.
  if (repaired.length < MAX_LEDGER_REPAIRS) await ports.writeMark(stoppedAt === null ? null : before(stoppedAt, to));
  return stranded.length + open.length + repaired.length;
}

async function repairOrphans(ids: readonly DeliveryId[], ports: LedgerPorts): Promise<void> {
  const lost = await ports.restoreEvents(ids);
  if (lost.length < ids.length) ports.log.error("events restored from their segments", { deliveries: ids });
  if (lost.length === 0) return;
  await ports.deadLetterOrphans(lost);
  ports.log.error("deliveries without an event recorded as dead", { deliveries: lost });
}

/** Events of the same millisecond are checked again, unless the piece held nothing else. */
const before = (id: EventId, to: number): number => Math.min(eventTime(id) + 1, to - 1);

async function tryRepair(id: EventId, ports: LedgerPorts): Promise<boolean> {
  try {
    return await repairEvent(id, ports);
  } catch (error) {
    ports.log.error("ledger not repaired", { event: id, error: describeError(error) });
    return false;
  }
}
