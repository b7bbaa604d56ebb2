// Events whose message has come back: a consumer crashed with it, or could not process it. They are recorded with their deliveries due and are
// not attempted here, so that interruptions are counted for each delivery by itself (interrupted.ts). Here, only routing them can crash.
import { DEAD_AFTER_INTERRUPTIONS } from "../../config/limits.ts";
import type { EventMessage } from "../../model/message.ts";
import { describeError } from "../../telemetry/index.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts } from "../ports.ts";
import type { BatchContext } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Conclusion, Received } from "./conclusion.ts";
import { deadPlaceholder } from "./placeholder.ts";
import { concludeEvent, route, type Plan } from "./route.ts";
import { settle } from "./settle.ts";

const NO_EFFECTS = { states: [], disable: [], reschedule: [], release: [] };

/** How often an event's message came before. */
export const returns = ({ incoming, message }: Received<EventMessage>): number =>
  incoming.attempts - 1 + (message.resends ?? 0);

/** An event that has come back this often is routed alone. */
const ALONE_AFTER_RETURNS = 2;
/** How many of the interruptions that make an event dead happen before it is routed alone. */
const MAX_STARTS = DEAD_AFTER_INTERRUPTIONS - ALONE_AFTER_RETURNS - 1;

/** @param context what D1 knows of them */
export async function recordReturned(
  batch: readonly Received<EventMessage>[],
  context: BatchContext,
  ports: ConsumerPorts,
): Promise<void> {
  const together = batch.filter((received) => returns(received) < ALONE_AFTER_RETURNS);
  if (together.length > 0) await recordUnattempted(together, context, ports);
  for (const received of batch) if (!together.includes(received)) await recordAlone(received, context, ports);
}

async function recordAlone(
  received: Received<EventMessage>,
  context: BatchContext,
  ports: ConsumerPorts,
): Promise<void> {
  const { incoming, message } = received;
  const { id } = message.event;
  try {
    const starts = await ports.records.noteStart(id);
    if (starts > MAX_STARTS) return await recordCrashed(received, ports);
    const planned = await recordUnattempted([received], context, ports);
    // It waits for routes or its body, which is no interruption.
    if (planned === 0) await ports.records.write({ ...NOTHING_TO_WRITE, finished: [id] });
  } catch (error) {
    ports.log.error("event not processed alone", { event: id, error: describeError(error) });
    incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
  }
}

/** @returns how many events could be routed; the messages of the others come back */
export async function recordUnattempted(
  batch: readonly Received<EventMessage>[],
  context: BatchContext | null,
  ports: ConsumerPorts,
): Promise<number> {
  const plans = await route(batch, context, ports);
  await settle({ ...NO_EFFECTS, conclusions: plans.map(concludeUnattempted) }, ports);
  return plans.length;
}

function concludeUnattempted(plan: Plan): Conclusion {
  const due = plan.jobs.map(({ delivery }) => ({ delivery, lane: "deliveries" as const }));
  const { id } = plan.received.message.event;
  return {
    ...concludeEvent({ ...plan, waiting: [...plan.waiting, ...due] }, []),
    // The message may have come back because one of them crashed its consumer.
    interrupted: due.map(({ delivery }) => ({ id: delivery.id, count: 1 })),
    finished: returns(plan.received) < ALONE_AFTER_RETURNS ? [] : [id],
  };
}

/** Records an event whose routing crashes the consumer as dead. Its payload is kept, so that it can be replayed. */
async function recordCrashed({ incoming, message }: Received<EventMessage>, ports: ConsumerPorts): Promise<void> {
  const { event, journal } = message;
  const delivery = deadPlaceholder(event, "consumer_crashed", ports.now());
  const conclusion: Conclusion = {
    incoming,
    journal,
    first: { event, deliveries: [delivery] },
    settlement: null,
    deliveries: [],
    endings: [{ delivery, event, connection: null }],
    finished: [event.id],
  };
  await settle({ ...NO_EFFECTS, conclusions: [conclusion] }, ports);
  ports.log.error("event that crashes its consumer recorded as dead", { event: event.id });
}
