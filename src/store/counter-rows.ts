// Reads counters in order of time, page by page, so that memory stays bounded and each row is read once.
import { COUNTER_PAGE_ROWS } from "../config/record-limits.ts";
import type { Stretch } from "../stats/index.ts";
import { counters } from "./schema.ts";
import { columnsOf } from "./statements.ts";

/** Of one source and one destination. */
export interface CountFilter {
  /** Null for any. */
  readonly source_id: string | null;
  readonly destination_id: string | null;
}

export type CounterRow = Omit<typeof counters.$inferSelect, "step">;
const COLUMNS = columnsOf(counters, ["step"]);

/** @param take returns whether it wants more */
export async function eachCounter(
  db: D1Database,
  stretch: Stretch,
  filter: CountFilter,
  take: (row: CounterRow) => boolean,
): Promise<void> {
  // Ids begin with letters, so "~" sorts after all of them.
  let last: Omit<CounterRow, "counts"> = { at: stretch.from - 1, source_id: "~", destination_id: "" };
  for (;;) {
    const { results }: D1Result<CounterRow> = await db
      .prepare(
        `SELECT ${COLUMNS.join(", ")} FROM counters
         WHERE step = ?1 AND at < ?2 AND (at, source_id, destination_id) > (?3, ?4, ?5)
           AND (?6 IS NULL OR source_id = ?6) AND (?7 IS NULL OR destination_id = ?7)
         ORDER BY at, source_id, destination_id LIMIT ${COUNTER_PAGE_ROWS}`,
      )
      .bind(
        stretch.step,
        stretch.to,
        last.at,
        last.source_id,
        last.destination_id,
        filter.source_id,
        filter.destination_id,
      )
      .all<CounterRow>();
    const wantsMore = results.every(take);
    const end = results.at(-1);
    if (end === undefined || results.length < COUNTER_PAGE_ROWS || !wantsMore) return;
    last = end;
  }
}
