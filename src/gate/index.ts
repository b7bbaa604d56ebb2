// The gate of a destination: pace, concurrency, circuit.
export { collectorClient, gateClient } from "./client.ts";
export { outageMs } from "./circuit.ts";
export { limitsOf } from "./limits-of.ts";
export type { Waiting, BatchLimits } from "./collecting.ts";
export type {
  AcquireRequest,
  AcquireResponse,
  Collector,
  Gate,
  GateLimits,
  GateSnapshot,
  Grant,
  ReportRequest,
} from "./protocol.ts";
export { IDLE, type PaceState, afterSend, nextActual, buildPace, settle, type Pace } from "./gcra.ts";
