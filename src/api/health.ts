// The health of a destination: the state of its gate, its backlog, the outcome of its latest deliveries.
import { toInstant, toInstantOrNull } from "../kernel/clock.ts";
import type { Delivery } from "../model/delivery.ts";
import { eventIdOf, type DestinationId } from "../model/ids.ts";
import type { Page } from "../record/index.ts";
import {
  findConfig,
  judgeKnown,
  nextDueOfAll,
  oldestOfAll,
  readBacklogs,
  readDestination,
  readKnown,
  recentOf,
} from "../store/index.ts";
import type { ApiDeps } from "./deps.ts";
import { Problem } from "../model/problem.ts";
import type { Named } from "./openapi/client-types.ts";
import { summarize } from "./summary.ts";

/**
 * How many of the latest deliveries its figures are of, how many entries of segments are examined for a page of them, and how many pages where these
 * hold too few.
 */
const SAMPLE = { deliveries: 200, entries: 400, pages: 3, enough: 20 };

/** The latest ones. A destination that had none of late is looked for further back. */
async function readSample({ record }: ApiDeps, destination_id: DestinationId): Promise<readonly Delivery[]> {
  const found: Delivery[] = [];
  let to: string | null = "dlv_~";
  for (let page = 1; to !== null && page <= SAMPLE.pages && found.length < SAMPLE.enough; page++) {
    const { rows, next }: Page<Delivery> = await record.deliveries(
      { destination_id, from: "dlv_", to },
      SAMPLE.deliveries,
      SAMPLE.entries,
    );
    found.push(...rows);
    to = next;
  }
  return found;
}

/** How many of the deliveries that wait it names. */
const SHOWN_DUE = 10;

/** @param name an id or a slug @throws `not_found` */
export async function readHealth(deps: ApiDeps, name: string): Promise<Named<"Health">> {
  const record = await findConfig(deps.db, "destinations", name);
  if (record === null) throw new Problem("not_found", "There is no such destination.");
  const destination = readDestination(record.id, record.spec, record.paused);
  const [gate, backlog, oldest, listeners, recent, known, due] = await Promise.all([
    deps.inspectGate(destination).catch(() => null),
    readBacklogs(deps.databases(), record.id),
    oldestOfAll(deps.databases(), record.id),
    destination.type === "listener" ? deps.countListeners(record.id).catch(() => null) : null,
    readSample(deps, destination.id),
    readKnown(deps.databases(), [record.id], 1, deps.now()),
    nextDueOfAll(deps.databases(), record.id, SHOWN_DUE),
  ]);
  const rate = gate?.rate_in_use ?? null;
  return {
    destination: record.id,
    slug: record.slug,
    ...judgeKnown(known, record, gate, deps.now()),
    paused: destination.paused,
    lane: known.states.get(record.id)?.lane ?? "normal",
    circuit: gate?.circuit ?? "unknown",
    circuit_reason: gate?.circuit_reason ?? null,
    circuit_opened_at: toInstantOrNull(gate?.opened_at),
    circuit_open_until: toInstantOrNull(gate?.open_until),
    paused_until: toInstantOrNull(gate?.pause_until),
    consecutive_failures: gate?.consecutive_failures ?? null,
    pace: {
      rate_limit: destination.rate_limit,
      max_concurrency: destination.max_concurrency,
      adaptive: destination.adaptive,
      throttled: gate?.throttled ?? null,
      rate_per_second: rate === null ? null : Number(rate.toPrecision(4)),
      tokens: gate?.tokens ?? null,
      in_use: gate?.leases_in_use ?? null,
      next_free_at: toInstantOrNull(gate?.next_free_at),
    },
    listeners,
    backlog,
    oldest_waiting: oldest === null ? null : { id: oldest.id, created_at: toInstant(oldest.created_at) },
    next_due: due.map(({ id, status, next_attempt_at, deferred_by }) => ({
      event: eventIdOf(id),
      delivery: id,
      status,
      next_attempt_at: toInstantOrNull(next_attempt_at),
      deferred_by,
    })),
    ...summarize(await deps.record.attempted(recent), recentOf(known, record.id)),
  };
}
