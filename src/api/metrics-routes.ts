// Metrics for Prometheus. Deleted sources and destinations are left out.
import type { Hono } from "hono";
import { CALLBACKS, exposition, metricFamilies, type Total } from "../stats/index.ts";
import { authenticate } from "./auth.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { withoutQuery } from "./query-names.ts";
import { readAllMeasures, type Measures } from "../store/index.ts";

/** No slug has this form. */
const NO_SOURCE = "(none)";
const ALL_CALLBACKS = "(callbacks)";

function named({ totals, sources, destinations }: Measures): Total[] {
  const slugs = new Map(destinations.map(({ id, slug }) => [id, slug]));
  return totals.flatMap(({ source_id, destination_id, counts }) => {
    const source = source_id === "" ? NO_SOURCE : sources.get(source_id);
    const destination =
      destination_id === "" ? null : destination_id === CALLBACKS ? ALL_CALLBACKS : slugs.get(destination_id);
    return destination === undefined || (destination === null && source === undefined)
      ? []
      : [{ source: source ?? NO_SOURCE, destination, counts }];
  });
}

export function mountMetrics(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/metrics", authenticate(deps), withoutQuery, async (c) => {
    const [queues, measures] = await Promise.all([deps.backlogs(), readAllMeasures(deps.databases())]);
    const families = metricFamilies({
      totals: named(measures),
      queues,
      destinations: measures.destinations.map(({ slug, circuit, dead }) => ({
        name: slug,
        circuit: circuit ?? "closed",
        dead,
      })),
      databaseBytes: measures.databaseBytes,
      now: deps.now(),
    });
    return c.body(exposition(families), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });
}
