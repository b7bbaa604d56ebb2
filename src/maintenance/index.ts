// Keeps what has no other owner moving.
export type { BookPorts } from "./books.ts";
export { OUTBOX_CHUNK, requeue, sweep, type SweepPorts } from "./sweep.ts";
