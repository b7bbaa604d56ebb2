// What happened when, in sums: a series of buckets over a range of time, in all or by source or destination.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { MAX_STATS_GROUPS, MAX_STATS_POINTS } from "../config/limits.ts";
import { toInstant } from "../kernel/clock.ts";
import { DAY_MS, SECOND_MS } from "../kernel/durations.ts";
import { addCounts, figures, parseInterval, statsRange, type Counts, type StatsRange } from "../stats/index.ts";
import { slugsOf } from "../store/config-store.ts";
import { readCounts, readRollMarks, topGroups, type GroupBy } from "../store/stats.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid, parse } from "./problem.ts";
import { idQuery, instantQuery } from "./query.ts";

export const GROUPS = ["none", "source", "destination"] as const satisfies readonly GroupBy[];
const groupSchema = z.enum(GROUPS).default("none");

function rangeQuery(c: Context<ApiEnv>, now: number): StatsRange {
  // Up to the end of this millisecond: `to` is exclusive.
  const to = instantQuery(c, "to") ?? now + 1;
  const from = instantQuery(c, "from") ?? to - DAY_MS;
  const given = c.req.query("interval");
  const intervalMs = given === undefined ? null : parseInterval(given);
  if (given !== undefined && intervalMs === null)
    throw invalid("/query/interval", "must be minute, hour, day, or a number of them like 5m, 6h, 7d");
  const range = statsRange(from, to, intervalMs, now);
  if (!range.ok) throw invalid(`/query/${range.error.field}`, range.error.detail);
  return range.value;
}

/** One point for each bucket, zeros where nothing was counted. */
function pointsOf(range: StatsRange, counts: ReadonlyMap<number, Counts>, perDestination: boolean) {
  const points = [];
  for (let at = range.from; at < range.to; at += range.intervalMs)
    points.push({ at: toInstant(at), ...figures(counts.get(at) ?? {}, perDestination) });
  return points;
}

export function mountStats(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/stats", async (c) => {
    const range = rangeQuery(c, deps.now());
    const by = parse(groupSchema, c.req.query("group_by"), "/query/group_by");
    const filter = {
      source_id: (await idQuery(c, deps, "source", "sources")) ?? null,
      destination_id: (await idQuery(c, deps, "destination", "destinations")) ?? null,
    };
    const marks = await readRollMarks(deps.db);
    const buckets = (range.to - range.from) / range.intervalMs;
    const limit = Math.min(MAX_STATS_GROUPS, Math.floor(MAX_STATS_POINTS / buckets));
    const { groups, total } =
      by === "none" ? { groups: [""], total: 1 } : await topGroups(deps.db, range, marks, by, filter, limit);
    const rows = await readCounts(deps.db, range, marks, by, filter, by === "none" ? null : groups);
    const perDestination = by === "destination" || filter.destination_id !== null;
    const slugs = by === "none" ? new Map<string, string>() : await slugsOf(deps.db, `${by}s`, groups);
    const series = groups.map((group) => {
      const counts = new Map(rows.filter(({ grp }) => grp === group).map((row) => [row.at, row.counts]));
      const named = by === "none" ? {} : { [by]: group || null, [`${by}_slug`]: slugs.get(group) ?? null };
      return {
        ...named,
        totals: figures(addCounts([...counts.values()]), perDestination),
        points: pointsOf(range, counts, perDestination),
      };
    });
    return c.json({
      from: toInstant(range.from),
      to: toInstant(range.to),
      interval_seconds: range.intervalMs / SECOND_MS,
      group_by: by,
      groups_left_out: total - groups.length,
      series,
    });
  });
}
