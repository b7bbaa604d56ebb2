// The sweep: requeues overdue deliveries, drains the outbox, removes expired records, repairs the ledger.
export type { LedgerPorts } from "./ledger.ts";
export { sweep, type DatabasePorts, type SweepPorts } from "./sweep.ts";
export { watchParked, type ParkedPorts } from "./parked.ts";
export { sendPending, type PendingPorts } from "./pending.ts";
export { releaseFirst } from "./requeue.ts";
export { resealer, resealWhenDue } from "./reseal.ts";
