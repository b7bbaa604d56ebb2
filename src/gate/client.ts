// The gate as consumers call it: one Durable Object per destination, by its id.
import type { DestinationGate } from "./destination-gate.ts";
import type { Gate } from "./protocol.ts";

/** Calls throw when the object cannot be reached or is overloaded. */
export function gateClient(namespace: DurableObjectNamespace<DestinationGate>): Gate {
  return {
    acquire: async (destinationId, request) => namespace.getByName(destinationId).acquire(request),
    report: async (destinationId, request) => namespace.getByName(destinationId).report(request),
    inspect: async (destinationId, limits) => namespace.getByName(destinationId).inspect(limits),
    retime: async (destinationId, request) => namespace.getByName(destinationId).retime(request),
  };
}
