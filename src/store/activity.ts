// What health is judged by, beside the state of the gates: attempts and requests of late, whether there ever were any, and dead letters. Every
// read is bounded, whatever is on record. The counters of one database; over-databases.ts adds them up.
import { MAX_COUNTED_DEAD, MAX_JUDGED_COUNTERS, MAX_REFUSING } from "../config/record-limits.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../kernel/durations.ts";
import type { RecentAttempts, Requests } from "../model/health.ts";

/** How far back it looks: busy minutes are rows. */
const RECENT_MS = 15 * MINUTE_MS;
/** How long the latest attempts are looked back on from the last one: what was mended since must not count. */
const LATEST_MS = 10 * MINUTE_MS;

export interface Activity {
  /** By destination: the latest attempts of late. */
  readonly attempts: ReadonlyMap<string, RecentAttempts>;
  /** By source, of late. */
  readonly requests: ReadonlyMap<string, Requests>;
  /** Ids of sources and destinations that have ever had anything to do; null if there are too many to say. */
  readonly used: ReadonlySet<string> | null;
}

/** One minute of one source and destination. */
interface MinuteRow {
  readonly at: number;
  readonly source_id: string;
  readonly destination_id: string;
  readonly attempts: number | null;
  readonly failed: number | null;
  readonly accepted: number | null;
  readonly rejected: number | null;
}

const count = (name: string, as = name): string => `counts ->> '$.${name}' AS ${as}`;

/** @param now milliseconds since the epoch */
export async function readActivity(db: D1Database, now: number): Promise<Activity> {
  const [minutes, totals] = await db.batch<object>([
    db
      .prepare(
        `SELECT at, source_id, destination_id, ${count("attempts")}, ${count("failed_attempts", "failed")}, ${count("accepted")}, ${count("rejected")}
         FROM counters WHERE step = ${MINUTE_MS} AND at >= ?1 ORDER BY at DESC LIMIT ${MAX_JUDGED_COUNTERS}`,
      )
      .bind(now - RECENT_MS),
    db.prepare(`SELECT source_id, destination_id FROM counters WHERE step = 0 LIMIT ${MAX_JUDGED_COUNTERS}`),
  ]);
  const rows = (minutes?.results ?? []) as MinuteRow[];
  const pairs = (totals?.results ?? []) as Pick<MinuteRow, "source_id" | "destination_id">[];
  const used = [...rows, ...pairs].flatMap((row) => [row.source_id, row.destination_id]);
  return {
    attempts: latestAttempts(rows),
    requests: sumBy(
      rows.filter((row) => row.destination_id === ""),
      ({ source_id }) => source_id,
      (sum: Requests, row) => ({
        accepted: sum.accepted + (row.accepted ?? 0),
        refused: sum.refused + (row.rejected ?? 0),
      }),
      { accepted: 0, refused: 0 },
    ),
    used: Math.max(rows.length, pairs.length) < MAX_JUDGED_COUNTERS ? new Set(used) : null,
  };
}

function latestAttempts(rows: readonly MinuteRow[]): Map<string, RecentAttempts> {
  const tried = rows.filter(({ destination_id, attempts }) => destination_id !== "" && (attempts ?? 0) > 0);
  const last = new Map<string, number>();
  for (const { destination_id: id, at } of tried) last.set(id, Math.max(last.get(id) ?? 0, at));
  return sumBy(
    tried.filter(({ destination_id: id, at }) => at > (last.get(id) ?? 0) - LATEST_MS),
    ({ destination_id }) => destination_id,
    (sum: RecentAttempts, row) => ({
      attempts: sum.attempts + (row.attempts ?? 0),
      failed: sum.failed + (row.failed ?? 0),
    }),
    { attempts: 0, failed: 0 },
  );
}

function sumBy<T, S>(rows: readonly T[], key: (row: T) => string, add: (sum: S, row: T) => S, zero: S): Map<string, S> {
  const sums = new Map<string, S>();
  for (const row of rows) sums.set(key(row), add(sums.get(key(row)) ?? zero, row));
  return sums;
}

/** Dead letters of each of these destinations, counted up to the limit. Those without any are missing. */
export async function countListedDead(
  db: D1Database,
  ids: readonly string[],
  limit: number,
): Promise<Record<string, number>> {
  const { results } = await db
    .prepare(
      `SELECT id, n FROM (SELECT value AS id, (SELECT COUNT(*) FROM (
           SELECT 1 FROM deliveries INDEXED BY deliveries_dead WHERE status = 'dead' AND destination_id = value LIMIT ?2)) AS n
         FROM json_each(?1)) WHERE n > 0`,
    )
    .bind(JSON.stringify(ids), limit)
    .all<{ id: string; n: number }>();
  return Object.fromEntries(results.map(({ id, n }) => [id, n]));
}

/** All dead letters now, counted up to a limit. */
export const countDead = async (db: D1Database): Promise<number> =>
  (
    await db
      .prepare(
        `SELECT COUNT(*) AS n FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_dead_by_time WHERE status = 'dead' LIMIT ${MAX_COUNTED_DEAD})`,
      )
      .first<{ n: number }>()
  )?.n ?? 0;

/** Refused requests of the sources that refused most within a day, the most first. Without unknown sources. */
export async function readRefusing(db: D1Database, now: number): Promise<ReadonlyMap<string, number>> {
  const { results } = await db
    .prepare(
      `SELECT source_id AS id, SUM(count) AS n FROM (
         SELECT source_id, count FROM rejections WHERE hour >= ?1 ORDER BY hour DESC LIMIT ${MAX_JUDGED_COUNTERS})
       WHERE source_id <> '' GROUP BY 1 ORDER BY n DESC LIMIT ${MAX_REFUSING}`,
    )
    .bind(Math.floor((now - DAY_MS) / HOUR_MS + 1) * HOUR_MS)
    .all<{ id: string; n: number }>();
  return new Map(results.map(({ id, n }) => [id, n]));
}

/** Requests that these sources accepted within a day: by the hours, and by the minutes where these are not added up yet. */
export async function readAccepted(
  db: D1Database,
  ids: readonly string[],
  now: number,
): Promise<Record<string, number>> {
  const hour = Math.floor(now / HOUR_MS) * HOUR_MS;
  const hours = await sumAccepted(db, ids, HOUR_MS, hour, DAY_MS / HOUR_MS);
  // Those of which no hour knows anything may be new.
  const others = ids.filter((id) => !hours.has(id));
  const minutes = await sumAccepted(db, others, MINUTE_MS, Math.floor(now / MINUTE_MS) * MINUTE_MS, 2 * 60);
  return Object.fromEntries([...hours, ...minutes]);
}

/** One look-up for each source and time. @param last the time of the latest counter */
async function sumAccepted(
  db: D1Database,
  ids: readonly string[],
  step: number,
  last: number,
  count: number,
): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const times = Array.from({ length: count }, (_, index) => last - index * step);
  const { results } = await db
    .prepare(
      `SELECT s.value AS id, SUM(c.counts ->> '$.accepted') AS n FROM json_each(?1) s CROSS JOIN json_each(?2) t CROSS JOIN counters c
       WHERE c.step = ?3 AND c.at = t.value AND c.source_id = s.value AND c.destination_id = '' GROUP BY 1 HAVING n > 0`,
    )
    .bind(JSON.stringify(ids), JSON.stringify(times), step)
    .all<{ id: string; n: number }>();
  return new Map(results.map(({ id, n }) => [id, n]));
}
