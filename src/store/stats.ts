// Reads sums of the counters by time and group. It reads counters only, however many events there are, and adds them up here: in SQL each name
// in a counter would be a row, forty times as many. Sums that can no longer change are remembered, so that a reloaded page reads only the last
// minutes.
import { COUNTER_SETTLE_MS, MAX_REMEMBERED_BUCKETS } from "../config/record-limits.ts";
import type { BoundedMap } from "../kernel/bounded-map.ts";
import { HOUR_MS, MINUTE_MS } from "../kernel/durations.ts";
import {
  Adder,
  NO_SUMS,
  splitRange,
  type BucketCounts,
  type Counts,
  type RollMarks,
  type StatsRange,
  type Sums,
} from "../stats/index.ts";
import { eachCounter, type CounterRow, type CountFilter } from "./counter-rows.ts";
import { marksStatement, rollMarks } from "./counter-rollup.ts";

export const GROUPS = ["none", "source", "destination"] as const;
type GroupBy = (typeof GROUPS)[number];

/** A query of the counters. */
export interface CountQuery {
  readonly range: StatsRange;
  readonly by: GroupBy;
  readonly filter: CountFilter;
  /** The largest number of groups. */
  readonly most: number;
}

export interface GroupedCounts {
  readonly overall: BucketCounts;
  /** By id of the source or destination, empty for none. The busiest first. */
  readonly groups: readonly (readonly [id: string, counts: BucketCounts])[];
  /** The number of groups, including those left out. */
  readonly total: number;
}

/** The latest sums of one isolate, by query, up to the minute `until` before which they no longer change. */
export type SettledSums = BoundedMap<string, { readonly until: number; readonly sums: Sums }>;

const readRollMarks = async (db: D1Database): Promise<RollMarks> => rollMarks((await marksStatement(db).all()).results);

/** SQL for the counters of a range. `?1` is the source and `?2` the destination; null for any. */
export const countersSql = (range: Pick<StatsRange, "from" | "to" | "step">, marks: RollMarks): string =>
  splitRange(range, marks)
    .map(
      ({ step, from, to }) =>
        `SELECT * FROM counters WHERE step = ${step} AND at >= ${from} AND at < ${to}
         AND (?1 IS NULL OR source_id = ?1) AND (?2 IS NULL OR destination_id = ?2)`,
    )
    .join(" UNION ALL ");

/** Sums by bucket, overall and of the busiest groups. Counts of no destination belong to no group of destinations. */
export async function readCounts(
  db: D1Database,
  query: CountQuery,
  settled: SettledSums,
  now: number,
): Promise<GroupedCounts> {
  const key = JSON.stringify([query.range, query.by, query.filter]);
  const known = settled.get(key);
  const until = Math.floor((now - COUNTER_SETTLE_MS) / MINUTE_MS) * MINUTE_MS;
  // The counters of minutes are kept for a long time after they have been added up to hours.
  const goesOn = known !== undefined && known.until > now - HOUR_MS && known.until <= until;
  const stretches = goesOn
    ? [{ step: MINUTE_MS, from: known.until, to: query.range.to }]
    : splitRange(query.range, await readRollMarks(db));
  const { before, sums } = await addUp(db, stretches, query, goesOn ? known.sums : NO_SUMS, until);
  if (sums.groups.size > query.most) return readBusiest(db, query);
  if (until >= query.range.from) remember(settled, key, { until, sums: before });
  const groups = busiestFirst(sums.groups);
  return { overall: sums.overall, groups, total: groups.length };
}

export function busiestFirst(sums: Sums["groups"]): GroupedCounts["groups"] {
  const groups = [...sums].map(([id, counts]) => ({ id, counts, weight: weightOf(counts) }));
  groups.sort((a, b) => b.weight - a.weight || (a.id < b.id ? -1 : 1));
  return groups.map(({ id, counts }) => [id, counts]);
}

