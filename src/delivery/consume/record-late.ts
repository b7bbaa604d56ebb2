// Records outcomes that D1 could not record at their time, many in one transaction. One that can never be written does not hold up the others.
import type { EventId } from "../../model/ids.ts";
import { describeError } from "../../telemetry/index.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts } from "../ports.ts";
import type { Writes } from "../types.ts";
import { enqueue } from "./enqueue.ts";
import { joinWrites, laterOf } from "./writes.ts";

interface Left<T> {
  readonly left: readonly T[];
  /** D1 takes no writes now. */
  readonly isAway: boolean;
}

/** Also sends the messages for waiting deliveries. @returns the outcomes that are not on record */
export async function recordLate<T extends { readonly writes: Writes }>(
  outcomes: readonly T[],
  ports: ConsumerPorts,
): Promise<Left<T>> {
  if (outcomes.length === 0 || (await tryToRecord(outcomes, ports))) return { left: [], isAway: false };
  const left: T[] = [];
  for (const [index, one] of outcomes.entries()) {
    if (outcomes.length > 1 && (await tryToRecord([one], ports))) continue;
    left.push(one);
    if (!(await takesWrites(ports))) return { left: [...left, ...outcomes.slice(index + 1)], isAway: true };
  }
  return { left, isAway: false };
}

async function tryToRecord(outcomes: readonly { readonly writes: Writes }[], ports: ConsumerPorts): Promise<boolean> {
  const writes = joinWrites(outcomes.map((one) => one.writes));
  try {
    await ports.records.write(writes);
  } catch (error) {
    ports.log.error("record unwritable", { records: outcomes.length, error: describeError(error) });
    return false;
  }
  await enqueue(laterOf(writes), ports);
  return true;
}

/** Whether D1 takes a transaction that changes nothing. */
async function takesWrites({ records }: ConsumerPorts): Promise<boolean> {
  try {
    await records.write({ ...NOTHING_TO_WRITE, finished: ["evt_" as EventId] });
    return true;
  } catch {
    return false;
  }
}
