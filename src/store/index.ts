// The only room that knows drizzle and D1.
export { cancelPiece } from "./cancel.ts";
export {
  alertFromRow,
  listAlerts,
  moveAlert,
  deleteAlert,
  findAlert,
  insertAlert,
  replaceAlertSpec,
  type AlertRow,
} from "./alerts.ts";
export { pruneAudit } from "./audit.ts";
export { deadAmong } from "./records.ts";
export { copyConfig, refreshCopy } from "./config-copy.ts";
export { readMark, writeMark } from "./marks.ts";
export { missingFromSchema } from "./schema-check.ts";
export { parkedDestinations, parkedPage, takeProbe } from "./parked.ts";
export { putResealed, SEALED_KINDS, sealedByOthers, secretsByKey, type SealedRecord } from "./sealed.ts";
export { takeDue } from "./due.ts";
export { noteStart } from "./interruptions.ts";
export { pruneCounters, rollUp } from "./counter-rollup.ts";
export { ledgerPiece, strandedDeliveries, type LedgerPiece } from "./ledger.ts";
export {
  deadLetterOrphans,
  freeStranded,
  readForRepair,
  readLedgerMark,
  restoreEvents,
  settleEvent,
  writeLedgerMark,
} from "./ledger-repair.ts";
export {
  deleteFromOutbox,
  forgetInR2,
  journalInD1,
  journalInR2,
  listR2Outbox,
  putBackOutbox,
  readR2Entry,
  takeOutbox,
} from "./outbox.ts";
export { recordTables } from "./record-batch.ts";
export { addRejections, pruneRejections, readRejections } from "./rejections.ts";
export { withRetries } from "./retries.ts";
export {
  compileRoutes,
  readRoutes,
  markPublished,
  readBatchContext,
  statesById,
  statesStatement,
  unpublishedSources,
  readConnection,
  readDestination,
} from "./routes.ts";
export { releasableDestinations, takeOverdue, takeReleased } from "./requeue.ts";
export {
  databaseBytes,
  namedEvents,
  namedPayloads,
  oldestSegmentAt,
  pruneDeliveries,
  pruneEvents,
  pruneKeys,
  pruneSegments,
  shedChunk,
} from "./retention.ts";
export { pruneReplays, putOff, readRun, stalledReplays, stillWaits } from "./replays.ts";
export {
  cancelWholeReplay,
  insertWholeReplay,
  listWholeReplays,
  planWhole,
  type WholePlan,
  readWholeReplay,
} from "./replays-over-databases.ts";
export { candidates, planReplay, takePiece, type Plan } from "./replay-pieces.ts";
export { keyRange as replayRange } from "./replay-filter.ts";
export { ignoredOfRun, ignoredRecords, takeIgnored } from "./replay-ignored.ts";
export { readWatch, endWatch, keepWatch } from "./watch.ts";
export { moveWaiting, waitingPage } from "./waiting.ts";
export { deadByCause, decideIssue, readIssues } from "./issues.ts";
export { closeIssues, pruneIssues } from "./issue-ends.ts";
export { learnSecret } from "./learned-secrets.ts";
export {
  findConfig,
  readSlugs,
  slugsAhead,
  type ConfigFilter,
  type Kind,
  affectedSources,
  deleteConfig,
  insertConfig,
  insertConnection,
  isSlugConflict,
  listConfig,
  replaceSpec,
  updateConfig,
  type RecordOf,
  takenSlugs,
  type ConnectionRecord,
  type DestinationRecord,
  type SourceRecord,
  CONFIG_KINDS,
} from "./config-store.ts";
export { endSession, hasEnded } from "./ended-sessions.ts";
export { markUsed, tokenByHash, deleteToken, findToken, insertToken, listTokens, type TokenRow } from "./tokens.ts";
export { cancelDelivery, findDelivery, insertDeliveries, makeDue } from "./lists.ts";
export { claimKey, keepAnswer, releaseKey, yieldKey } from "./idempotency.ts";
export { withHealth } from "./alert-health.ts";
export {
  judgeKnown,
  readKnown,
  readSourceStates,
  recentOf,
  type KnownDestinations,
  type SourceState,
} from "./health.ts";
export type { Measures } from "./measures.ts";
export {
  countAllDead,
  listAllAudit,
  nextDueOfAll,
  countAllWaiting,
  oldestOfAll,
  readAllCounts,
  readAllForAlerts,
  readAllMeasures,
  readBacklogs,
} from "./over-databases.ts";
export { GROUPS, type SettledSums } from "./stats.ts";
export {
  applySnapshot,
  type KindChange,
  type NewRow,
  type Snapshot,
  fingerprint,
  readSnapshot,
} from "./config-snapshot.ts";
