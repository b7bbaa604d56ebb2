// Counters: one row per minute, source and destination. They are written in the D1 batch that records what they count, and count only what
// that batch changes. counter-rollup.ts adds them up to hours, days and totals.
import { MINUTE_MS } from "../kernel/durations.ts";
import { countedDestination, deliveryCounts, eventCounts, type Counts } from "../stats/index.ts";
import { COUNTED, learnTypes } from "./counted-types.ts";
import { counters } from "./schema.ts";
import { insertSelect, jsonParameters } from "./statements.ts";
import type { Writes } from "../delivery/index.ts";
import { FINAL } from "./status-lists.ts";

/** The stored counts plus the new ones, by name. */
export const MERGED = `(SELECT json_group_object(key, n) FROM (SELECT key, SUM(value) AS n FROM (
  SELECT key, value FROM json_each(counters.counts) UNION ALL SELECT key, value FROM json_each(excluded.counts)) GROUP BY key))`;

/** Inserts one row for each `source` and `destination` of what follows, with the sums `n` of each `key`. */
export const insertSums = (step: number, at: number | string, counts = "json_group_object(key, n)"): string =>
  insertSelect(counters, { step, at, source_id: "source", destination_id: "destination", counts });

/** Counts to add: if `event` is not on record yet, or if `delivery` is still claimed by `claim`; without both, always. */
interface Entry {
  readonly source: string;
  readonly destination: string;
  readonly counts: Counts;
  readonly event?: string;
  readonly delivery?: string;
  readonly claim?: number;
}

/** Whether what `e` counts is not on record yet. */
export const COUNTS_IF = `CASE
  WHEN e.value ->> '$.event' IS NOT NULL THEN NOT EXISTS (SELECT 1 FROM events v WHERE v.id = e.value ->> '$.event')
  WHEN e.value ->> '$.delivery' IS NOT NULL THEN EXISTS (SELECT 1 FROM deliveries d WHERE d.id = e.value ->> '$.delivery'
    AND d.claimed_until = e.value ->> '$.claim' AND d.status NOT IN ${FINAL})
  ELSE true END`;

const statements = (db: D1Database, entries: readonly Entry[], now: number): D1PreparedStatement[] =>
  jsonParameters(entries).map((json) =>
    db
      .prepare(
        `${insertSums(MINUTE_MS, "?2")} FROM (
           SELECT e.value ->> '$.source' AS source, e.value ->> '$.destination' AS destination, ${COUNTED} AS key, SUM(c.value) AS n
           FROM json_each(?1) e, json_each(e.value, '$.counts') c WHERE ${COUNTS_IF} GROUP BY 1, 2, 3)
         WHERE true GROUP BY source, destination
         ON CONFLICT DO UPDATE SET counts = ${MERGED}`,
      )
      .bind(json, Math.floor(now / MINUTE_MS) * MINUTE_MS),
  );

/** Counts what these writes will change. Must precede them in the same batch, as it compares with what is on record. */
export function countStatements(
  db: D1Database,
  { firsts, settlements }: Pick<Writes, "firsts" | "settlements">,
  now: number,
): D1PreparedStatement[] {
  const entries: Entry[] = [];
  for (const { event, deliveries } of firsts) {
    const source = event.source_id ?? "";
    entries.push({ source, destination: "", counts: eventCounts(event, deliveries.length), event: event.id });
    for (const delivery of deliveries) {
      const destination = countedDestination(delivery.destination_id);
      entries.push({ source, destination, counts: deliveryCounts(null, delivery, 0), event: event.id });
    }
  }
  for (const { delivery, claim, counts = {} } of settlements) {
    if (Object.keys(counts).length === 0) continue;
    const destination = countedDestination(delivery.destination_id);
    entries.push({ source: delivery.source_id ?? "", destination, counts, delivery: delivery.id, claim });
  }
  return [...learnTypes(db, firsts), ...statements(db, entries, now)];
}

/** Counts refused requests, by source. */
export const rejectionCountStatements = (
  db: D1Database,
  refused: ReadonlyMap<string, number>,
  now: number,
): D1PreparedStatement[] =>
  statements(
    db,
    [...refused].map(([source, rejected]) => ({ source, destination: "", counts: { rejected } })),
    now,
  );

/**
 * Counts deliveries that a later statement of the same batch ends. No consumer has claimed them.
 * @param where a condition on `deliveries`, with `?1` for `bound` and `?2` for the time
 */
export const endCountStatement = (
  db: D1Database,
  status: "dead" | "cancelled",
  where: string,
  bound: string,
  now: number,
): D1PreparedStatement =>
  db
    .prepare(
      `${insertSums(MINUTE_MS, `?2 - ?2 % ${MINUTE_MS}`, `json_object('${status}', n)`)} FROM (
         SELECT COALESCE(source_id, '') AS source, CASE WHEN destination_id LIKE 'callback\\_%' ESCAPE '\\' THEN 'callbacks' ELSE COALESCE(destination_id, '') END AS destination,
           COUNT(*) AS n FROM deliveries WHERE ${where} GROUP BY 1, 2)
       WHERE true ON CONFLICT DO UPDATE SET counts = ${MERGED}`,
    )
    .bind(bound, now);
