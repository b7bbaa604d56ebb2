// Counters: one row per minute, source and destination, written in the D1 batch that records what they count, and only for what that batch
// really changes. Rolled up to hours, days and totals by counter-rollup.ts.
import { MINUTE_MS } from "../kernel/durations.ts";
import { countedDestination, deliveryCounts, eventCounts, type Counts } from "../stats/index.ts";
import { jsonParameters } from "./statements.ts";
import type { Writes } from "../delivery/index.ts";
import { FINAL } from "./status-lists.ts";

/** Sums by name: what the table has under this key and what comes in. */
export const MERGED = `(SELECT json_group_object(key, n) FROM (SELECT key, SUM(value) AS n FROM (
  SELECT key, value FROM json_each(counters.counts) UNION ALL SELECT key, value FROM json_each(excluded.counts)) GROUP BY key))`;

/** One thing to be counted. It counts if `event` is not on record yet, or `delivery` is still under `claim`; without either always. */
interface Entry {
  readonly source: string;
  readonly destination: string;
  readonly counts: Counts;
  readonly event?: string;
  readonly delivery?: string;
  readonly claim?: number;
}

const COUNTS_IF = `CASE
  WHEN e.value ->> '$.event' IS NOT NULL THEN NOT EXISTS (SELECT 1 FROM events v WHERE v.id = e.value ->> '$.event')
  WHEN e.value ->> '$.delivery' IS NOT NULL THEN EXISTS (SELECT 1 FROM deliveries d WHERE d.id = e.value ->> '$.delivery'
    AND d.claimed_until = e.value ->> '$.claim' AND d.status NOT IN ${FINAL})
  ELSE true END`;

const statements = (db: D1Database, entries: readonly Entry[], now: number): D1PreparedStatement[] =>
  jsonParameters(entries).map((json) =>
    db
      .prepare(
        `INSERT INTO counters (step, at, source_id, destination_id, counts)
         SELECT ${MINUTE_MS}, ?2, source, destination, json_group_object(key, n) FROM (
           SELECT e.value ->> '$.source' AS source, e.value ->> '$.destination' AS destination, c.key AS key, SUM(c.value) AS n
           FROM json_each(?1) e, json_each(e.value, '$.counts') c WHERE ${COUNTS_IF} GROUP BY 1, 2, 3)
         WHERE true GROUP BY source, destination
         ON CONFLICT DO UPDATE SET counts = ${MERGED}`,
      )
      .bind(json, Math.floor(now / MINUTE_MS) * MINUTE_MS),
  );

/** What these writes will change. To run before them, in the same batch: it looks at what there is. */
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
  return statements(db, entries, now);
}

/** Refused requests, by source. */
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
 * Deliveries that a statement which follows in the same batch ends. None of them is in a consumer's hands.
 * @param where a condition on `deliveries`; `?1` is what `bound` holds, `?2` the time
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
      `INSERT INTO counters (step, at, source_id, destination_id, counts)
       SELECT ${MINUTE_MS}, ?2 - ?2 % ${MINUTE_MS}, source, destination, json_object('${status}', n) FROM (
         SELECT COALESCE(source_id, '') AS source, CASE WHEN destination_id LIKE 'callback\\_%' ESCAPE '\\' THEN 'callbacks' ELSE COALESCE(destination_id, '') END AS destination,
           COUNT(*) AS n FROM deliveries WHERE ${where} GROUP BY 1, 2)
       WHERE true ON CONFLICT DO UPDATE SET counts = ${MERGED}`,
    )
    .bind(bound, now);
