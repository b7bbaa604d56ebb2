// Reads what the metrics show: totals, names, circuits, dead letters. One round trip; every read is bounded.
import { MAX_METRIC_NAMES, MAX_METRIC_DEAD } from "../config/record-limits.ts";
import type { Counts } from "../stats/index.ts";
import { TOTALS } from "./stats.ts";

export interface Measures {
  readonly totals: readonly { readonly source_id: string; readonly destination_id: string; readonly counts: Counts }[];
  readonly sources: ReadonlyMap<string, string>;
  readonly destinations: readonly {
    readonly id: string;
    readonly slug: string;
    readonly circuit: string | null;
    readonly dead: number;
  }[];
  readonly databaseBytes: number;
}

export async function readMeasures(db: D1Database): Promise<Measures> {
  const [totals, sources, destinations] = await db.batch<object>([
    db.prepare(TOTALS),
    db.prepare(`SELECT id, slug FROM sources ORDER BY id LIMIT ${MAX_METRIC_NAMES}`),
    db.prepare(
      `SELECT t.id, t.slug, s.circuit, COALESCE(d.n, 0) AS dead FROM (SELECT id, slug FROM destinations ORDER BY id LIMIT ${MAX_METRIC_NAMES}) t
         LEFT JOIN destination_states s ON s.destination_id = t.id
         LEFT JOIN (SELECT destination_id, COUNT(*) AS n FROM (
           SELECT destination_id FROM deliveries INDEXED BY deliveries_dead WHERE status = 'dead' LIMIT ${MAX_METRIC_DEAD})
           GROUP BY 1) d ON d.destination_id = t.id
       ORDER BY t.id`,
    ),
  ]);
  const rows = <T>(result: D1Result<object> | undefined): T[] => (result?.results ?? []) as T[];
  return {
    totals: rows<{ source_id: string; destination_id: string; counts: string }>(totals).map((row) => ({
      ...row,
      counts: JSON.parse(row.counts) as Counts,
    })),
    sources: new Map(rows<{ id: string; slug: string }>(sources).map((row) => [row.id, row.slug])),
    destinations: rows<Measures["destinations"][number]>(destinations),
    databaseBytes: totals?.meta.size_after ?? 0,
  };
}
