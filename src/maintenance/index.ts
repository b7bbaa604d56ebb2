// Keeps what has no other owner moving.
export type { LedgerPorts } from "./ledger.ts";
export { OUTBOX_CHUNK, requeue, sweep, type SweepPorts } from "./sweep.ts";
export { resealer } from "./reseal.ts";
