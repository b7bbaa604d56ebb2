// The health of each source of a page: what it accepted and refused of late. A few queries for all of them.
import { byHealth } from "../model/health.ts";
import { sourceSpecSchema } from "../model/source.ts";
import { readSpec } from "../model/stored-spec.ts";
import { awaitsSecret } from "../model/verification.ts";
import { readSourceStates, type RecordOf, type SourceState } from "../store/index.ts";
import type { ApiDeps } from "./deps.ts";

type SourceRecord = RecordOf<"sources">;
/** The state of one of the sources, which was read for all. */
export type StateOfSource = (record: SourceRecord) => SourceState;

export async function readStates(deps: Pick<ApiDeps, "databases" | "now">): Promise<StateOfSource> {
  const stateOf = await readSourceStates(deps.databases(), deps.now());
  return ({ id, spec }) => {
    const { enabled, verification } = readSpec(sourceSpecSchema, spec);
    return stateOf({ id, enabled, awaitsSecret: awaitsSecret(verification) });
  };
}

/** The worst first, then the busiest. */
export const rankSources = (records: readonly SourceRecord[], stateOf: StateOfSource): SourceRecord[] =>
  records
    .map((record) => {
      const { health, recent } = stateOf(record);
      return { record, slug: record.slug, health, load: recent.accepted + recent.refused };
    })
    .sort(byHealth)
    .map(({ record }) => record);

/** The views with the health added. @param views in the order of the records @param earlier what was read to put them in their order */
export async function withSourceStates(
  deps: Pick<ApiDeps, "databases" | "now">,
  records: readonly SourceRecord[],
  views: readonly object[],
  earlier?: StateOfSource,
): Promise<object[]> {
  const stateOf = earlier ?? (await readStates(deps));
  return records.map((record, index) => ({ ...views[index], ...stateOf(record) }));
}
