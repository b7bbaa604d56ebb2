// Puts waiting deliveries into the queue of their lane, except for those that are parked. A lost message does no harm: the row has the time of the
// next attempt, and the sweep requeues what is overdue.
import { isParked } from "../../model/parked.ts";
import { joinBatches } from "../batch/collect.ts";
import { releaseMessage } from "../jobs/release.ts";
import { rescheduleMessage } from "../jobs/reschedule.ts";
import type { Dispatched, Settled } from "../types.ts";
import { laterMessage } from "../outcome/later-message.ts";
import type { ConsumerPorts } from "../ports.ts";
import { describeError } from "../../telemetry/index.ts";

type Later = Pick<ConsumerPorts, "sendLater" | "sendFlush" | "collector" | "now" | "log">;

export async function enqueue(waiting: readonly Settled[], ports: Later): Promise<void> {
  const open = waiting.filter(({ delivery }) => delivery.next_attempt_at !== null && !isParked(delivery));
  const alone = [...(await joinBatches(open, ports)), ...open.filter(({ collecting }) => collecting == null)];
  const now = ports.now();
  const messages = alone.map(({ delivery, lane }) => laterMessage(delivery, lane, now));
  if (messages.length === 0) return;
  try {
    await ports.sendLater(messages);
  } catch (error) {
    ports.log.error("queue refused deliveries; the sweep requeues them", {
      count: messages.length,
      error: describeError(error),
    });
  }
}

/** Sends messages that give new times to what waits for these destinations. If one is lost, the sweep releases what is parked; other times stay. */
export async function askForTimes(
  { reschedule, release }: Pick<Dispatched, "reschedule" | "release">,
  ports: Pick<ConsumerPorts, "sendReschedule" | "log">,
): Promise<void> {
  const messages = [...release.map((id) => releaseMessage(id)), ...reschedule.map((id) => rescheduleMessage(id, true))];
  for (const message of messages) {
    try {
      await ports.sendReschedule(message, 0);
    } catch (error) {
      const { destination_id: destination } = message;
      ports.log.error("queue refused a reschedule", { destination, error: describeError(error) });
    }
  }
}
