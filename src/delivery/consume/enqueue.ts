// Puts waiting deliveries into the queue of their lane. A lost message does no harm: the row has the time of the next attempt, and the
// sweep requeues what is overdue.
import type { DestinationId } from "../../model/ids.ts";
import { joinBatches } from "../batch/collect.ts";
import { rescheduleMessage } from "../jobs/reschedule.ts";
import type { Settled } from "../types.ts";
import { laterMessage } from "../outcome/later-message.ts";
import type { ConsumerPorts } from "../ports.ts";
import { describeError } from "../../telemetry/index.ts";

type Later = Pick<ConsumerPorts, "sendLater" | "sendFlush" | "collector" | "now" | "log">;

export async function enqueue(waiting: readonly Settled[], ports: Later): Promise<void> {
  const open = waiting.filter(({ delivery }) => delivery.next_attempt_at !== null);
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

/** Sends messages that reschedule what waits for these destinations. If one is lost, the old times stay. */
export async function askToReschedule(
  destinations: readonly DestinationId[],
  ports: Pick<ConsumerPorts, "sendReschedule" | "log">,
): Promise<void> {
  for (const id of destinations) {
    try {
      await ports.sendReschedule(rescheduleMessage(id, true), 0);
    } catch (error) {
      ports.log.error("queue refused a reschedule", { destination: id, error: describeError(error) });
    }
  }
}
