// Tests filters and transforms before they are used on a connection. Sends and stores nothing.
import type { Hono } from "hono";
import { systemRandom } from "../kernel/random.ts";
import {
  applyTransform,
  compileFilter,
  compileTransform,
  failedClause,
  stringifyExact,
  requestViews,
} from "../routing/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { refuseFaults } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import type { Named } from "./openapi/client-types.ts";
import { filterTestSchema, transformTestSchema } from "./routing-input.ts";
import { NO_BODY, shownRequest } from "./shown-request.ts";
import { exactBody, readSubject } from "./samples.ts";
import { findNamedIn } from "../management/index.ts";
import { readDestination } from "../store/index.ts";

export function mountRouting(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.post("/filters/test", async (c) => {
    const input = parse(filterTestSchema, await exactBody(c));
    const filter = compileFilter(input.filter, input.missing_matches_not);
    if (!filter.ok) return refuseFaults([filter.error]);
    const { event, body } = await readSubject(input, deps);
    const views = requestViews(event, body);
    const failed_clause = failedClause(filter.value, views);
    return c.json<Named<"FilterTestResult">>({ matched: failed_clause === null, failed_clause });
  });

  app.post("/transforms/test", async (c) => {
    const input = parse(transformTestSchema, await exactBody(c));
    const transform = compileTransform(input.transform);
    if (!transform.ok) return refuseFaults([transform.error]);
    const { event, body, sourceSlug } = await readSubject(input, deps);
    const record =
      input.destination === undefined
        ? null
        : await findNamedIn(deps.db, "destinations", "/destination", input.destination);
    const result = applyTransform(transform.value, event, body, sourceSlug, {
      now: deps.now(),
      random: systemRandom,
    });
    if (!result.ok) return c.json<Answer>({ ...NOTHING, error: `transform_failed: ${result.error}` });
    const destination = record === null ? null : readDestination(record.id, record.spec, record.paused);
    const answer: Answer = { ...shownRequest(result.value, body, destination), error: null };
    return c.body(stringifyExact(answer) ?? "{}", 200, { "content-type": "application/json" });
  });
}

type Answer = Named<"TransformTestResult">;
const NOTHING = { method: null, url: null, path: null, query: null, headers: null, ...NO_BODY };
