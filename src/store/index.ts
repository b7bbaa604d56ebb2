// The only room that knows drizzle and D1.
export { cancelPiece } from "./cancel.ts";
export { readForAlerts } from "./alert-readings.ts";
export { alertFromRow, listAlerts, moveAlert } from "./alerts.ts";
export { pruneAudit } from "./audit.ts";
export { deadAmong } from "./records.ts";
export { putResealed, SEALED_KINDS, sealedByOthers, secretsByKey } from "./sealed.ts";
export { buryDue, takeDue } from "./due.ts";
export { pruneCounters, rollUp } from "./counter-rollup.ts";
export { ledgerPiece } from "./ledger.ts";
export {
  buryLone,
  freeStranded,
  readForRepair,
  readLedgerMark,
  settleEvent,
  writeLedgerMark,
} from "./ledger-repair.ts";
export { forgetInR2, journalInD1, journalInR2, listR2Outbox, takeOutbox, type OutboxEntry } from "./outbox.ts";
export { write } from "./records.ts";
export { addRejections, pruneRejections } from "./rejections.ts";
export { withRetries } from "./retries.ts";
export {
  compileRoutes,
  markPublished,
  readBatchContext,
  renewDocument,
  statesById,
  statesStatement,
  unpublishedSources,
} from "./routes.ts";
export { prune, pruneIdempotencyKeys, takeOverdue, takeReleased } from "./upkeep.ts";
export { candidates, pruneReplays, putOff, readRun, stalledReplays, stillWaits, takePiece } from "./replays.ts";
export { readWatch } from "./watch.ts";
export { moveWaiting, waitingPage } from "./waiting.ts";
export { learnSecret } from "./learned-secrets.ts";
