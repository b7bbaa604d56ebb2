// Moves events that their batch had no time for to a lane of small batches. Their messages are sent on unchanged: the events are not on record
// yet, so nothing is deferred and no attempt is used.
import { partition } from "../../kernel/pool.ts";
import type { DeliveryId } from "../../model/ids.ts";
import { describeError } from "../../telemetry/index.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { Settled } from "../types.ts";
import type { Plan } from "./route.ts";

/** Whether no delivery of the event was attempted or decided. */
export const isUntouched = ({ jobs, waiting }: Plan, settled: ReadonlyMap<DeliveryId, Settled>): boolean =>
  jobs.length > 0 && waiting.length === 0 && jobs.every(({ delivery }) => settled.get(delivery.id)?.untouched === true);

/** @returns the events that the queue refused: they are recorded as deferred */
export async function moveOn(
  plans: readonly Plan[],
  settled: ReadonlyMap<DeliveryId, Settled>,
  ports: ConsumerPorts,
): Promise<readonly Plan[]> {
  const [slow, small] = partition(plans, ({ jobs }) =>
    jobs.some(({ delivery }) => settled.get(delivery.id)?.lane === "slow"),
  );
  return [...(await send(slow, "slow", ports)), ...(await send(small, "small", ports))];
}

async function send(plans: readonly Plan[], lane: "small" | "slow", ports: ConsumerPorts): Promise<readonly Plan[]> {
  if (plans.length === 0) return [];
  try {
    await ports.sendOnEvents(
      plans.map(({ received }) => received.message),
      lane,
    );
  } catch (error) {
    ports.log.error("events not moved on", { events: plans.length, lane, error: describeError(error) });
    return plans;
  }
  for (const { received } of plans) received.incoming.ack();
  return [];
}
