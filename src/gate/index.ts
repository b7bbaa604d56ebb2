// The gate of a destination: pace, concurrency, circuit.
export { DestinationGate } from "./destination-gate.ts";
export { gateClient } from "./client.ts";
export type {
  AcquireRequest,
  AcquireResponse,
  Gate,
  GateLimits,
  GateSnapshot,
  Grant,
  ReportRequest,
} from "./protocol.ts";
