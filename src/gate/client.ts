// The gate as consumers call it: one Durable Object per destination, by its id.
import type { DestinationGate } from "./destination-gate.ts";
import type { Collector, Gate } from "./protocol.ts";

/** Calls throw when the object cannot be reached or is overloaded. */
export function gateClient(namespace: DurableObjectNamespace<DestinationGate>): Gate {
  return {
    acquire: async (destinationId, request) => namespace.getByName(destinationId).acquire(request),
    report: async (destinationId, request) => namespace.getByName(destinationId).report(request),
    inspect: async (destinationId, limits) => namespace.getByName(destinationId).inspect(limits),
    reschedule: async (destinationId, request) => namespace.getByName(destinationId).reschedule(request),
  };
}

export function collectorClient(namespace: DurableObjectNamespace<DestinationGate>): Collector {
  return {
    collect: async (destinationId, waiting, limits) => namespace.getByName(destinationId).collect(waiting, limits),
    take: async (destinationId, limits) => namespace.getByName(destinationId).take(limits),
  };
}
