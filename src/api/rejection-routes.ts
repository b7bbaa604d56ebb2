// Refused requests: how many, why, and a sample of the latest.
import type { Hono } from "hono";
import { toInstant } from "../kernel/clock.ts";
import { DAY_MS } from "../kernel/durations.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid } from "../model/problem.ts";
import type { Named } from "./openapi/client-types.ts";
import { idQuery, timesQuery } from "./query.ts";
import { readSlugs, readRejections } from "../store/index.ts";

export function mountRejections(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/rejections", async (c) => {
    // Up to the end of this millisecond: `to` is exclusive.
    const { from: given, to = deps.now() + 1 } = timesQuery(c);
    const from = given ?? to - DAY_MS;
    if (from >= to) throw invalid("/query/from", "must be before `to`");
    const source_id = (await idQuery(c, deps, "source", "sources")) ?? null;
    const { counts, hours, samples } = await readRejections(deps.db, { from, to, source_id });
    const ids = [...counts, ...samples].map((row) => row.source_id);
    const slugs = await readSlugs(deps.db, "sources", ids);
    const named = (id: string | null) => ({ source: id, source_slug: slugs.get(id ?? "") ?? null });
    return c.json<Named<"Rejections">>({
      from: toInstant(from),
      to: toInstant(to),
      total: counts.reduce((sum, row) => sum + row.count, 0),
      counts: counts.map(({ source_id: id, reason, count }) => ({ ...named(id), reason, count })),
      hours: hours.map((row) => ({ ...row, hour: toInstant(row.hour) })),
      samples: samples.map(({ source_id: id, at, slug = null, ...sample }) => ({
        ...named(id),
        slug,
        at: toInstant(at),
        ...sample,
      })),
    });
  });
}
