// Routes each event of a batch: over the connections that match it, or directly to the destinations that it names. Duplicates are not
// delivered. Makes no attempt. The message of an event whose routes or body cannot be read now comes back.
import { MAX_OPEN_BODIES } from "../../config/limits.ts";
import { partition, runPool } from "../../kernel/pool.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { EventId } from "../../model/ids.ts";
import type { Ignored } from "../../model/ignored.ts";
import type { EventMessage } from "../../model/message.ts";
import type { RouteDocument } from "../../model/route.ts";
import type { UsedRoute } from "../../routing/index.ts";
import { describeError } from "../../telemetry/index.ts";
import { deferForBatch, waitsForBatch } from "../batch/request-groups.ts";
import { putOff } from "../outcome/transitions.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { BatchContext, Ending, Job, Settled } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Conclusion, Received } from "./conclusion.ts";
import { isDirect, planDirect } from "./direct.ts";
import { matchEvent, NO_SOURCE } from "./match-event.ts";

/** The plan for one event. */
export interface Plan {
  readonly received: Received<EventMessage>;
  /** The event that it repeats; null for the first of its kind. */
  readonly duplicateOf: EventId | null;
  /** Deliveries that need no attempt now. */
  readonly waiting: readonly Settled[];
  /** Deliveries to attempt now. */
  readonly jobs: readonly Job[];
  readonly ignored: readonly Ignored[];
}

/** What is recorded for an event after its jobs were attempted. */
export function concludeEvent(
  { received: { incoming, message }, duplicateOf, waiting, ignored }: Plan,
  attempted: readonly (Settled & Ending)[],
): Conclusion {
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
}

type Routed = Pick<Plan, "jobs" | "ignored"> & { readonly waiting: readonly Delivery[] };

export async function route(
  fresh: readonly Received<EventMessage>[],
  context: BatchContext | null,
  ports: ConsumerPorts,
): Promise<Plan[]> {
  const documents = await readDocuments(fresh, context, ports);
  const origins = await ports.firstEvents(fresh.map(({ message }) => message.event));
  const plans = new Map<Received<EventMessage>, Plan>();
  await runPool(fresh, MAX_OPEN_BODIES, async (received) => {
    const { event } = received.message;
    const origin = origins.get(event.id) ?? event.id;
    if (!isDirect(event) && origin !== event.id) {
      // It is only recorded: the event that it repeats has been or is being delivered.
      plans.set(received, { received, duplicateOf: origin, waiting: [], jobs: [], ignored: [] });
      return;
    }
    const routed = isDirect(event)
      ? routeDirect(received, context, ports)
      : await routeByConnections(received, documents.get(event.source_id ?? ""), context, ports);
    if (routed !== null) plans.set(received, buildPlan(received, routed, context, ports.now()));
  });
  return fresh.flatMap((received) => plans.get(received) ?? []);
}

/** Route documents by source id; none where they cannot be read now. */
async function readDocuments(
  fresh: readonly Received<EventMessage>[],
  context: BatchContext | null,
  ports: ConsumerPorts,
): Promise<ReadonlyMap<string, RouteDocument>> {
  const routed = fresh.filter(({ message }) => !isDirect(message.event));
  try {
    return await ports.routes(usedRoutes(routed), context?.versions ?? null);
  } catch (error) {
    ports.log.error("routes unreadable", { error: describeError(error) });
    return new Map();
  }
}

/** By source id, the oldest document by which one of the events was accepted. */
function usedRoutes(routed: readonly Received<EventMessage>[]): ReadonlyMap<string, UsedRoute> {
  const used = new Map<string, UsedRoute>();
  for (const { message } of routed) {
    const id = message.event.source_id ?? "";
    const one = { slug: message.source_slug, version: message.route_version ?? null };
    if (one.version === null ? !used.has(id) : one.version < (used.get(id)?.version ?? Infinity)) used.set(id, one);
  }
  return used;
}

/** Null where the destinations cannot be read: the message comes back. */
function routeDirect(
  { incoming, message: { event } }: Received<EventMessage>,
  context: BatchContext | null,
  ports: ConsumerPorts,
): Routed | null {
  if (context === null) {
    incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
    return null;
  }
  const { jobs, settled } = planDirect(event, context, ports.now());
  return {
    waiting: settled,
    jobs: jobs.map((job) => ({ ...job, event, sourceSlug: null, connection: null })),
    ignored: [],
  };
}

/** Null where routes or body cannot be read, which is no fault of the event: the message comes back. */
async function routeByConnections(
  { incoming, message: { event, source_slug: sourceSlug } }: Received<EventMessage>,
  document: RouteDocument | undefined,
  context: BatchContext | null,
  ports: ConsumerPorts,
): Promise<Routed | null> {
  const isGone = document === undefined && context !== null && !context.versions.has(event.source_id ?? "");
  const matched = isGone ? NO_SOURCE : await matchEvent(event, document, ports);
  if (matched === null) {
    incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
    return null;
  }
  const [later, now] = partition(matched.matches, ({ delivery }) => delivery.status === "scheduled");
  return {
    waiting: [...later.map(({ delivery }) => delivery), ...matched.unreadable.map((one) => putOff(one, ports.now()))],
    jobs: now.map(({ delivery, route: way }) => ({ delivery, event, sourceSlug, ...way })),
    ignored: matched.ignored,
  };
}

function buildPlan(
  received: Received<EventMessage>,
  { waiting, jobs, ignored }: Routed,
  context: BatchContext | null,
  now: number,
): Plan {
  const [gathering, ready] = partition(jobs, waitsForBatch);
  const laneOf = ({ destination }: Job) =>
    context?.states.get(destination.id)?.lane === "slow" ? ("slow" as const) : ("deliveries" as const);
  return {
    received,
    duplicateOf: null,
    waiting: [
      ...waiting.map((delivery) => ({ delivery, lane: "deliveries" as const })),
      ...gathering.map((job) => deferForBatch(job, laneOf(job), now)),
    ],
    jobs: ready,
    ignored,
  };
}
