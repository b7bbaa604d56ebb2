// Deliveries that an earlier consumer claimed and did not settle: it crashed, or D1 did not take the record. Interruptions are counted before
// the next attempt: after a few, a delivery is attempted alone, and after a few more it is dead.
import { ALONE_AFTER_INTERRUPTIONS } from "../../config/limits.ts";
import { partition } from "../../kernel/pool.ts";
import { isFinal } from "../../model/lifecycle.ts";
import { describeError } from "../../telemetry/index.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts, type TakenDue } from "../ports.ts";
import type { DueDelivery } from "../types.ts";

interface Sorted {
  /** Claimed, to be processed together. */
  readonly ready: readonly DueDelivery[];
  /** Not claimed: each is to be taken alone. */
  readonly alone: readonly DueDelivery[];
}

const mustBeAlone = ({ interruptions }: DueDelivery): boolean => interruptions >= ALONE_AFTER_INTERRUPTIONS;

/**
 * Records interruptions. If that fails nothing is attempted again, so each delivery is attempted at most once while D1 refuses writes.
 * @param isAlone whether the delivery was claimed to be attempted alone
 */
export async function sortInterrupted(taken: TakenDue, isAlone: boolean, ports: ConsumerPorts): Promise<Sorted> {
  const [claimed, others] = partition(taken.deliveries, ({ claim }) => claim !== null);
  const left = others.filter((due) => mustBeAlone(due) && !isFinal(due.delivery.status));
  const [interrupted, ready] = partition(claimed, (due) => due.interrupted);
  if (interrupted.length === 0) return { ready, alone: isAlone ? [] : left };
  const counted = interrupted.map((due) => ({ ...due, interruptions: due.interruptions + 1 }));
  const [suspects, rest] = isAlone ? [[], counted] : partition(counted, mustBeAlone);
  try {
    await ports.records.write({
      ...NOTHING_TO_WRITE,
      interrupted: counted.map(({ delivery, interruptions }) => ({ id: delivery.id, count: interruptions })),
      // Released unchanged.
      settlements: suspects.map(({ delivery, claim }) => ({ delivery, claim: claim ?? 0 })),
    });
  } catch (error) {
    ports.log.error("record unwritable", { interrupted: counted.length, error: describeError(error) });
    return { ready, alone: isAlone ? [] : left };
  }
  return { ready: [...ready, ...rest], alone: [...left, ...suspects] };
}
