// Consumer of the dead letters: messages that another queue gave up on. That a message came too often never ends a delivery [G2]: what is on
// record owns its next step, what is not is put on record, due at once.
import { parseMessage } from "../../model/message.ts";
import type { ConsumerPorts, Incoming } from "../ports.ts";
import { backoffSeconds } from "./backoff.ts";
import { consumeControl } from "./control.ts";
import { recordEvents } from "./events.ts";
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
        await recordEvents([{ incoming, message }], ports);
        break;
      case "record":
        await consumeControl({ incoming, message }, ports);
        break;
      // The sweep requeues deliveries that are due and carries replays on. A deletion is noticed when the delivery is next due, and a
      // delivery that was not rescheduled keeps its time.
      case "due":
      case "flush":
      case "retime":
      case "cancel":
      case "replay":
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
