// Puts the tables behind what going through the books needs. Wiring only.
import { LEDGER_PIECE_EVENTS } from "../../config/limits.ts";
import { rebuild, type ConsumerPorts } from "../../delivery/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { LedgerPorts } from "../../maintenance/index.ts";
import * as store from "../../store/index.ts";

export const ledgerPorts = (
  db: D1Database,
  now: Clock,
  ports: Pick<ConsumerPorts, "readBody" | "log">,
): Omit<LedgerPorts, "now" | "log" | "retentionMs"> => ({
  readMark: () => store.readLedgerMark(db),
  writeMark: (at) => store.writeLedgerMark(db, at),
  piece: (from, to) => store.ledgerPiece(db, from, to, LEDGER_PIECE_EVENTS),
  freeStranded: () => store.freeStranded(db, now()),
  deadLetterOrphans: (ids) => store.deadLetterOrphans(db, ids, now()),
  repairEvent: async (id) => {
    const read = await store.readForRepair(db, id);
    if (read === null) return false;
    const { event, matched, found, deliveries } = read;
    // Straight from the configuration: a deleted source must not be taken for one that cannot be read.
    const [document] = event.source_id === null ? [] : await store.compileRoutes(db, { ids: [event.source_id] });
    const rebuilt = await rebuild(event, deliveries, matched - found, document, { ...ports, now });
    if (rebuilt === null) return false;
    await store.settleEvent(db, id, rebuilt.lost, rebuilt.placeholder);
    return true;
  },
});
