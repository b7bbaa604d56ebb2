// Which types of events are counted by name: of each source the ones that came first, so that hostile types cost no more than a bounded number of
// names, and a type keeps its count for ever. They are a row of the counters, which is written only when a type is new.
import { MAX_COUNTED_TYPES } from "../config/record-limits.ts";
import type { Writes } from "../delivery/index.ts";
import { OTHER_TYPES, typeCount } from "../stats/index.ts";
import { counters } from "./schema.ts";
import { insertSelect, jsonParameters } from "./statements.ts";

const STEP = -1;

/** A count's name `c.key` of an event `e`, or the name of all types without a count of their own. Follows `learnTypes` in the same batch. */
export const COUNTED = `CASE WHEN c.key GLOB '${OTHER_TYPES}*' AND NOT EXISTS (SELECT 1 FROM counters k
    WHERE k.step = ${STEP} AND k.at = 0 AND k.source_id = e.value ->> '$.source' AND k.destination_id = ''
      AND json_type(k.counts, '$."' || c.key || '"') IS NOT NULL) THEN '${OTHER_TYPES}' ELSE c.key END`;

const IS_NEW = `json_type(counters.counts, '$."' || key || '"') IS NULL`;

/** Learns the types of events that are recorded, as far as there is room. */
export function learnTypes(db: D1Database, firsts: Writes["firsts"]): D1PreparedStatement[] {
  const known = new Map<string, Set<string>>();
  for (const { event } of firsts) {
    const name = event.event_type == null ? OTHER_TYPES : typeCount(event.event_type);
    const names = known.get(event.source_id ?? "") ?? new Set();
    if (name !== OTHER_TYPES && names.size < MAX_COUNTED_TYPES) known.set(event.source_id ?? "", names.add(name));
  }
  const rows = [...known].map(([source, names]) => ({
    source,
    counts: Object.fromEntries([...names].map((name) => [name, 0])),
  }));
  return jsonParameters(rows).map((json) =>
    db
      .prepare(
        `${insertSelect(counters, {
          ...{
            step: STEP,
            at: 0,
            source_id: "value ->> '$.source'",
            destination_id: "''",
            counts: "value -> '$.counts'",
          },
        })}
         FROM json_each(?1) WHERE true ON CONFLICT DO UPDATE SET counts = (SELECT json_group_object(key, 0) FROM (
           SELECT 0 AS later, id, key FROM json_each(counters.counts)
           UNION ALL SELECT 1, id, key FROM json_each(excluded.counts) WHERE ${IS_NEW} ORDER BY 1, 2 LIMIT ${MAX_COUNTED_TYPES}))
         WHERE (SELECT COUNT(*) FROM json_each(counters.counts)) < ${MAX_COUNTED_TYPES}
           AND EXISTS (SELECT 1 FROM json_each(excluded.counts) WHERE ${IS_NEW})`,
      )
      .bind(json),
  );
}
