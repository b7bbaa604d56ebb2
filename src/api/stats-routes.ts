// Counters over a range of time as a series of buckets: in total, or by source or destination.
import type { Context, Hono } from "hono";
import * as z from "zod";
import { MAX_STATS_GROUPS, MAX_STATS_POINTS } from "../config/record-limits.ts";
import { toInstant } from "../kernel/clock.ts";
import { DAY_MS, SECOND_MS } from "../kernel/durations.ts";
import {
  addCounts,
  countedDestination,
  figures,
  parseInterval,
  statsRange,
  type BucketCounts,
  type Counts,
  type Figures,
  type StatsRange,
} from "../stats/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import type { Named } from "./openapi/client-types.ts";
import { idQuery, timesQuery } from "./query.ts";
import { GROUPS, readSlugs, readAllCounts, type SettledSums } from "../store/index.ts";

const groupSchema = z.enum(GROUPS).default("none");
const onlySchema = z.literal("events").optional();

const rangeQuery = (c: Context<ApiEnv>, now: number): StatsRange => {
  const { from, to } = lastDayQuery(c, now);
  return bucketsQuery(c, from, to, now);
};

/** A range whose buckets are not counters: of any age. `from` and `to` are as they are given. */
export function recentQuery(
  c: Context<ApiEnv>,
  now: number,
): { readonly from: number; readonly to: number; readonly range: StatsRange } {
  const { from, to } = lastDayQuery(c, now);
  return { from, to, range: bucketsQuery(c, from, to, Math.min(from, now)) };
}

/** The last day, where no times are given. */
function lastDayQuery(c: Context<ApiEnv>, now: number): { readonly from: number; readonly to: number } {
  // Up to the end of this millisecond: `to` is exclusive.
  const { from, to = now + 1 } = timesQuery(c);
  return { from: from ?? to - DAY_MS, to };
}

/** @param now when counters are read: those of minutes are not kept for ever */
function bucketsQuery(c: Context<ApiEnv>, from: number, to: number, now: number): StatsRange {
  const given = c.req.query("interval");
  const intervalMs = given === undefined ? null : parseInterval(given);
  if (given !== undefined && intervalMs === null)
    throw invalid("/query/interval", "must be minute, hour, day, or a number of them like 5m, 6h, 7d");
  const range = statsRange(from, to, intervalMs, now);
  if (!range.ok) throw invalid(`/query/${range.error.field}`, range.error.detail);
  return range.value;
}

/** The sums of a closed bucket never change, so their figures are computed once. */
const known = { ofEvents: new WeakMap<Counts, Figures>(), ofDestination: new WeakMap<Counts, Figures>() };

function buildFigures(counts: Counts, perDestination: boolean): Figures {
  const made = perDestination ? known.ofDestination : known.ofEvents;
  const all = made.get(counts) ?? figures(counts, perDestination);
  made.set(counts, all);
  return all;
}

const NOTHING: Counts = {};

/** One point for each bucket; zeros where nothing was counted. */
function makePoints(range: StatsRange, counts: BucketCounts, perDestination: boolean) {
  const points = [];
  for (let at = range.from; at < range.to; at += range.intervalMs)
    points.push({ at: toInstant(at), ...buildFigures(counts.get(at) ?? NOTHING, perDestination) });
  return points;
}

const makeSeries = (range: StatsRange, counts: BucketCounts, perDestination: boolean) => ({
  totals: figures(addCounts([...counts.values()]), perDestination),
  points: makePoints(range, counts, perDestination),
});

export function mountStats(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const settled = new WeakMap<D1Database, SettledSums>();
  app.get("/stats", async (c) => {
    const range = rangeQuery(c, deps.now());
    const by = parse(groupSchema, c.req.query("group_by"), "/query/group_by");
    const onlyEvents = parse(onlySchema, c.req.query("only"), "/query/only") !== undefined;
    const destination = (await idQuery(c, deps, "destination", "destinations")) ?? null;
    if (onlyEvents && (destination !== null || by === "destination"))
      throw invalid("/query/only", "cannot be combined with destinations");
    const filter = {
      source_id: (await idQuery(c, deps, "source", "sources")) ?? null,
      destination_id: onlyEvents ? countedDestination(null) : destination,
    };
    const perDestination = destination !== null;
    const buckets = (range.to - range.from) / range.intervalMs;
    const most = Math.min(MAX_STATS_GROUPS, Math.floor(MAX_STATS_POINTS / buckets));
    const query = { range, by, filter, most };
    const { overall, groups, total } = await readAllCounts(deps.databases(), query, settled, deps.now());
    const ids = groups.map(([id]) => id);
    const slugs = by === "none" ? new Map<string, string>() : await readSlugs(deps.db, `${by}s`, ids);
    const all = makeSeries(range, overall, perDestination);
    const series = groups.map(([id, counts]) => ({
      [by]: id || null,
      [`${by}_slug`]: slugs.get(id) ?? null,
      ...makeSeries(range, counts, by === "destination" || perDestination),
    }));
    return c.json<Named<"Stats">>({
      from: toInstant(range.from),
      to: toInstant(range.to),
      interval_seconds: range.intervalMs / SECOND_MS,
      group_by: by,
      groups_left_out: total - groups.length,
      ...(by === "none" ? { overall: null, series: [all] } : { overall: all, series }),
    });
  });
}
