// Puts the tables behind what checking the ledger needs. Wiring only.
import { LEDGER_PIECE_EVENTS } from "../../config/record-limits.ts";
import type { ConsumerPorts } from "../../delivery/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { LedgerPorts } from "../../maintenance/index.ts";
import { readDocument } from "../../model/route.ts";
import type { Reader } from "../../record/index.ts";
import * as store from "../../store/index.ts";

export const ledgerPorts = (
  db: D1Database,
  now: Clock,
  { readBody, log }: Pick<ConsumerPorts, "readBody" | "log">,
  reader: Pick<Reader, "contents">,
): Omit<LedgerPorts, "now" | "log" | "retentionMs"> => ({
  readMark: () => store.readLedgerMark(db),
  writeMark: (at) => store.writeLedgerMark(db, at),
  piece: (from, to) => store.ledgerPiece(db, from, to, LEDGER_PIECE_EVENTS),
  freeStranded: () => store.freeStranded(db, now()),
  deadLetterOrphans: (ids) => store.deadLetterOrphans(db, ids, now()),
  restoreEvents: (ids) => store.restoreEvents(db, ids),
  readEvent: async (id) => {
    const read = await store.readForRepair(db, id);
    if (read?.place == null) return read;
    const content = (await reader.contents(new Map([[id, read.place]]))).get(id);
    return content?.ok === true ? { ...read, event: { ...read.event, ...content.value } } : null;
  },
  configuredRoutes: async (source) => {
    const [document] = await store.compileRoutes(db, { ids: [source] });
    return document === undefined ? undefined : readDocument(document);
  },
  settleEvent: (id, lost, placeholder) => store.settleEvent(db, id, lost, placeholder),
  matching: { readBody, log, now },
});
