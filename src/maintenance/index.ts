// Keeps what has no other owner moving.
export { OUTBOX_CHUNK, requeue, sweep, type SweepPorts } from "./sweep.ts";
