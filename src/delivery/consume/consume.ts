// Consumer of every queue but the dead letters. A message's kind decides what processes it, never the queue that brought it.
import {
  parseMessage,
  type DueMessage,
  type EventMessage,
  type FlushMessage,
  type OutcomeMessage,
  type PendingMessage,
  type RecordMessage,
} from "../../model/message.ts";
import type { ConsumerPorts, Incoming } from "../ports.ts";
import type { LaterLane } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import { recordCarried } from "./carried.ts";
import type { Received } from "./conclusion.ts";
import { consumeControl } from "./control.ts";
import { consumeDue } from "./due.ts";
import { consumeEvents } from "./events.ts";
import { recordPending } from "./pending.ts";
import { recordUnparsable } from "./unparsable.ts";

/** @param lane in which the queue's due deliveries travel */
export async function consume(batch: readonly Incoming[], lane: LaterLane, ports: ConsumerPorts): Promise<void> {
  const events: Received<EventMessage>[] = [];
  const due: Received<DueMessage>[] = [];
  const flushes: Received<FlushMessage>[] = [];
  const carried: Received<RecordMessage | OutcomeMessage>[] = [];
  const pending: Received<PendingMessage>[] = [];
  for (const incoming of batch) {
    const message = parseMessage(incoming.body);
    switch (message?.kind) {
      case "event":
        events.push({ incoming, message });
        break;
      case "due":
        due.push({ incoming, message });
        break;
      case "flush":
        flushes.push({ incoming, message });
        break;
      case "retime":
      case "cancel":
      case "replay":
        await consumeControl({ incoming, message }, ports);
        break;
      case "record":
      case "outcome":
        carried.push({ incoming, message });
        break;
      case "pending":
        pending.push({ incoming, message });
        break;
      case "newer":
        incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
        break;
      case undefined:
        await recordUnparsable(incoming, ports);
    }
  }
  // Before what is due: an attempt that has been made is on record then.
  if (carried.length > 0) await recordCarried(carried, ports);
  if (pending.length > 0) await recordPending(pending, ports);
  if (events.length > 0) await consumeEvents(events, lane === "small" || lane === "slow" ? lane : "events", ports);
  if (due.length + flushes.length > 0) await consumeDue(due, flushes, lane, ports);
}
