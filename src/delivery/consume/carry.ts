// Carries what D1 does not take to a queue: an attempt that has been made must not be made again for want of a record.
import { MAX_MESSAGE_BYTES, MAX_OPEN_REQUESTS, MAX_SENT_IGNORED } from "../../config/limits.ts";
import { runPool } from "../../kernel/pool.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { SluiceEvent } from "../../model/event.ts";
import type { OutcomeMessage, RecordMessage } from "../../model/message.ts";
import { describeError } from "../../telemetry/index.ts";
import { makeCallbacks } from "../outcome/callback.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { FirstRecord, Settlement } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Conclusion } from "./conclusion.ts";

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

const outcomeMessage = async (
  { delivery, claim, counts = {} }: Settlement,
  { endings }: Conclusion,
  { completeId }: ConsumerPorts,
): Promise<OutcomeMessage> => ({
  v: 1,
  kind: "outcome",
  delivery: { ...delivery, attempts: delivery.attempts.slice(-1) },
  claim,
  counts,
  callbacks: await makeCallbacks(endings, completeId),
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
