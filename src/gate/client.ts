// Calls a destination's gate: one Durable Object per destination, found by its id.
import type { DestinationGate } from "./destination-gate.ts";
import type { Collector, Gate } from "./protocol.ts";

/** Calls throw if the object is unreachable or overloaded. */
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
