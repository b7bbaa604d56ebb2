// Consumer of the dead letters: messages that another queue gave up on. That a message came too often never ends a delivery [G2]: what is on
// record owns its next step, what is not is put on record, due at once.
import { MAX_DEAD_LETTER_ATTEMPTS } from "../../config/limits.ts";
import { parseMessage, type EventMessage } from "../../model/message.ts";
import { describeError } from "../../telemetry/index.ts";
import type { ConsumerPorts, Incoming } from "../ports.ts";
import { backoffSeconds } from "./backoff.ts";
import { recordCarried } from "./carried.ts";
import type { Received } from "./conclusion.ts";
import { dropRecorded, leaveInQueue, readContext } from "./known-events.ts";
import { recordUnattempted } from "./returned.ts";
import { recordUnparsable } from "./unparsable.ts";

/** What cannot be written now comes back later and later. */
export async function consumeDeadLetters(
  batch: readonly Incoming[],
  queue: string,
  ports: ConsumerPorts,
): Promise<void> {
  for (const incoming of batch) {
    const message = parseMessage(incoming.body);
    ports.log.error("queue gave up on a message", { queue, message_id: incoming.id, kind: message?.kind ?? null });
    switch (message?.kind) {
      case "event":
        await recordGivenUp({ incoming, message }, ports);
        break;
      case "record":
      case "outcome":
        await recordCarried([{ incoming, message }], ports);
        break;
      // The sweep requeues deliveries that are due and names pending records again, and carries replays on. A deletion is noticed when the delivery is next due, and a
      // delivery that was not rescheduled keeps its time.
      case "due":
      case "flush":
      case "retime":
      case "cancel":
      case "replay":
      case "pending":
        incoming.ack();
        break;
      case "newer":
        incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
        break;
      case undefined:
        await recordUnparsable(incoming, ports);
    }
  }
}

async function recordGivenUp(received: Received<EventMessage>, ports: ConsumerPorts): Promise<void> {
  if (received.incoming.attempts >= MAX_DEAD_LETTER_ATTEMPTS) return startOver(received, ports);
  const context = await readContext([received], ports);
  const fresh = await dropRecorded([received], context, ports);
  if (context?.isFull === true) return leaveInQueue(fresh, ports);
  await recordUnattempted(fresh, context, ports);
}

/** An event whose routes or body could not be read all this time is sent to its first queue again: this one is about to delete it. */
async function startOver({ incoming, message }: Received<EventMessage>, ports: ConsumerPorts): Promise<void> {
  try {
    await ports.sendOnEvents([message], "small");
    incoming.ack();
  } catch (error) {
    ports.log.error("event not sent again", { event: message.event.id, error: describeError(error) });
    incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
  }
}
