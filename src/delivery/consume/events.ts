// First attempts: from the messages of accepted events to their destinations and into the record, in five steps.
import { partition } from "../../kernel/pool.ts";
import type { DestinationState } from "../../model/destination-state.ts";
import type { EventMessage } from "../../model/message.ts";
import type { ConsumerPorts } from "../ports.ts";
import { dispatch } from "../run/dispatch.ts";
import type { BatchContext, Dispatched } from "../types.ts";
import type { Concluded, Received } from "./conclusion.ts";
import { dropRecorded, readContext } from "./known-events.ts";
import { recordReturned, returns } from "./returned.ts";
import { concludeEvent, route, type Plan } from "./route.ts";
import { settle } from "./settle.ts";

export async function consumeEvents(batch: readonly Received<EventMessage>[], ports: ConsumerPorts): Promise<void> {
  const startedAt = ports.now();
  const context = await readContext(batch, ports);
  const fresh = await dropRecorded(batch, context, ports);
  // Nothing is counted while D1 is away: then what has come back is attempted like anything else.
  const [returned, first] = partition(fresh, (received) => context !== null && returns(received) > 0);
  const plans = await route(first, context, ports);
  const attempted = await attempt(plans, context, ports);
  const waiting = await settle(conclude(plans, attempted), ports);
  if (context !== null) await recordReturned(returned, context, ports);
  ports.log.info("batch", {
    lane: "events",
    messages: batch.length,
    events: plans.length,
    returned: returned.length,
    duplicates: plans.filter(({ duplicateOf }) => duplicateOf !== null).length,
    attempts: attempted.attempts,
    delivered: attempted.settled.filter(({ delivery }) => delivery.status === "delivered").length,
    waiting,
    d1: context !== null,
    duration_ms: ports.now() - startedAt,
  });
}

const attempt = (plans: readonly Plan[], context: BatchContext | null, ports: ConsumerPorts): Promise<Dispatched> =>
  dispatch(
    plans.flatMap(({ jobs }) => jobs),
    "events",
    context?.states ?? new Map<string, DestinationState>(),
    ports,
  );

/** Brings each event together with what its attempts came to. */
function conclude(plans: readonly Plan[], { settled, ...effects }: Dispatched): Concluded {
  const settledById = new Map(settled.map((one) => [one.delivery.id, one]));
  return {
    ...effects,
    conclusions: plans.map((plan) =>
      concludeEvent(
        plan,
        plan.jobs.flatMap((job) => {
          const own = settledById.get(job.delivery.id);
          return own === undefined ? [] : [{ ...job, ...own }];
        }),
      ),
    ),
  };
}
