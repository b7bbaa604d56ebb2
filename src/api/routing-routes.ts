// Tests filters and transforms before they are used on a connection. Sends and stores nothing.
import type { Hono } from "hono";
import { systemRandom } from "../kernel/random.ts";
import { targetUrl } from "../delivery/index.ts";
import { decodeUtf8, toBase64 } from "../kernel/bytes.ts";
import type { HeaderList } from "../model/event.ts";
import {
  applyTransform,
  bodyValue,
  compileFilter,
  compileTransform,
  failedClause,
  stringifyExact,
  requestViews,
  type BodySource,
} from "../routing/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid, refuseFaults } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import type { Named } from "./openapi/client-types.ts";
import { filterTestSchema, transformTestSchema } from "./routing-input.ts";
import { exactBody, readSubject } from "./samples.ts";
import { findConfig, readDestination } from "../store/index.ts";

export function mountRouting(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.post("/filters/test", async (c) => {
    const input = parse(filterTestSchema, await exactBody(c));
    const filter = compileFilter(input.filter);
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
      input.destination === undefined ? null : await findConfig(deps.db, "destinations", input.destination);
    if (input.destination !== undefined && record === null)
      throw invalid("/destination", "does not name an existing record");
    const result = applyTransform(transform.value, event, body, sourceSlug, {
      now: deps.now(),
      random: systemRandom,
    });
    if (!result.ok) return c.json<Answer>({ ...NOTHING, error: `transform_failed: ${result.error}` });
    const changed = result.value.event;
    const destination = record === null ? null : readDestination(record.id, record.spec, record.paused);
    const method = result.value.method ?? destination?.method ?? event.method;
    const sent = changed.body.kind === "inline" ? changed.body.bytes : body;
    const answer: Answer = {
      method,
      url:
        destination === null
          ? null
          : targetUrl(
              { url: destination.url, path_forwarding: result.value.pathSet || destination.path_forwarding },
              changed,
            ),
      path: changed.path,
      query: changed.query,
      headers: joined(changed.headers),
      ...(method === "GET" || method === "HEAD" ? NO_BODY : shownBody(sent, changed.headers)),
      error: null,
    };
    return c.body(stringifyExact(answer) ?? "{}", 200, { "content-type": "application/json" });
  });
}

type Answer = Named<"TransformTestResult">;
const NO_BODY = { body: null, body_text: null, body_base64: null };
const NOTHING = { method: null, url: null, path: null, query: null, headers: null, ...NO_BODY };

function joined(headers: HeaderList): Record<string, string> {
  const out = new Headers();
  for (const [name, value] of headers) out.append(name, value);
  return Object.fromEntries(out);
}

/** The body parsed, and exactly as text, or in base64 when it is not UTF-8. */
function shownBody(source: BodySource, headers: HeaderList): Pick<Answer, "body" | "body_text" | "body_base64"> {
  if (typeof source === "string") return NO_BODY;
  const text = decodeUtf8(source);
  if (text === null) return { ...NO_BODY, body_base64: toBase64(source) };
  const { value, textual } = bodyValue(source, new Headers(joined(headers)).get("content-type"));
  return { body: textual ? text : (value ?? null), body_text: text, body_base64: null };
}
