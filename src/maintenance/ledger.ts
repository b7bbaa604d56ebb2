// Goes through the books, a piece at each sweep from the latest event back, and repairs what differs. Everything it finds is a fault somewhere, so
// each repair is logged as an error with its ids.
import type { Clock } from "../kernel/clock.ts";
import { HOUR_MS } from "../kernel/durations.ts";
import { eventTime, firstKeyAt, type DeliveryId, type EventId } from "../model/ids.ts";
import { describeError, type Logger } from "../telemetry/index.ts";

export interface LedgerPorts {
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
  /** Deliveries that waited for nothing, made due. */
  readonly freeStranded: () => Promise<readonly DeliveryId[]>;
  readonly deadLetterOrphans: (ids: readonly DeliveryId[]) => Promise<void>;
  /** False when it cannot be repaired now. */
  readonly repairEvent: (id: EventId) => Promise<boolean>;
}

/** Events repaired at one sweep: each may read a body and its routes. */
const MAX_REPAIRS = 50;

/** @returns how much it has repaired */
export async function checkLedger(ports: LedgerPorts): Promise<number> {
  const stranded = await ports.freeStranded();
  if (stranded.length > 0) ports.log.error("stranded deliveries made due", { deliveries: stranded });
  const now = ports.now();
  // What is about to be pruned is no longer whole.
  const from = now - ports.retentionMs + HOUR_MS;
  const mark = await ports.readMark();
  const to = mark !== null && mark > from ? mark : now + HOUR_MS;
  const { differing, lone, stoppedAt } = await ports.piece(from, firstKeyAt("evt", to));
  const open = lone.filter(({ is_final }) => is_final === 0).map(({ id }) => id);
  if (open.length > 0) {
    await ports.deadLetterOrphans(open);
    ports.log.error("deliveries without an event recorded as dead", { deliveries: open });
  }
  const repaired: EventId[] = [];
  for (const { id } of differing.slice(0, MAX_REPAIRS)) if (await tryRepair(id, ports)) repaired.push(id);
  if (repaired.length > 0) ports.log.error("ledger repaired", { events: repaired });
  // Where there may be more to repair in this piece, it is gone through again.
  if (repaired.length < MAX_REPAIRS) await ports.writeMark(stoppedAt === null ? null : before(stoppedAt, to));
  return stranded.length + open.length + repaired.length;
}

/** Events of the same millisecond are gone through again, unless they are all that there was. */
const before = (id: EventId, to: number): number => Math.min(eventTime(id) + 1, to - 1);

async function tryRepair(id: EventId, { repairEvent, log }: LedgerPorts): Promise<boolean> {
  try {
    return await repairEvent(id);
  } catch (error) {
    log.error("ledger not repaired", { event: id, error: describeError(error) });
    return false;
  }
}
