// First attempts: from the messages of accepted events to their destinations and into the record, in five steps.
import type { DestinationState } from "../../model/destination-state.ts";
import type { EventMessage } from "../../model/message.ts";
import type { ConsumerPorts } from "../ports.ts";
import { dispatch } from "../run/dispatch.ts";
import type { BatchContext, Dispatched, Job } from "../types.ts";
import type { Concluded, Received } from "./conclusion.ts";
import { dropRecorded, readContext } from "./known-events.ts";
import { route, type Plan } from "./route.ts";
import { settle } from "./settle.ts";

export async function consumeEvents(batch: readonly Received<EventMessage>[], ports: ConsumerPorts): Promise<void> {
  const startedAt = ports.now();
  const context = await readContext(batch, ports);
  const fresh = await dropRecorded(batch, context, ports);
  const plans = await route(fresh, context, ports);
  const attempted = await attempt(plans, context, ports);
  const waiting = await settle(conclude(plans, attempted), ports);
  ports.log.info("batch", {
    lane: "events",
    messages: batch.length,
    events: plans.length,
    duplicates: plans.filter(({ duplicateOf }) => duplicateOf !== null).length,
    attempts: attempted.attempts,
    delivered: attempted.settled.filter(({ delivery }) => delivery.status === "delivered").length,
    waiting,
    d1: context !== null,
    duration_ms: ports.now() - startedAt,
  });
}

/** Puts events on record with their deliveries due at once, and attempts none: later attempts take them from there. */
export async function recordEvents(batch: readonly Received<EventMessage>[], ports: ConsumerPorts): Promise<void> {
  const context = await readContext(batch, ports);
  const fresh = await dropRecorded(batch, context, ports);
  const plans = (await route(fresh, context, ports)).map(withoutAttempts);
  await settle(conclude(plans, NOTHING_ATTEMPTED), ports);
}

const withoutAttempts = (plan: Plan): Plan => ({
  ...plan,
  jobs: [],
  waiting: [...plan.waiting, ...plan.jobs.map(({ delivery }) => ({ delivery, lane: "deliveries" as const }))],
});

const NOTHING_ATTEMPTED: Dispatched = { settled: [], states: [], disable: [], reschedule: [], attempts: 0 };

const attempt = (plans: readonly Plan[], context: BatchContext | null, ports: ConsumerPorts): Promise<Dispatched> =>
  dispatch(
    plans.flatMap(({ jobs }) => jobs),
    "events",
    context?.states ?? new Map<string, DestinationState>(),
    ports,
  );

/** Brings each event together with what its attempts came to. */
function conclude(plans: readonly Plan[], { settled, ...effects }: Dispatched): Concluded {
  const settledOf = new Map(settled.map((one) => [one.delivery.id, one]));
  return {
    ...effects,
    conclusions: plans.map(({ received: { incoming, message }, duplicateOf, waiting, jobs, ignored }) => {
      const attempted = jobs.flatMap((job: Job) => {
        const own = settledOf.get(job.delivery.id);
        return own === undefined ? [] : [{ ...job, ...own }];
      });
      const deliveries = [...waiting, ...attempted];
      return {
        incoming,
        journal: message.journal,
        first: {
          event: duplicateOf === null ? message.event : { ...message.event, duplicate_of: duplicateOf },
          deliveries: deliveries.map(({ delivery }) => delivery),
          ignored,
        },
        settlement: null,
        deliveries,
        endings: attempted,
      };
    }),
  };
}
