// The last step of every attempt, first or later: one D1 batch for the whole consumer batch, then the journal, the acks and the messages
// for what waits. Nothing is acked that is neither on record nor kept for it in R2.
import { describeError } from "../../telemetry/index.ts";
import { callbackMessages } from "../outcome/callback.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { Writes } from "../types.ts";
import type { Concluded } from "./conclusion.ts";
import { askForTimes, enqueue } from "./enqueue.ts";
import { forgetInR2 } from "./forget.ts";
import { keepPending } from "./keep-pending.ts";
import { joinWrites, writesOf } from "./writes.ts";

/** @returns how many deliveries are on record and wait */
export async function settle(concluded: Concluded, ports: ConsumerPorts): Promise<number> {
  if (isEmpty(concluded)) return 0;
  const { conclusions } = concluded;
  const writes = await Promise.all(conclusions.map((one) => writesOf(one, ports)));
  let waiting = 0;
  try {
    waiting = await record(concluded, joinWrites(writes), ports);
  } catch (error) {
    ports.log.error("record unwritable", { records: conclusions.length, error: describeError(error) });
    await keepPending(conclusions, writes, ports);
  }
  await askForTimes(concluded, ports);
  return waiting;
}

/** A part of a batch may hold nothing: what it has attempted waits for the other deliveries of its events. */
const isEmpty = ({ conclusions, states, disable, reschedule, release }: Concluded): boolean =>
  [conclusions, states, disable, reschedule, release].every((list) => list.length === 0);

/**
 * Throws where D1 does not take the record; then no message has been settled.
 * @returns how many deliveries wait
 */
async function record(
  { conclusions, states, disable }: Concluded,
  writes: Writes,
  ports: ConsumerPorts,
): Promise<number> {
  await ports.records.write({ ...writes, states, disable });
  await forgetInR2(conclusions, ports);
  for (const { incoming } of conclusions) incoming?.ack();
  const waiting = conclusions
    .flatMap(({ deliveries }) => deliveries)
    .filter(({ delivery }) => delivery.next_attempt_at !== null);
  await enqueue([...waiting, ...callbackMessages(writes.callbacks)], ports);
  return waiting.length + writes.callbacks.length;
}
