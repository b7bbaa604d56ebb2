export { DestinationGate } from "./gate/destination-gate.ts";
