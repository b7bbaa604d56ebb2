// Failures counted by destination and cause, in the D1 batch that records them: one row for each destination and cause of a batch, and none for a batch
// without failures.
import { MAX_ISSUES, MAX_ISSUES_PER_DESTINATION } from "../config/record-limits.ts";
import type { Writes } from "../delivery/index.ts";
import { failureCause, OTHER_CAUSE } from "../model/issue.ts";
import type { Delivery } from "../model/delivery.ts";
import { deliveryCounts, type Counts } from "../stats/index.ts";
import { COUNTS_IF } from "./counters.ts";
import { issues } from "./schema.ts";
import { insertSelect, jsonParameters } from "./statements.ts";

/** A failure, with the condition of `COUNTS_IF`. Callbacks have no issues: their hosts are without number. */
function failure(delivery: Delivery, counts: Counts, condition: object): readonly object[] {
  const { id, destination_id, created_at } = delivery;
  const cause = failureCause(delivery, counts);
  if (cause === null || destination_id?.startsWith("dst_") !== true) return [];
  return [{ ...condition, destination: destination_id, cause, id, created_at }];
}

/** A cause of its own where the destination has room for it. */
const OWN = `known OR (kept + ROW_NUMBER() OVER (PARTITION BY destination, known ORDER BY cause) <= ${MAX_ISSUES_PER_DESTINATION}
  AND (SELECT COUNT(*) FROM issues) < ${MAX_ISSUES})`;

const OPEN = "issues.closed_at IS NULL";

/** Counts the failures that these writes record, and opens issues. Must precede them in the same batch, as `countStatements`. */
export function issueStatements(
  db: D1Database,
  { firsts, settlements }: Pick<Writes, "firsts" | "settlements">,
  now: number,
): D1PreparedStatement[] {
  const failures = [
    ...firsts.flatMap(({ event, deliveries }) =>
      deliveries.flatMap((one) => failure(one, deliveryCounts(null, one, 0), { event: event.id })),
    ),
    ...settlements.flatMap(({ delivery, claim, counts = {} }) =>
      failure(delivery, counts, { delivery: delivery.id, claim }),
    ),
  ];
  return jsonParameters(failures).map((json) =>
    db
      .prepare(
        `${insertSelect(issues, {
          destination_id: "destination",
          cause: "placed",
          count: "SUM(n)",
          first_seen_at: "?2",
          last_seen_at: "?2",
          affected_from: "MIN(oldest)",
          last_delivery_id: "MAX(latest)",
          reopened: 0,
        })} FROM (
           SELECT *, CASE WHEN ${OWN} THEN cause ELSE '${OTHER_CAUSE}' END AS placed FROM (
             SELECT e.value ->> '$.destination' AS destination, e.value ->> '$.cause' AS cause, COUNT(*) AS n,
               MIN(e.value ->> '$.created_at') AS oldest, MAX(e.value ->> '$.id') AS latest,
               EXISTS (SELECT 1 FROM issues i WHERE i.destination_id = e.value ->> '$.destination' AND i.cause = e.value ->> '$.cause') AS known,
               (SELECT COUNT(*) FROM issues i WHERE i.destination_id = e.value ->> '$.destination' AND i.cause <> '${OTHER_CAUSE}') AS kept
             FROM json_each(?1) e WHERE ${COUNTS_IF} GROUP BY 1, 2))
         WHERE true GROUP BY destination, placed
         ON CONFLICT DO UPDATE SET
           count = iif(${OPEN}, issues.count, 0) + excluded.count,
           first_seen_at = iif(${OPEN}, issues.first_seen_at, excluded.first_seen_at),
           affected_from = iif(${OPEN}, MIN(issues.affected_from, excluded.affected_from), excluded.affected_from),
           last_seen_at = MAX(issues.last_seen_at, excluded.last_seen_at), last_delivery_id = excluded.last_delivery_id,
           reopened = issues.reopened + NOT (${OPEN}), acknowledged_at = iif(${OPEN}, issues.acknowledged_at, NULL),
           closed_at = NULL, closed_by = NULL`,
      )
      .bind(json, now),
  );
}
