// Reads what D1 knows about a batch of events, and drops the messages of events that are on record.
import { partition } from "../../kernel/pool.ts";
import type { EventId } from "../../model/ids.ts";
import type { EventMessage } from "../../model/message.ts";
import { describeError } from "../../telemetry/index.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts } from "../ports.ts";
import type { BatchContext } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Received } from "./conclusion.ts";
import { destinationsOf } from "./direct.ts";

/** One round trip. Null while D1 cannot be read: first attempts go on without it [G7]. */
export async function readContext(
  batch: readonly Received<EventMessage>[],
  ports: ConsumerPorts,
): Promise<BatchContext | null> {
  const events = batch.map(({ message }) => message.event);
  try {
    return await ports.records.readContext(
      events.map(({ id }) => id),
      [...new Set(events.map(({ source_id }) => source_id ?? ""))],
      destinationsOf(events),
    );
  } catch (error) {
    ports.log.error("record unreadable", { error: describeError(error) });
    return null;
  }
}

/**
 * Acks the messages whose event is on record: its deliveries have owners of their own [G3].
 * @returns one message for each other event; several messages of the same event are settled together
 */
export async function dropRecorded(
  batch: readonly Received<EventMessage>[],
  context: BatchContext | null,
  ports: ConsumerPorts,
): Promise<Received<EventMessage>[]> {
  const [done, fresh] = partition(batch, ({ message }) => context?.known.has(message.event.id) === true);
  await clearJournal(done, ports);
  for (const { incoming } of done) incoming.ack();
  const byEvent = new Map<EventId, Received<EventMessage>>();
  for (const received of fresh) {
    const { id } = received.message.event;
    const first = byEvent.get(id);
    byEvent.set(id, first === undefined ? received : merge(first, received));
  }
  return [...byEvent.values()];
}

/** While the record is full: what waits in it goes on, so that there is room again, and new events wait in their queue [G13]. */
export function leaveInQueue(batch: readonly Received<EventMessage>[], { log }: Pick<ConsumerPorts, "log">): void {
  if (batch.length > 0) log.error("record full: events stay in their queue", { events: batch.length });
  for (const { incoming } of batch) incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
}

/** Two messages of one event. Neither is settled, and no copy leaves the journal, before the event is on record. */
const merge = (first: Received<EventMessage>, copy: Received<EventMessage>): Received<EventMessage> => ({
  message: {
    ...first.message,
    journal: first.message.journal ?? copy.message.journal,
    resends: Math.min(first.message.resends ?? 0, copy.message.resends ?? 0),
  },
  incoming: {
    id: first.incoming.id,
    timestamp: first.incoming.timestamp,
    body: first.incoming.body,
    attempts: Math.min(first.incoming.attempts, copy.incoming.attempts),
    ack: () => {
      first.incoming.ack();
      copy.incoming.ack();
    },
    retry: (options) => {
      first.incoming.retry(options);
      copy.incoming.retry(options);
    },
  },
});

/** Removes copies of events that are on record. A copy that stays is sent again and removed then. */
async function clearJournal(done: readonly Received<EventMessage>[], ports: ConsumerPorts): Promise<void> {
  const kept = (where: "d1" | "r2"): EventId[] =>
    done.filter(({ message }) => message.journal === where).map(({ message }) => message.event.id);
  try {
    if (kept("d1").length > 0) await ports.records.write({ ...NOTHING_TO_WRITE, forget: kept("d1") });
    if (kept("r2").length > 0) await ports.forgetJournal(kept("r2"));
  } catch (error) {
    ports.log.error("journal not cleared", { error: describeError(error) });
  }
}
