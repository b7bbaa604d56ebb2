// Records outcomes that D1 could not record at their time, many in one transaction. One that can never be written does not hold up the others, nor
// does a database that is away those of another.
import type { EventId } from "../../model/ids.ts";
import { describeError } from "../../telemetry/index.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts } from "../ports.ts";
import type { Writes } from "../types.ts";
import { enqueue } from "./enqueue.ts";
import { joinWrites, laterOf, subjectOf } from "./writes.ts";

interface Left<T> {
  readonly outcome: T;
  /** Its database takes no writes now. */
  readonly isAway: boolean;
}

/**
 * Also sends the messages for waiting deliveries.
 * @param away databases that took no writes a moment ago: they are not tried, and those found now are added
 * @returns the outcomes that are not on record
 */
export async function recordLate<T extends { readonly writes: Writes }>(
  outcomes: readonly T[],
  ports: ConsumerPorts,
  away = new Set<number>(),
): Promise<readonly Left<T>[]> {
  const parts = Map.groupBy(outcomes, ({ writes }) => ports.records.databaseOf(subjectOf(writes)));
  const left: Left<T>[] = [];
  for (const [database, part] of parts) left.push(...(await recordPart(database, part, ports, away)));
  return left;
}

async function recordPart<T extends { readonly writes: Writes }>(
  database: number,
  outcomes: readonly T[],
  ports: ConsumerPorts,
  away: Set<number>,
): Promise<readonly Left<T>[]> {
  if (away.has(database)) return outcomes.map((outcome) => ({ outcome, isAway: true }));
  if (await tryToRecord(outcomes, ports)) return [];
  const left: Left<T>[] = [];
  for (const [index, one] of outcomes.entries()) {
    if (outcomes.length > 1 && (await tryToRecord([one], ports))) continue;
    if (!(await takesWrites(one.writes, ports))) {
      away.add(database);
      return [...left, ...outcomes.slice(index).map((outcome) => ({ outcome, isAway: true }))];
    }
    left.push({ outcome: one, isAway: false });
  }
  return left;
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

/** The prefix and the time of an id: they say in which database it is. */
const TIMED = 14;

/** Whether the database of this outcome takes a transaction that changes nothing. */
async function takesWrites(outcome: Writes, { records }: ConsumerPorts): Promise<boolean> {
  try {
    await records.write({ ...NOTHING_TO_WRITE, finished: [subjectOf(outcome).slice(0, TIMED) as EventId] });
    return true;
  } catch {
    return false;
  }
}
