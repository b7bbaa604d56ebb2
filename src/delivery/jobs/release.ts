// Gives times to deliveries that were parked behind an open circuit, once it has closed: at the destination's pace, without one as fast as consumers
// can follow. Works in pieces: a message continues with the rest. If one is lost, the sweep sends another.
import { RESCHEDULE_CHUNK_ROWS, RESCHEDULE_CHUNKS } from "../../config/record-limits.ts";
import { batchOf } from "../../model/destination.ts";
import type { DestinationId } from "../../model/ids.ts";
import type { RescheduleMessage } from "../../model/message.ts";
import { limitsOf } from "../../gate/index.ts";
import type { WaitingPage } from "../types.ts";
import { moveTo, type ReschedulePorts } from "./reschedule.ts";

export interface ReleasePorts extends Omit<ReschedulePorts, "waitingPage"> {
  /** The first of a destination's parked deliveries. */
  readonly parkedPage: (destination: DestinationId, limit: number) => Promise<WaitingPage>;
  /** Tells the sweep that these are being released. */
  readonly noteRelease: (destination: DestinationId) => Promise<void>;
}

export const releaseMessage = (destination_id: DestinationId): RescheduleMessage => ({
  v: 1,
  kind: "retime",
  destination_id,
  from: null,
  round: 0,
  modest: false,
  parked: true,
});

/** @returns how many deliveries have a time; none while the circuit is not closed */
export async function release(message: RescheduleMessage, ports: ReleasePorts): Promise<number> {
  const { destination_id: id } = message;
  let released = 0;
  for (let chunk = 0; chunk < RESCHEDULE_CHUNKS; chunk++) {
    const page = await ports.parkedPage(id, RESCHEDULE_CHUNK_ROWS);
    if (page.destination === null || page.waiting.length === 0) return released;
    if (chunk === 0) await ports.noteRelease(id);
    // Deliveries that share a request share one time.
    const size = batchOf(page.destination)?.max_events ?? 1;
    const asked = page.waiting.filter((_, index) => index % size === 0).map(({ at }) => at);
    const limits = limitsOf(page.destination);
    const times = await ports.gate.reschedule(id, {
      limits,
      restart: false,
      least_gain: 0,
      waiting: asked,
      parked: true,
    });
    const moved = await moveTo(
      page,
      page.waiting.map((_, index) => times[Math.floor(index / size)] ?? null),
      ports,
    );
    if (moved === 0) return released;
    released += moved;
  }
  await ports.sendReschedule(message, 0);
  return released;
}
