// Keeps moving what has no other owner.
export type { LedgerPorts } from "./ledger.ts";
export { sweep, type SweepPorts } from "./sweep.ts";
export { releaseFirst } from "./requeue.ts";
export { resealer, resealWhenDue } from "./reseal.ts";
