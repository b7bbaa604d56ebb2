// Adds minutes up to hours, hours up to days, and minutes to the totals: each exactly once, since the sums and the mark of progress are
// written in one transaction. Removes counters past their retention.
import { COUNTER_SETTLE_MS, DAYS_KEPT_MS, HOURS_KEPT_MS, MINUTES_KEPT_MS } from "../config/record-limits.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../kernel/durations.ts";
import type { RollMarks } from "../stats/index.ts";
import { insertSums, MERGED } from "./counters.ts";

const HOURS = "counters_hours";
const DAYS = "counters_days";

export const marksStatement = (db: D1Database): D1PreparedStatement =>
  db.prepare(`SELECT name, at FROM marks WHERE name IN ('${HOURS}', '${DAYS}')`);

export function rollMarks(rows: readonly unknown[]): RollMarks {
  const at = (name: string): number =>
    (rows as { name: string; at: number }[]).find((row) => row.name === name)?.at ?? 0;
  return { hours: at(HOURS), days: at(DAYS) };
}

/** Rolls up the earliest finished hour and day that have not been rolled up yet. @returns how many, 0 to 2 */
export async function rollUp(db: D1Database, now: number): Promise<number> {
  const { hours, days } = rollMarks((await marksStatement(db).all()).results);
  const settled = now - COUNTER_SETTLE_MS;
  const minute = await firstFrom(db, MINUTE_MS, hours);
  const hour = await firstFrom(db, HOUR_MS, days);
  return (
    (await rollOne(db, HOURS, MINUTE_MS, HOUR_MS, hours, minute, settled)) +
    // Without minutes to roll up, no further hour can appear.
    (await rollOne(db, DAYS, HOUR_MS, DAY_MS, days, hour, Math.min(minute ?? Infinity, settled)))
  );
}

const firstFrom = async (db: D1Database, step: number, at: number): Promise<number | null> =>
  (
    await db
      .prepare("SELECT MIN(at) AS at FROM counters WHERE step = ?1 AND at >= ?2")
      .bind(step, at)
      .first<{ at: number | null }>()
  )?.at ?? null;

/**
 * @param mark until when the counters have been rolled up
 * @param first the earliest of the finer counters after that
 * @param over until when the finer counters are complete
 */
async function rollOne(
  db: D1Database,
  name: string,
  from: number,
  to: number,
  mark: number,
  first: number | null,
  over: number,
): Promise<0 | 1> {
  if (first === null) return 0;
  const begin = Math.floor(first / to) * to;
  const end = begin + to;
  if (end > over) return 0;
  // False when another sweep has rolled it up meanwhile.
  const guard = "COALESCE((SELECT at FROM marks WHERE name = ?4), 0) = ?5";
  const sums = (step: number, at: number): string =>
    `${insertSums(step, at)} FROM (
       SELECT source_id AS source, destination_id AS destination, j.key AS key, SUM(j.value) AS n FROM counters, json_each(counters.counts) j
       WHERE step = ?1 AND at >= ?2 AND at < ?3 AND ${guard} GROUP BY 1, 2, 3)
     WHERE true GROUP BY source, destination`;
  const bound = [from, begin, end, name, mark];
  await db.batch([
    db.prepare(`${sums(to, begin)} ON CONFLICT DO UPDATE SET counts = excluded.counts`).bind(...bound),
    ...(from === MINUTE_MS
      ? [db.prepare(`${sums(0, 0)} ON CONFLICT DO UPDATE SET counts = ${MERGED}`).bind(...bound)]
      : []),
    db
      .prepare(
        "INSERT INTO marks (name, at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET at = excluded.at WHERE marks.at = ?3",
      )
      .bind(name, end, mark),
  ]);
  return 1;
}

/** Removes a chunk of the counters past their retention that have been rolled up. @returns how many rows */
export async function pruneCounters(db: D1Database, now: number, limit: number): Promise<number> {
  const { hours, days } = rollMarks((await marksStatement(db).all()).results);
  const remove = (step: number, before: number): D1PreparedStatement =>
    db
      .prepare(
        `DELETE FROM counters WHERE (step, at, source_id, destination_id) IN (
           SELECT step, at, source_id, destination_id FROM counters WHERE step = ?1 AND at < ?2 ORDER BY at LIMIT ?3)`,
      )
      .bind(step, before, limit);
  const results = await db.batch([
    remove(MINUTE_MS, Math.min(now - MINUTES_KEPT_MS, hours)),
    remove(HOUR_MS, Math.min(now - HOURS_KEPT_MS, days)),
    remove(DAY_MS, now - DAYS_KEPT_MS),
  ]);
  return Math.max(...results.map(({ meta }) => meta.changes));
}
