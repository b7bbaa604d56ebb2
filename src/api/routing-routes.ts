// Filters tried out before they are put on a connection. Sends and stores nothing.
import type { Hono } from "hono";
import { z } from "zod";
import { compileFilter, failedClause, matches, viewsOf } from "../routing/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { parse, refuseFaults } from "./problem.ts";
import { exactBody, subjectFields, subjectOf } from "./samples.ts";
import { jsonObjectSchema } from "../model/names.ts";

export const filterTestSchema = z.strictObject({ filter: jsonObjectSchema, ...subjectFields });

export function mountRouting(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.post("/filters/test", async (c) => {
    const input = parse(filterTestSchema, await exactBody(c));
    const filter = compileFilter(input.filter);
    if (!filter.ok) return refuseFaults([filter.error]);
    const { event, body } = await subjectOf(input, deps);
    const views = viewsOf(event, body);
    const matched = matches(filter.value, views);
    return c.json({ matched, failed_clause: matched ? null : failedClause(filter.value, views) });
  });
}
