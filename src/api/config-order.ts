// The order of the lists of sources and destinations: newest first, or by health.
import { MAX_JUDGED } from "../config/record-limits.ts";
import { readStoredSpec } from "../management/index.ts";
import { readable } from "../model/readable.ts";
import { listConfig, type ConfigFilter, type Kind, type KnownDestinations, type RecordOf } from "../store/index.ts";
import type { ApiDeps } from "./deps.ts";
import { rankDestinations } from "./destination-states.ts";
import type { PageQuery } from "./query.ts";
import { rankSources, readStates, type StateOfSource } from "./source-states.ts";

export const ORDERS = ["newest", "health"] as const;

/** What was read to put records in their order: it need not be read again to show them. */
interface States {
  readonly sources?: StateOfSource;
  readonly destinations?: KnownDestinations;
}

export const legible = <R extends RecordOf<Kind>>(kind: Kind, rows: readonly R[]): R[] =>
  readable(rows, (row) => ({ row, spec: readStoredSpec(kind, row.spec) })).map(({ row }) => row);

/** The rows of a page and one more, where there is one. By health it orders a bounded number of the newest. */
export async function listRows(
  deps: ApiDeps,
  kind: Kind,
  { limit, before }: PageQuery,
  order: (typeof ORDERS)[number],
  filter: ConfigFilter,
): Promise<{ readonly rows: readonly RecordOf<Kind>[]; readonly states: States }> {
  if (order === "newest" || kind === "connections")
    return { rows: await listConfig(deps.db, kind, limit + 1, before, filter), states: {} };
  const { records, states } = await rank(
    deps,
    kind,
    legible(kind, await listConfig(deps.db, kind, MAX_JUDGED, null, filter)),
  );
  const last = records.findIndex(({ id }) => id === before);
  // The cursor is the last row of the page before. Where that was deleted meanwhile, there is no next page.
  const from = before === null ? 0 : last < 0 ? records.length : last + 1;
  return { rows: records.slice(from, from + limit + 1), states };
}

async function rank(
  deps: ApiDeps,
  kind: "sources" | "destinations",
  all: readonly RecordOf<Kind>[],
): Promise<{ readonly records: readonly RecordOf<Kind>[]; readonly states: States }> {
  if (kind === "sources") {
    const stateOf = await readStates(deps);
    return { records: rankSources(all as RecordOf<"sources">[], stateOf), states: { sources: stateOf } };
  }
  const { records, known } = await rankDestinations(deps, all as RecordOf<"destinations">[]);
  return { records, states: { destinations: known } };
}
