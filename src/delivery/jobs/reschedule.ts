// Gives new times to deliveries whose times were set by earlier limits, or by a circuit that has closed since. Works in pieces: a
// message continues with the rest. Never makes a delivery later: such deliveries arrive as planned and the gate defers them.
import {
  RESCHEDULE_CHUNK_ROWS,
  RESCHEDULE_CHUNKS,
  RESCHEDULE_MARGIN_MS,
  RESCHEDULE_AGAIN_MS,
} from "../../config/record-limits.ts";
import type { Clock } from "../../kernel/clock.ts";
import { batchOf } from "../../model/destination.ts";
import type { DeliveryId, DestinationId } from "../../model/ids.ts";
import type { RescheduleMessage } from "../../model/message.ts";
import { joinBatches, type CollectPorts, type Joining } from "../batch/collect.ts";
import { laterMessage } from "../outcome/later-message.ts";
import type { LaterMessage, WaitingPage, NewTime } from "../types.ts";
import { limitsOf, type Gate } from "../../gate/index.ts";

export interface ReschedulePorts extends CollectPorts {
  readonly now: Clock;
  readonly gate: Pick<Gate, "reschedule">;
  readonly waitingPage: (destination: DestinationId, from: number, limit: number) => Promise<WaitingPage>;
  readonly moveWaiting: (times: readonly NewTime[]) => Promise<readonly DeliveryId[]>;
  readonly sendLater: (messages: readonly LaterMessage[]) => Promise<void>;
  readonly sendReschedule: (message: RescheduleMessage, delayMs: number) => Promise<void>;
}

/** The share of its wait that a delivery must gain if no limit was changed: a fluctuating pace must not move the whole backlog each time. */
const MODEST_GAIN = 1 / 8;

/** The first message of a series. @param modest no limit was changed: move only deliveries that gain much */
export const rescheduleMessage = (destination_id: DestinationId, modest = false): RescheduleMessage => ({
  v: 1,
  kind: "retime",
  destination_id,
  from: null,
  round: 0,
  modest,
});

/**
 * Processes some pieces and sends a message for the rest. A second round follows some seconds later, for deliveries that a consumer
 * was processing meanwhile and deferred by the former limits.
 * @returns how many deliveries have a new time
 */
export async function reschedule(message: RescheduleMessage, ports: ReschedulePorts): Promise<number> {
  let from = message.from;
  let moved = 0;
  for (let chunk = 0; chunk < RESCHEDULE_CHUNKS; chunk++) {
    const now = ports.now();
    const page = await ports.waitingPage(
      message.destination_id,
      from ?? now + RESCHEDULE_MARGIN_MS,
      RESCHEDULE_CHUNK_ROWS,
    );
    if (page.destination === null) return moved;
    // Even if nothing waits: reserved slots that are no longer needed end here.
    if (page.waiting.length > 0 || (from === null && message.round === 0)) {
      // Deliveries that wait for the same instant share a request, and so one time.
      const together = batchOf(page.destination) !== null;
      const instants = page.waiting.map(({ at }) => at);
      const asked = together ? [...new Set(instants)] : instants;
      const answered = await ports.gate.reschedule(message.destination_id, {
        limits: limitsOf(page.destination),
        restart: from === null && message.round === 0,
        least_gain: message.modest ? MODEST_GAIN : 0,
        waiting: asked,
      });
      const byInstant = new Map(asked.map((at, index) => [at, answered[index] ?? null]));
      const times = together ? instants.map((at) => byInstant.get(at) ?? null) : answered;
      const gained = await moveTo(page, times, ports);
      moved += gained;
      // Later ones gain even less.
      if (message.modest && gained === 0) return moved;
    }
    from = page.next;
    if (from === null) break;
  }
  if (from !== null) await ports.sendReschedule({ ...message, from }, 0);
  else if (message.round === 0 && !message.modest)
    await ports.sendReschedule({ ...message, from: null, round: 1 }, RESCHEDULE_AGAIN_MS);
  return moved;
}

/** @param times one for each that waits, or null if it keeps its own @returns how many have a new time */
export async function moveTo(
  page: WaitingPage,
  times: readonly (number | null)[],
  ports: Omit<ReschedulePorts, "waitingPage" | "gate" | "sendReschedule">,
): Promise<number> {
  const wanted = page.waiting.flatMap((one, index) => {
    const at = times[index] ?? null;
    return at === null ? [] : [{ ...one, was: one.at, at }];
  });
  if (wanted.length === 0) return 0;
  const done = new Set(await ports.moveWaiting(wanted.map(({ id, was, at }) => ({ id, was, at }))));
  const moved = wanted
    .filter(({ id }) => done.has(id))
    .map(({ id, at, replay_id, bytes }) => joining(page, id, at, replay_id, bytes));
  const now = ports.now();
  const alone = [...(await joinBatches(moved, ports)), ...moved.filter(({ collecting }) => collecting === null)];
  if (alone.length > 0) await ports.sendLater(alone.map(({ delivery, lane }) => laterMessage(delivery, lane, now)));
  return done.size;
}

function joining(
  { destination, slow }: WaitingPage,
  id: DeliveryId,
  at: number,
  replayId: string | null,
  bytes: number,
): Joining {
  const batch = replayId === null && destination !== null ? batchOf(destination) : null;
  return {
    delivery: { id, destination_id: destination?.id ?? null, next_attempt_at: at, deferred_by: "pace" },
    lane: replayId !== null ? "replays" : slow ? "slow" : "deliveries",
    collecting: batch === null ? null : { max_events: batch.max_events, max_bytes: batch.max_bytes, bytes },
  };
}
