// Events and deliveries over time by any filter of their lists. Counted from what is on record, newest first, as far as one answer examines: it says
// how far back the counts are complete.
import type { Context, Hono } from "hono";
import { toInstant } from "../kernel/clock.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { firstKeyAt, idTime, keyTime } from "../model/ids.ts";
import type { Counted, KeyRange, Page } from "../record/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import type { Named } from "./openapi/client-types.ts";
import { deliveryFilter, eventFilter, ofEvent } from "./record-filters.ts";
import { recentQuery } from "./stats-routes.ts";

/** @param counted the ids have the instants by which they are counted */
function bucketed({ from, to, range }: ReturnType<typeof recentQuery>, { rows, next }: Page<Counted>): Named<"Counts"> {
  const points = new Map<number, Record<string, number>>();
  for (let at = range.from; at < range.to; at += range.intervalMs) points.set(at, {});
  for (const { id, kind } of rows) {
    const at = idTime(id);
    const point = points.get(at - ((at - range.from) % range.intervalMs));
    if (point !== undefined) point[kind] = (point[kind] ?? 0) + 1;
  }
  return {
    from: toInstant(range.from),
    to: toInstant(range.to),
    interval_seconds: range.intervalMs / SECOND_MS,
    counted_from: toInstant(Math.min(to, Math.max(from, keyTime(next ?? "") ?? from))),
    complete: next === null,
    points: [...points].map(([at, counts]) => ({ at: toInstant(at), counts })),
  };
}

export function mountCounts(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const keys = (prefix: "evt" | "dlv", { from, to }: { from: number; to: number }): KeyRange => ({
    from: firstKeyAt(prefix, from),
    to: firstKeyAt(prefix, to),
  });
  app.get("/stats/events", async (c: Context<ApiEnv>) => {
    const range = recentQuery(c, deps.now());
    const filter = { ...keys("evt", range), ...(await eventFilter(c, deps)) };
    return c.json(bucketed(range, await deps.record.countedEvents(filter)));
  });
  app.get("/stats/deliveries", async (c: Context<ApiEnv>) => {
    const range = recentQuery(c, deps.now());
    const filter = { ...ofEvent(c, keys("dlv", range)), ...(await deliveryFilter(c, deps)) };
    return c.json(bucketed(range, await deps.record.countedDeliveries(filter)));
  });
}
