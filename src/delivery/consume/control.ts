// Control messages, which carry no delivery: reschedule, cancel, the next step of a replay. One that fails comes back.
import type { CancelMessage, ReplayMessage, RescheduleMessage } from "../../model/message.ts";
import { describeError } from "../../telemetry/index.ts";
import { cancelWaiting } from "../jobs/cancel.ts";
import { release } from "../jobs/release.ts";
import { replayStep } from "../jobs/replay.ts";
import { reschedule } from "../jobs/reschedule.ts";
import type { ConsumerPorts } from "../ports.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Received } from "./conclusion.ts";

type ControlMessage = RescheduleMessage | CancelMessage | ReplayMessage;

export async function consumeControl(
  { incoming, message }: Received<ControlMessage>,
  ports: ConsumerPorts,
): Promise<void> {
  try {
    await process(message, ports);
    incoming.ack();
  } catch (error) {
    ports.log.error("control message comes back", {
      kind: message.kind,
      ...describeSubject(message),
      error: describeError(error),
    });
    incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
  }
}

async function process(message: ControlMessage, ports: ConsumerPorts): Promise<void> {
  const { waitingPage, parkedPage, moveWaiting, noteRelease, cancelPiece } = ports.records;
  switch (message.kind) {
    case "retime": {
      if (message.parked === true) {
        const deliveries = await release(message, { ...ports, parkedPage, moveWaiting, noteRelease });
        return ports.log.info("released", { ...describeSubject(message), deliveries });
      }
      const deliveries = await reschedule(message, { ...ports, waitingPage, moveWaiting });
      return ports.log.info("rescheduled", { ...describeSubject(message), deliveries, round: message.round });
    }
    case "cancel": {
      const deliveries = await cancelWaiting(message, { cancelPiece, sendOn: ports.sendOn });
      return ports.log.info("cancelled", { ...describeSubject(message), deliveries });
    }
    case "replay":
      return replayStep(message, { ...ports, records: ports.replays });
  }
}

/** What the message is about, for the log. */
function describeSubject(message: ControlMessage): Record<string, string> {
  switch (message.kind) {
    case "retime":
      return { destination: message.destination_id };
    case "cancel":
      return { [message.of]: message.id };
    case "replay":
      return { replay: message.id };
  }
}
