// The gate of a destination: pace, concurrency, circuit.
export { DestinationGate } from "./destination-gate.ts";
export { collectorClient, gateClient } from "./client.ts";
export { outageMs } from "./circuit.ts";
export { limitsOf } from "./limits-of.ts";
export type { Waiting } from "./collecting.ts";
export type {
  AcquireRequest,
  AcquireResponse,
  Collector,
  Gate,
  GateLimits,
  GateSnapshot,
  Grant,
  ReportRequest,
  RetimeRequest,
} from "./protocol.ts";
