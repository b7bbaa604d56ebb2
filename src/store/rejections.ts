// Refused requests: counts by hour, and the latest samples of each source and reason. A write costs two rows for each source and reason, and
// one row a source for the counters.
import { REJECTION_SAMPLES } from "../config/limits.ts";
import { MAX_REJECTION_COUNTS, MAX_SAMPLED_REASONS } from "../config/record-limits.ts";
import { HOUR_MS } from "../kernel/durations.ts";
import type { RefusalReason, RejectionCount, RejectionSample, RejectionSamples } from "../model/rejection.ts";
import { rejectionCountStatements } from "./counters.ts";
import { rejections, rejectionSamples } from "./schema.ts";
import { columnsOf, extracts, jsonParameters } from "./statements.ts";

const COUNT_COLUMNS = columnsOf(rejections);
const SAMPLE_COLUMNS = columnsOf(rejectionSamples);

/** The tables have an empty source for requests to an unknown one. */
const nullIfEmpty = (id: string): string | null => (id === "" ? null : id);

/** Adds counts and samples. @returns rows written */
export async function addRejections(
  db: D1Database,
  counts: readonly RejectionCount[],
  samples: readonly RejectionSamples[],
  now: number,
): Promise<number> {
  const countRows = counts.map((row) => ({ ...row, source_id: row.source_id ?? "" }));
  const sampleRows = samples.map((row) => ({
    source_id: row.source_id ?? "",
    reason: row.reason,
    last_at: row.samples[0]?.at ?? 0,
    samples: row.samples,
  }));
  const bySource = new Map<string, number>();
  for (const { source_id, count } of countRows) bySource.set(source_id, (bySource.get(source_id) ?? 0) + count);
  const statements = [
    ...rejectionCountStatements(db, bySource, now),
    ...jsonParameters(countRows).map((json) =>
      db
        .prepare(
          `INSERT INTO rejections (${COUNT_COLUMNS.join(", ")}) SELECT ${extracts(COUNT_COLUMNS)} FROM json_each(?1) WHERE true
           ON CONFLICT DO UPDATE SET count = count + excluded.count`,
        )
        .bind(json),
    ),
    ...jsonParameters(sampleRows).map((json) =>
      db
        .prepare(
          `INSERT INTO rejection_samples (${SAMPLE_COLUMNS.join(", ")}) SELECT ${extracts(SAMPLE_COLUMNS)} FROM json_each(?1) WHERE true
           ON CONFLICT DO UPDATE SET last_at = max(last_at, excluded.last_at), samples = (
             SELECT json_group_array(json(value)) FROM (
               SELECT value FROM (
                 SELECT value FROM json_each(excluded.samples) UNION ALL SELECT value FROM json_each(rejection_samples.samples))
               ORDER BY json_extract(value, '$.at') DESC LIMIT ${REJECTION_SAMPLES}))`,
        )
        .bind(json),
    ),
  ];
  if (statements.length === 0) return 0;
  const results = await db.batch(statements);
  return results.reduce((sum, result) => sum + result.meta.rows_written, 0);
}

export interface RejectionFilter {
  /** Milliseconds since the epoch, from (inclusive) and to (exclusive). */
  readonly from: number;
  readonly to: number;
  readonly source_id: string | null;
}

export interface Rejections {
  readonly counts: readonly {
    readonly source_id: string | null;
    readonly reason: RefusalReason;
    readonly count: number;
  }[];
  readonly hours: readonly { readonly hour: number; readonly reason: RefusalReason; readonly count: number }[];
  readonly samples: readonly (RejectionSample & {
    readonly source_id: string | null;
    readonly reason: RefusalReason;
  })[];
}

export async function readRejections(db: D1Database, filter: RejectionFilter): Promise<Rejections> {
  const where = "hour >= ?1 AND hour < ?2 AND (?3 IS NULL OR source_id = ?3)";
  const range = [startOfHour(filter.from), filter.to, filter.source_id] as const;
  const [counts, hours, samples] = await db.batch([
    db
      .prepare(
        `SELECT source_id, reason, SUM(count) AS count FROM rejections WHERE ${where}
         GROUP BY source_id, reason ORDER BY count DESC LIMIT ${MAX_REJECTION_COUNTS}`,
      )
      .bind(...range),
    db
      .prepare(
        `SELECT hour, reason, SUM(count) AS count FROM rejections WHERE ${where}
         GROUP BY hour, reason ORDER BY hour DESC, reason LIMIT ${MAX_REJECTION_COUNTS}`,
      )
      .bind(...range),
    db
      .prepare(
        `SELECT source_id, reason, samples FROM rejection_samples WHERE last_at >= ?1 AND (?2 IS NULL OR source_id = ?2)
         ORDER BY last_at DESC LIMIT ${MAX_SAMPLED_REASONS}`,
      )
      .bind(filter.from, filter.source_id),
  ]);
  return {
    counts: ((counts?.results ?? []) as { source_id: string; reason: RefusalReason; count: number }[]).map((row) => ({
      ...row,
      source_id: nullIfEmpty(row.source_id),
    })),
    hours: (hours?.results ?? []) as Rejections["hours"],
    samples: ((samples?.results ?? []) as { source_id: string; reason: RefusalReason; samples: string }[])
      .flatMap((row) =>
        (JSON.parse(row.samples) as RejectionSample[]).map((sample) => ({
          ...sample,
          source_id: nullIfEmpty(row.source_id),
          reason: row.reason,
        })),
      )
      .filter((sample) => sample.at >= filter.from && sample.at < filter.to)
      .sort((a, b) => b.at - a.at),
  };
}

const startOfHour = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;
/** Removes a chunk of what is older than `before`. @returns how many rows */
export async function pruneRejections(db: D1Database, before: number, limit: number): Promise<number> {
  const [counts, samples] = await db.batch([
    db
      .prepare(
        `DELETE FROM rejections WHERE (hour, source_id, reason) IN (
           SELECT hour, source_id, reason FROM rejections WHERE hour < ?1 ORDER BY hour LIMIT ?2)`,
      )
      .bind(startOfHour(before), limit),
    db
      .prepare(
        `DELETE FROM rejection_samples WHERE (source_id, reason) IN (
           SELECT source_id, reason FROM rejection_samples WHERE last_at < ?1 LIMIT ?2)`,
      )
      .bind(before, limit),
  ]);
  return (counts?.meta.changes ?? 0) + (samples?.meta.changes ?? 0);
}