const WEIGHING = ["accepted", "made", "attempts"] as const;
const weightOf = (counts: BucketCounts): number =>
  [...counts.values()].reduce((sum, one) => WEIGHING.reduce((more, name) => more + (one[name] ?? 0), sum), 0);

function remember(settled: SettledSums, key: string, value: { readonly until: number; readonly sums: Sums }): void {
  const buckets = [...value.sums.groups.values()].reduce((sum, { size }) => sum + size, value.sums.overall.size);
  if (buckets > MAX_REMEMBERED_BUCKETS) settled.delete(key);
  else settled.set(key, value);
}

type Stretches = ReturnType<typeof splitRange>;

/**
 * Adds the counters up in one pass. Stops once there are more groups than requested.
 * @param onto the sums of earlier counters
 * @param until a minute: `before` has the counters before it, `sums` has all
 * @param only these groups; null for all
 */
async function addUp(
  db: D1Database,
  stretches: Stretches,
  { range, by, filter, most }: CountQuery,
  onto: Sums,
  until: number,
  only: ReadonlySet<string> | null = null,
): Promise<{ readonly before: Sums; readonly sums: Sums }> {
  const groupOf = (row: CounterRow): string | null => {
    const id = by === "none" || (by === "destination" && row.destination_id === "") ? null : row[`${by}_id`];
    return id === null || only?.has(id) === false ? null : id;
  };
  const early = new Adder(onto);
  const late: CounterRow[] = [];
  const add = (to: Adder, row: CounterRow): void =>
    to.add(groupOf(row), row.at - (row.at % range.intervalMs), JSON.parse(row.counts) as Counts);
  const take = (row: CounterRow): boolean => {
    if (row.at < until) add(early, row);
    else late.push(row);
    return early.groups <= most;
  };
  await Promise.all(stretches.map((stretch) => eachCounter(db, stretch, filter, take)));
  const before = early.sums();
  const all = new Adder(before);
  for (const row of late) add(all, row);
  return { before, sums: all.sums() };
}

/** For more groups than requested: D1 finds the busiest, then their sums are read. */
async function readBusiest(db: D1Database, query: CountQuery): Promise<GroupedCounts> {
  const { range, by, filter, most } = query;
  const marks = await readRollMarks(db);
  const { results } = await db
    .prepare(
      `SELECT ${by}_id AS grp, COUNT(*) OVER () AS total,
         SUM(${WEIGHING.map((name) => `COALESCE(c.counts ->> '$.${name}', 0)`).join(" + ")}) AS n
       FROM (${countersSql(range, marks)}) AS c WHERE ${by === "destination" ? "destination_id <> ''" : "true"}
       GROUP BY 1 ORDER BY n DESC, grp LIMIT ?3`,
    )
    .bind(filter.source_id, filter.destination_id, most)
    .all<{ grp: string; total: number }>();
  const only = new Set(results.map(({ grp }) => grp));
  const { sums } = await addUp(db, splitRange(range, marks), query, NO_SUMS, Infinity, only);
  return {
    overall: sums.overall,
    groups: [...only].map((id) => [id, sums.groups.get(id) ?? new Map<number, Counts>()]),
    total: results[0]?.total ?? 0,
  };
}

/** SQL for the sums since the beginning by source and destination: the totals, and the minutes that are not part of them yet. */
export const TOTALS = `SELECT source_id, destination_id, json_group_object(key, n) AS counts FROM (
    SELECT source_id, destination_id, j.key AS key, SUM(j.value) AS n FROM (
      SELECT * FROM counters WHERE step = 0
      UNION ALL SELECT * FROM counters WHERE step = ${MINUTE_MS}
        AND at >= COALESCE((SELECT at FROM marks WHERE name = 'counters_hours'), 0)) AS c, json_each(c.counts) j GROUP BY 1, 2, 3)
  GROUP BY source_id, destination_id`;
