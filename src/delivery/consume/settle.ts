// The last step of every attempt, first or later: one D1 batch for the whole consumer batch, then the journal, the acks and the messages
// for what waits. Nothing is acked that is neither on record nor carried there by a message.
import type { EventId } from "../../model/ids.ts";
import { describeError } from "../../telemetry/index.ts";
import { callbackMessages, makeCallbacks } from "../outcome/callback.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts } from "../ports.ts";
import type { FirstRecord } from "../types.ts";
import { carry } from "./carry.ts";
import type { Concluded, Conclusion } from "./conclusion.ts";
import { askToReschedule, enqueue } from "./enqueue.ts";

/** @returns how many deliveries are on record and wait */
export async function settle(concluded: Concluded, ports: ConsumerPorts): Promise<number> {
  if (isEmpty(concluded)) return 0;
  const callbacks = await makeCallbacks(
    concluded.conclusions.flatMap(({ endings }) => endings),
    ports.completeId,
  );
  let waiting = 0;
  try {
    waiting = await record(concluded, callbacks, ports);
  } catch (error) {
    ports.log.error("record unwritable", { records: concluded.conclusions.length, error: describeError(error) });
    await carry(concluded.conclusions, ports);
  }
  await askToReschedule(concluded.reschedule, ports);
  return waiting;
}

/** A part of a batch may hold nothing: what it has attempted waits for the other deliveries of its events. */
const isEmpty = ({ conclusions, states, disable, reschedule }: Concluded): boolean =>
  [conclusions, states, disable, reschedule].every((list) => list.length === 0);

/**
 * Throws where D1 does not take the record; then no message has been settled.
 * @returns how many deliveries wait
 */
export async function record(
  { conclusions, states, disable }: Omit<Concluded, "reschedule">,
  callbacks: readonly FirstRecord[],
  ports: ConsumerPorts,
): Promise<number> {
  const journaled = (where: "d1" | "r2"): EventId[] =>
    conclusions.flatMap(({ journal, first }) => (journal === where && first !== null ? [first.event.id] : []));
  await ports.records.write({
    ...NOTHING_TO_WRITE,
    firsts: conclusions.flatMap(({ first }) => first ?? []),
    settlements: conclusions.flatMap(({ settlement }) => settlement ?? []),
    states,
    disable,
    callbacks,
    forget: journaled("d1"),
    interrupted: conclusions.flatMap(({ interrupted = [] }) => interrupted),
    finished: conclusions.flatMap(({ finished = [] }) => finished),
  });
  await forgetInR2(journaled("r2"), ports);
  for (const { incoming } of conclusions) incoming?.ack();
  const waiting = conclusions
    .flatMap(({ deliveries }: Conclusion) => deliveries)
    .filter(({ delivery }) => delivery.next_attempt_at !== null);
  await enqueue([...waiting, ...callbackMessages(callbacks)], ports);
  return waiting.length + callbacks.length;
}

/** A copy that stays behind is sent again, found on record and removed then. */
async function forgetInR2(ids: readonly EventId[], ports: ConsumerPorts): Promise<void> {
  if (ids.length === 0) return;
  try {
    await ports.forgetJournal(ids);
  } catch (error) {
    ports.log.error("journal not cleared", { error: describeError(error) });
  }
}
