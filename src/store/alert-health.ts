// What alerts about health compare: the same judgement that lists and pages show. A bounded number of sources or destinations.
import { MAX_JUDGED } from "../config/record-limits.ts";
import type { AlertSpec, Reading } from "../model/alert.ts";
import { judgeKnown, readKnown, readSourceStates } from "./health.ts";

type HealthRows = Extract<Reading, { kind: "health" }>["rows"];
type Named = HealthRows[number] & { readonly id: string };

/** @param databases the first one has the configuration */
async function readDestinations(databases: readonly D1Database[], now: number): Promise<Named[]> {
  const { results } = await newest<{ paused: number }>(databases, "destinations", "paused");
  const known = await readKnown(databases, [], 0, now);
  return results.map((row) => ({ id: row.id, name: row.slug, health: judgeKnown(known, row, null, now).health }));
}

async function readSources(databases: readonly D1Database[], now: number): Promise<Named[]> {
  const { results } = await newest<{ enabled: number; awaits: number | null }>(
    databases,
    "sources",
    "spec ->> '$.enabled' AS enabled, json_array_length(spec, '$.verification.secrets') = 0 AS awaits",
  );
  const stateOf = await readSourceStates(databases, now);
  return results.map(({ id, slug, enabled, awaits }) => ({
    id,
    name: slug,
    health: stateOf({ id, enabled: enabled === 1, awaitsSecret: awaits === 1 }).health,
  }));
}

async function newest<T>(
  [db]: readonly D1Database[],
  table: "sources" | "destinations",
  column: string,
): Promise<D1Result<T & { readonly id: string; readonly slug: string }>> {
  if (db === undefined) throw new Error("the record has no database");
  return db.prepare(`SELECT id, slug, ${column} FROM ${table} ORDER BY id DESC LIMIT ${MAX_JUDGED}`).all();
}

/** The readings with those of rules about health filled in. */
export async function withHealth(
  databases: readonly D1Database[],
  specs: readonly AlertSpec[],
  readings: readonly Reading[],
  now: number,
): Promise<Reading[]> {
  const wants = (type: AlertSpec["rule"]["type"]): boolean => specs.some(({ rule }) => rule.type === type);
  const destinations = wants("destination_failing") ? await readDestinations(databases, now) : [];
  const sources = wants("source_refusing") ? await readSources(databases, now) : [];
  return readings.map((reading, index): Reading => {
    const spec = specs[index];
    if (spec?.rule.type === "destination_failing") return limitedTo(destinations, spec.destination);
    return spec?.rule.type === "source_refusing" ? limitedTo(sources, spec.source) : reading;
  });
}

const limitedTo = (rows: readonly Named[], id: string | null): Reading => ({
  kind: "health",
  rows: rows.filter((row) => id === null || row.id === id),
});
