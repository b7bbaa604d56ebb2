// Carries what D1 does not take to a queue, as record messages: an attempt that has been made must not be made again for want of a record.
import { MAX_MESSAGE_BYTES, MAX_SENT_IGNORED } from "../../config/limits.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { SluiceEvent } from "../../model/event.ts";
import type { RecordMessage } from "../../model/message.ts";
import { describeError } from "../../telemetry/index.ts";
import { makeCallbacks } from "../outcome/callback.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { FirstRecord } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Conclusion } from "./conclusion.ts";

/** Settles each message: acked once its record is in the queue, else it comes back. */
export async function carry(conclusions: readonly Conclusion[], ports: ConsumerPorts): Promise<void> {
  for (const conclusion of conclusions) {
    const { first, incoming } = conclusion;
    // The claim of a later attempt expires, and the sweep brings the delivery back: sent once more rather than forgotten.
    if (first === null) continue;
    try {
      await ports.sendRecord(await recordMessage(first, conclusion, ports));
      incoming?.ack();
    } catch (error) {
      ports.log.error("record not carried", { event: first.event.id, error: describeError(error) });
      incoming?.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
    }
  }
}

const recordMessage = async (
  { event, deliveries, ignored = [] }: FirstRecord,
  { journal, endings }: Conclusion,
  { completeId }: ConsumerPorts,
): Promise<RecordMessage> => ({
  v: 1,
  kind: "record",
  event,
  journal,
  deliveries: deliveries.map(withoutAnswers),
  ignored: ignored.slice(0, MAX_SENT_IGNORED),
  // A callback that has no room beside a large body goes without the answer's body.
  callbacks: await makeCallbacks(endings, completeId, roomBeside(event, endings.length)),
});

/** Bytes that each of so many callbacks may have beside the event in one message. */
function roomBeside({ body, headers }: SluiceEvent, callbacks: number): number {
  const head = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const taken = head + (body.kind === "inline" ? body.bytes.byteLength : 0);
  // A delivery's record, and what surrounds a callback's body.
  return Math.floor((MAX_MESSAGE_BYTES - taken) / Math.max(1, callbacks)) - 2_000;
}

/** Excerpts of answers would not fit beside a large body in one message. */
const withoutAnswers = (delivery: Delivery): Delivery => ({
  ...delivery,
  attempts: delivery.attempts.map((attempt) => ({ ...attempt, response_headers: null, response_body: null })),
});
