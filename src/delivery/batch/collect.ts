// Registers waiting deliveries of batching destinations with their gates. The gate asks for a flush when a batch is full or its time has
// come. If a flush is lost, no delivery is: each has a `next_attempt_at`, and the sweep requeues what is overdue.
import { SECOND_MS } from "../../kernel/durations.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { DeliveryId, DestinationId } from "../../model/ids.ts";
import type { FlushMessage } from "../../model/message.ts";
import type { Collecting, LaterLane, Settled } from "../types.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { Waiting } from "../../gate/index.ts";
import { describeError } from "../../telemetry/index.ts";

export type CollectPorts = Pick<ConsumerPorts, "collector" | "sendFlush" | "now" | "log">;

/** The facts about a delivery that is to share a request. */
export interface Joining extends Pick<Settled, "lane" | "collecting"> {
  readonly delivery: Pick<Delivery, "id" | "destination_id" | "next_attempt_at" | "deferred_by">;
}

type Joined<T extends Joining> = T & { readonly collecting: Collecting };

/** @returns those that their gate did not take: they return one by one and share a request with what is in the same consumer batch */
export async function joinBatches<T extends Joining>(waiting: readonly T[], ports: CollectPorts): Promise<T[]> {
  const groups = new Map<string, Joined<T>[]>();
  for (const one of waiting) {
    const { delivery, collecting, lane } = one;
    if (collecting == null || delivery.destination_id === null) continue;
    const key = `${delivery.destination_id} ${lane}`;
    groups.set(key, [...(groups.get(key) ?? []), { ...one, collecting }]);
  }
  const alone: T[] = [];
  for (const group of groups.values()) {
    const [first] = group;
    if (first?.delivery.destination_id == null) continue;
    const { max_events, max_bytes } = first.collecting;
    const flush = flushMessage(first.delivery.destination_id, { max_events, max_bytes });
    try {
      const chunks = groupByTime(group, ports.now());
      const calls = await ports.collector.collect(flush.destination_id, chunks, { max_events, max_bytes });
      await sendCalls(flush, calls, first.lane, ports);
    } catch (error) {
      ports.log.error("batch not collected", { destination: flush.destination_id, error: describeError(error) });
      alone.push(...group);
    }
  }
  return alone;
}

/** Grouped by the time at which they must go; only those that merely wait for a batch to fill may go earlier. */
function groupByTime(group: readonly Joined<Joining>[], now: number): Waiting[] {
  const byTime = new Map<string, { from: number; until: number; entries: [string, number][] }>();
  for (const { delivery, collecting } of group) {
    const at = delivery.next_attempt_at ?? now;
    // The queue delays by whole seconds: rounding up lets more share a flush, and none comes too early.
    const until = at <= now ? at : Math.ceil(at / SECOND_MS) * SECOND_MS;
    const from = delivery.deferred_by === "batch" ? 0 : until;
    const chunk = byTime.get(`${from} ${until}`) ?? { from, until, entries: [] };
    chunk.entries.push([delivery.id, collecting.bytes]);
    byTime.set(`${from} ${until}`, chunk);
  }
  return [...byTime.values()];
}

const flushMessage = (
  destination_id: DestinationId,
  { max_events, max_bytes }: Pick<FlushMessage, "max_events" | "max_bytes">,
): FlushMessage => ({ v: 1, kind: "flush", destination_id, max_events, max_bytes });

/** Sends one flush message for each call. */
async function sendCalls(
  flush: FlushMessage,
  calls: readonly number[],
  lane: LaterLane,
  ports: CollectPorts,
): Promise<void> {
  const now = ports.now();
  try {
    for (const at of calls) await ports.sendFlush(flush, lane, Math.max(0, at - now));
  } catch (error) {
    ports.log.error("queue refused a flush; the sweep brings its deliveries back", {
      destination: flush.destination_id,
      error: describeError(error),
    });
  }
}

/** The deliveries that a flush message asks for. Null when the gate is unreachable: the message must be retried. */
export async function takeFlushed(
  flush: FlushMessage,
  lane: LaterLane,
  ports: CollectPorts,
): Promise<DeliveryId[] | null> {
  try {
    const { max_events, max_bytes } = flush;
    const { ids, calls } = await ports.collector.take(flush.destination_id, { max_events, max_bytes });
    await sendCalls(flush, calls, lane, ports);
    return ids as DeliveryId[];
  } catch (error) {
    ports.log.error("gate unreachable", { destination: flush.destination_id, error: describeError(error) });
    return null;
  }
}
