// The state of each destination of a page: one query for all of them, and one gate call for each that has limits or trouble.
import { toInstantOrNull } from "../kernel/clock.ts";
import { statesById, statesStatement, type RecordOf, readDestination } from "../store/index.ts";
import type { ApiDeps } from "./deps.ts";

/** The views with `state` added. @param views in the order of the records */
export async function withStates(
  deps: Pick<ApiDeps, "db" | "inspectGate">,
  records: readonly RecordOf<"destinations">[],
  views: readonly object[],
): Promise<object[]> {
  const states = statesById((await statesStatement(deps.db).all()).results);
  return Promise.all(
    records.map(async (record, index) => {
      const destination = readDestination(record.id, record.spec, record.paused);
      const known = states.get(record.id);
      // Without limits and without trouble a gate has nothing to report.
      const asks = destination.rate_limit != null || destination.max_concurrency != null || known !== undefined;
      const gate = asks ? await deps.inspectGate(destination).catch(() => null) : null;
      const rate = gate?.rate_in_use ?? null;
      return {
        ...views[index],
        state: {
          circuit: gate?.circuit ?? known?.circuit ?? "closed",
          circuit_open_until: toInstantOrNull(gate?.open_until ?? known?.open_until),
          paused_until: toInstantOrNull(gate?.pause_until ?? known?.pause_until),
          lane: known?.lane ?? "normal",
          consecutive_failures: gate?.consecutive_failures ?? known?.failures ?? 0,
          throttled: gate?.throttled ?? known?.throttled ?? false,
          rate_per_second: rate === null ? null : Number(rate.toPrecision(4)),
        },
      };
    }),
  );
}
