// Keeps what has no other owner moving.
export type { LedgerPorts } from "./ledger.ts";
export { releaseHeld, sweep, type SweepPorts } from "./sweep.ts";
export { resealer, resealWhenDue } from "./reseal.ts";
