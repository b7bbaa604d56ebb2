// Which deliveries a bulk replay takes: the range of keys, the index to go through, and the conditions.
import { afterKey, firstKeyAt } from "../model/ids.ts";
import type { ReplayFilter } from "../model/replay.ts";
import { causeSql } from "./causes.ts";
import type { KeyRange } from "../record/index.ts";

/** The range of keys of a filter, from (inclusive) and to (exclusive). @param now deliveries created later are left out */
export function keyRange({ event_id, from, to }: ReplayFilter, now: number): KeyRange {
  const least = firstKeyAt("dlv", from ?? 0);
  const end = firstKeyAt("dlv", Math.min(to ?? Infinity, now + 1));
  if (event_id === null) return { from: least, to: end };
  const prefix = `dlv_${event_id.slice(4)}`;
  return { from: prefix > least ? prefix : least, to: afterKey(prefix) < end ? afterKey(prefix) : end };
}

/** The index to go through. `?1` and `?2` are the keys, `?3` the destination if it is part of the index. */
export function walkSql({ status, destination_id }: ReplayFilter): string {
  if (status !== "dead") return "deliveries WHERE id > ?1 AND id < ?2";
  return destination_id === null
    ? "deliveries INDEXED BY deliveries_dead_by_time WHERE status = 'dead' AND id > ?1 AND id < ?2"
    : "deliveries INDEXED BY deliveries_dead WHERE status = 'dead' AND destination_id = ?3 AND id > ?1 AND id < ?2";
}

/** The deliveries that a run takes: those that ended before it and whose connection and destination exist. `?4` to `?10`: `filterValues`. */
export const MATCHES = `d.status IN (SELECT value FROM json_each(?4)) AND d.finished_at <= ?5 AND (?6 IS NULL OR d.source_id = ?6)
  AND (?3 IS NULL OR d.destination_id = ?3) AND (?7 IS NULL OR d.connection_id = ?7) AND d.replay_id IS NOT ?8
  AND (?9 IS NULL OR d.event_type = ?9) AND (?10 IS NULL OR ${causeSql("d.")} = ?10)
  AND (d.destination_id LIKE 'callback\\_%' ESCAPE '\\' OR EXISTS (SELECT 1 FROM destinations t WHERE t.id = d.destination_id))
  AND (d.connection_id IS NULL OR EXISTS (SELECT 1 FROM connections c WHERE c.id = d.connection_id))`;

export const filterValues = (filter: ReplayFilter, endedBy: number, run: string) => [
  JSON.stringify(filter.status === null ? ["dead", "delivered"] : [filter.status]),
  endedBy,
  filter.source_id,
  filter.connection_id,
  run,
  filter.event_type ?? null,
  filter.cause ?? null,
];

/** No run has this id: `replay_id IS NOT ''` holds for every delivery. */
export const NO_RUN = "";
