// The state of each destination of a page: some queries for all of them, and one gate call for each that has limits or trouble. With how many deliveries
// wait for it where that is wanted: one more query.
import { toInstantOrNull } from "../kernel/clock.ts";
import { MAX_LISTED_DEAD } from "../config/record-limits.ts";
import { byHealth } from "../model/health.ts";
import {
  countAllWaiting,
  judgeKnown,
  readDestination,
  readKnown,
  recentOf,
  type KnownDestinations,
  type RecordOf,
} from "../store/index.ts";
import type { ApiDeps } from "./deps.ts";

type Deps = Pick<ApiDeps, "databases" | "inspectGate" | "now">;
type DestinationRecord = RecordOf<"destinations">;

/** The worst first, then the busiest; by what D1 knows, without asking a gate. */
export async function rankDestinations(
  deps: Omit<Deps, "inspectGate">,
  records: readonly DestinationRecord[],
): Promise<{ readonly records: DestinationRecord[]; readonly known: KnownDestinations }> {
  const now = deps.now();
  const ids = records.map(({ id }) => id);
  const known = await readKnown(deps.databases(), ids, 1, now);
  const ranked = records
    .map((record) => ({
      record,
      slug: record.slug,
      load: recentOf(known, record.id).attempts,
      health: judgeKnown(known, record, null, now).health,
    }))
    .sort(byHealth);
  return { records: ranked.map(({ record }) => record), known };
}

/**
 * The views with state and health added, and `waiting` where it is wanted.
 * @param views in the order of the records
 * @param earlier what was read to put them in their order
 */
export async function withStates(
  deps: Deps,
  records: readonly DestinationRecord[],
  views: readonly object[],
  withWaiting: boolean,
  earlier: KnownDestinations | null,
): Promise<object[]> {
  const ids = records.map(({ id }) => id);
  const now = deps.now();
  const [known, waiting] = await Promise.all([
    readKnown(deps.databases(), ids, MAX_LISTED_DEAD, now, earlier),
    withWaiting ? countAllWaiting(deps.databases()) : null,
  ]);
  return Promise.all(
    records.map(async (record, index) => {
      const destination = readDestination(record.id, record.spec, record.paused);
      const state = known.states.get(record.id);
      // Without limits and without trouble a gate has nothing to report.
      const asks = destination.rate_limit != null || destination.max_concurrency != null || state !== undefined;
      const gate = asks ? await deps.inspectGate(destination).catch(() => null) : null;
      const rate = gate?.rate_in_use ?? null;
      return {
        ...views[index],
        ...(waiting !== null && { waiting: waiting[record.id] ?? 0 }),
        ...judgeKnown(known, record, gate, now),
        recent: recentOf(known, record.id),
        dead: known.dead[record.id] ?? 0,
        state: {
          circuit: gate?.circuit ?? state?.circuit ?? "closed",
          circuit_open_until: toInstantOrNull(gate?.open_until ?? state?.open_until),
          paused_until: toInstantOrNull(gate?.pause_until ?? state?.pause_until),
          lane: state?.lane ?? "normal",
          consecutive_failures: gate?.consecutive_failures ?? state?.failures ?? 0,
          throttled: gate?.throttled ?? state?.throttled ?? false,
          rate_per_second: rate === null ? null : Number(rate.toPrecision(4)),
        },
      };
    }),
  );
}
