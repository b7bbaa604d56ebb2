// Carries what D1 does not take to a queue: an attempt that has been made must not be made again for want of a record.
import { MAX_INLINE_BODY_BYTES, MAX_MESSAGE_BYTES, MAX_OPEN_REQUESTS, MAX_SENT_IGNORED } from "../../config/limits.ts";
import { encodedBytes } from "../../kernel/encoded-size.ts";
import { runPool } from "../../kernel/pool.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { OutcomeMessage, RecordMessage } from "../../model/message.ts";
import { describeError } from "../../telemetry/index.ts";
import { makeCallbacks } from "../outcome/callback.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { Ending, FirstRecord, Settlement } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Conclusion } from "./conclusion.ts";

/** An event of a callback and its delivery, encoded, without the callback's body. */
const CALLBACK_FRAME_BYTES = 2_000;
/** That, and a body without the answer's. */
const MIN_CALLBACK_ROOM_BYTES = 4_000;

/** Settles each message: acked once its record is in the queue, else it comes back. */
export async function carry(conclusions: readonly Conclusion[], ports: ConsumerPorts): Promise<void> {
  await runPool(conclusions, MAX_OPEN_REQUESTS, async (conclusion) => {
    const { first, settlement, incoming } = conclusion;
    try {
      if (first !== null) await ports.sendRecord(await recordMessage(first, conclusion, ports));
      if (settlement !== null) await ports.sendRecord(await outcomeMessage(settlement, conclusion, ports));
      incoming?.ack();
    } catch (error) {
      // A later attempt's claim expires: the next consumer finds it interrupted.
      const id = first?.event.id ?? settlement?.delivery.id ?? null;
      ports.log.error("record not carried", { id, error: describeError(error) });
      incoming?.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
    }
  });
}

async function recordMessage(
  { event, deliveries, ignored = [] }: FirstRecord,
  { journal, endings }: Conclusion,
  ports: ConsumerPorts,
): Promise<RecordMessage> {
  const whole: RecordMessage = {
    v: 1,
    kind: "record",
    event,
    journal,
    deliveries: deliveries.map(withoutAnswers),
    ignored: ignored.slice(0, MAX_SENT_IGNORED),
  };
  const room = MIN_CALLBACK_ROOM_BYTES * endings.length;
  const { body } = event;
  const isTooLarge = body.kind === "inline" && encodedBytes(whole) + room > MAX_MESSAGE_BYTES;
  const message = isTooLarge
    ? { ...whole, event: { ...event, body: await ports.storeBody(event.id, body.bytes) } }
    : whole;
  return { ...message, callbacks: await callbacksBeside(message, endings, ports) };
}

async function outcomeMessage(
  { delivery, claim, counts = {} }: Settlement,
  { endings }: Conclusion,
  ports: ConsumerPorts,
): Promise<OutcomeMessage> {
  const message: OutcomeMessage = {
    v: 1,
    kind: "outcome",
    delivery: { ...delivery, attempts: delivery.attempts.slice(-1) },
    claim,
    counts,
    callbacks: [],
  };
  return { ...message, callbacks: await callbacksBeside(message, endings, ports) };
}

/** A callback that has no room in the message goes without the answer's body. */
function callbacksBeside(message: object, endings: readonly Ending[], { completeId }: ConsumerPorts) {
  const room = Math.floor((MAX_MESSAGE_BYTES - encodedBytes(message)) / Math.max(1, endings.length));
  return makeCallbacks(endings, completeId, Math.min(MAX_INLINE_BODY_BYTES, room - CALLBACK_FRAME_BYTES));
}

/** Excerpts of answers would not fit beside a large body in one message. */
const withoutAnswers = (delivery: Delivery): Delivery => ({
  ...delivery,
  attempts: delivery.attempts.map((attempt) => ({ ...attempt, response_headers: null, response_body: null })),
});
