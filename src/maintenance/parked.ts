// Watches over deliveries that are parked behind a circuit: releases those whose circuit has closed without that, and sends one as a probe where the
// time for it has passed and none was sent. So nothing depends on a message, on a gate's memory or on the deliveries that were to be probes.
import { PROBE_GRACE_MS, RELEASE_REPEAT_MS } from "../config/record-limits.ts";
import { releaseMessage } from "../delivery/index.ts";
import type { DestinationState } from "../model/destination-state.ts";
import type { DestinationId } from "../model/ids.ts";
import type { RescheduleMessage } from "../model/message.ts";
import { releaseMark } from "../model/parked.ts";
import { requeue, type OverduePorts } from "./requeue.ts";

export interface ParkedPorts extends Pick<OverduePorts, "slowDestinations" | "sendLater"> {
  readonly parkedDestinations: () => Promise<readonly DestinationId[]>;
  readonly states: () => Promise<ReadonlyMap<string, DestinationState>>;
  /** Makes one of its parked deliveries due. */
  readonly takeProbe: (destination: DestinationId) => Promise<Parameters<typeof requeue>[0]>;
  /** When deliveries of a destination were last released. Milliseconds since the epoch. */
  readonly readMark: (name: string) => Promise<number | null>;
  readonly writeMark: (name: string, at: number) => Promise<void>;
  readonly sendReschedule: (message: RescheduleMessage, delayMs: number) => Promise<void>;
}

/** Yields 1 for each destination for which something was done. */
export async function* watchParked(ports: ParkedPorts, now: number): AsyncGenerator<number> {
  const destinations = await ports.parkedDestinations();
  if (destinations.length === 0) return;
  const states = await ports.states();
  for (const id of destinations) {
    const state = states.get(id);
    const isClosed = state === undefined || state.circuit === "closed";
    yield Number(await (isClosed ? release(id, ports, now) : probe(id, state.open_until ?? now, ports, now)));
  }
}

async function release(id: DestinationId, ports: ParkedPorts, now: number): Promise<boolean> {
  const mark = releaseMark(id);
  // It is under way.
  if (((await ports.readMark(mark)) ?? 0) > now - RELEASE_REPEAT_MS) return false;
  await ports.sendReschedule(releaseMessage(id), 0);
  await ports.writeMark(mark, now);
  return true;
}

async function probe(id: DestinationId, openUntil: number, ports: ParkedPorts, now: number): Promise<boolean> {
  if (openUntil > now - PROBE_GRACE_MS) return false;
  const taken = await ports.takeProbe(id);
  await requeue(taken, ports);
  return taken.length > 0;
}
