// First attempts: reads the messages of accepted events, delivers them and records the results, in five steps.
import { partition } from "../../kernel/pool.ts";
import type { DestinationState } from "../../model/destination-state.ts";
import type { DeliveryId } from "../../model/ids.ts";
import type { EventMessage } from "../../model/message.ts";
import { delayAfter } from "../outcome/decide.ts";
import type { ConsumerPorts } from "../ports.ts";
import { dispatch } from "../run/dispatch.ts";
import type { BatchContext, Dispatched, Lane, Settled } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Concluded, Received } from "./conclusion.ts";
import { dropRecorded, leaveInQueue, readContext } from "./known-events.ts";
import { isUntouched, moveOn } from "./move-on.ts";
import { recordReturned, returns } from "./returned.ts";
import { concludeEvent, route, type Plan } from "./route.ts";
import { settle } from "./settle.ts";

export async function consumeEvents(
  batch: readonly Received<EventMessage>[],
  lane: Exclude<Lane, "deliveries" | "replays">,
  ports: ConsumerPorts,
): Promise<void> {
  const startedAt = ports.now();
  const context = await readContext(batch, ports);
  const fresh = await dropRecorded(batch, context, ports);
  if (context?.isFull === true) return leaveInQueue(fresh, ports);
  // Interruptions cannot be counted while D1 is down: returned messages are then attempted like all others.
  const [returned, first] = partition(fresh, (received) => context !== null && returns(received) > 0);
  const routed = await route(first, context, ports);
  const [spent, plans] = partition(routed, (plan) => context === null && hasSpentItsAttempts(plan));
  for (const { incoming } of spent.map(({ received }) => received))
    incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
  const counts = { attempts: 0, delivered: 0, moved_on: 0, waiting: 0 };
  const settled = new Map<DeliveryId, Settled>();
  let open: readonly Plan[] = plans;
  for await (const part of attempt(plans, lane, context, ports)) {
    for (const one of part.settled) settled.set(one.delivery.id, one);
    // An event is recorded as a whole: it waits for the last of its deliveries.
    const [over, rest] = partition(open, ({ jobs }) => jobs.every(({ delivery }) => settled.has(delivery.id)));
    open = rest;
    const [untouched, attempted] = partition(over, (plan) => isUntouched(plan, settled));
    const kept = await moveOn(untouched, settled, ports);
    counts.waiting += await settle(conclude([...attempted, ...kept], settled, part), ports);
    counts.moved_on += untouched.length - kept.length;
    counts.attempts += part.attempts;
    counts.delivered += part.settled.filter(({ delivery }) => delivery.status === "delivered").length;
  }
  if (context !== null) await recordReturned(returned, context, ports);
  ports.log.info("batch", {
    lane,
    messages: batch.length,
    events: plans.length,
    returned: returned.length,
    duplicates: plans.filter(({ duplicateOf }) => duplicateOf !== null).length,
    ...counts,
    d1: context !== null,
    duration_ms: ports.now() - startedAt,
  });
}

/** Whether it may have been sent as often as its destinations' policies allow, and nothing says so: neither D1 nor R2 took it. */
const hasSpentItsAttempts = ({ received, jobs }: Plan): boolean =>
  jobs.some(({ destination }) => delayAfter(destination.retry, returns(received)) === null);

const attempt = (
  plans: readonly Plan[],
  lane: Exclude<Lane, "deliveries" | "replays">,
  context: BatchContext | null,
  ports: ConsumerPorts,
): AsyncGenerator<Dispatched> =>
  dispatch(
    plans.flatMap(({ jobs }) => jobs),
    lane,
    context?.states ?? new Map<string, DestinationState>(),
    ports,
  );

/** Combines each event with the results of its attempts. */
function conclude(
  plans: readonly Plan[],
  settled: ReadonlyMap<DeliveryId, Settled>,
  { states, disable, reschedule, release }: Dispatched,
): Concluded {
  return {
    states,
    disable,
    reschedule,
    release,
    conclusions: plans.map((plan) =>
      concludeEvent(
        plan,
        plan.jobs.flatMap((job) => {
          const own = settled.get(job.delivery.id);
          return own === undefined ? [] : [{ ...job, ...own }];
        }),
      ),
    ),
  };
}
