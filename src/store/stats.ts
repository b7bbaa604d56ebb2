// Reads sums of the counters by time and group. Reads counters only, however many events there are.
import type { Counts, RollMarks } from "../stats/index.ts";
import { MINUTE_MS } from "../kernel/durations.ts";
import { stretchesOf, type StatsRange } from "../stats/index.ts";
import { marksStatement, rollMarks } from "./counter-rollup.ts";

export type GroupBy = "none" | "source" | "destination";

export interface CountFilter {
  readonly source_id: string | null;
  readonly destination_id: string | null;
}

export interface GroupedCounts {
  /** Beginning of the bucket, milliseconds since the epoch. */
  readonly at: number;
  /** Id of the source or destination; empty for none. */
  readonly grp: string;
  readonly counts: Counts;
}

const GROUP: Readonly<Record<GroupBy, string>> = { none: "''", source: "source_id", destination: "destination_id" };

export const readRollMarks = async (db: D1Database): Promise<RollMarks> =>
  rollMarks((await marksStatement(db).all()).results);

/** The stretches as rows of `counters`; `?1` source and `?2` destination, null for any. */
export const countersOf = (range: Pick<StatsRange, "from" | "to" | "step">, marks: RollMarks): string =>
  stretchesOf(range, marks)
    .map(
      ({ step, from, to }) =>
        `SELECT * FROM counters WHERE step = ${step} AND at >= ${from} AND at < ${to}
         AND (?1 IS NULL OR source_id = ?1) AND (?2 IS NULL OR destination_id = ?2)`,
    )
    .join(" UNION ALL ");

/** Sums by bucket and group, in order of time. @param groups of these only; null for all */
export async function readCounts(
  db: D1Database,
  range: StatsRange,
  marks: RollMarks,
  by: GroupBy,
  filter: CountFilter,
  groups: readonly string[] | null,
): Promise<GroupedCounts[]> {
  const { results } = await db
    .prepare(
      `SELECT at, grp, json_group_object(key, n) AS counts FROM (
         SELECT at - at % ?4 AS at, ${GROUP[by]} AS grp, j.key AS key, SUM(j.value) AS n
         FROM (${countersOf(range, marks)}) AS c, json_each(c.counts) j
         WHERE ?3 IS NULL OR ${GROUP[by]} IN (SELECT value FROM json_each(?3)) GROUP BY 1, 2, 3)
       GROUP BY at, grp ORDER BY at, grp`,
    )
    .bind(filter.source_id, filter.destination_id, groups === null ? null : JSON.stringify(groups), range.intervalMs)
    .all<{ at: number; grp: string; counts: string }>();
  return results.map((row) => ({ ...row, counts: JSON.parse(row.counts) as Counts }));
}

/** The groups with most to tell, and how many there are in all. */
export async function topGroups(
  db: D1Database,
  range: StatsRange,
  marks: RollMarks,
  by: GroupBy,
  filter: CountFilter,
  limit: number,
): Promise<{ readonly groups: string[]; readonly total: number }> {
  const { results } = await db
    .prepare(
      `SELECT ${GROUP[by]} AS grp, COUNT(*) OVER () AS total,
         SUM(COALESCE(c.counts ->> '$.accepted', 0) + COALESCE(c.counts ->> '$.made', 0) + COALESCE(c.counts ->> '$.attempts', 0)) AS n
       FROM (${countersOf(range, marks)}) AS c WHERE ${by === "destination" ? "destination_id <> ''" : "true"}
       GROUP BY 1 ORDER BY n DESC, grp LIMIT ?3`,
    )
    .bind(filter.source_id, filter.destination_id, limit)
    .all<{ grp: string; total: number }>();
  return { groups: results.map(({ grp }) => grp), total: results[0]?.total ?? 0 };
}

/** Sums since the beginning by source and destination: the totals, and the minutes that are not among them yet. */
export const TOTALS = `SELECT source_id, destination_id, json_group_object(key, n) AS counts FROM (
    SELECT source_id, destination_id, j.key AS key, SUM(j.value) AS n FROM (
      SELECT * FROM counters WHERE step = 0
      UNION ALL SELECT * FROM counters WHERE step = ${MINUTE_MS}
        AND at >= COALESCE((SELECT at FROM marks WHERE name = 'counters_hours'), 0)) AS c, json_each(c.counts) j GROUP BY 1, 2, 3)
  GROUP BY source_id, destination_id`;
