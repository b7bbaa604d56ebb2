// Issues: what keeps failing, by destination and cause, and what is decided about it.
import type { Context, Hono } from "hono";
import * as z from "zod";
import { toInstant, toInstantOrNull } from "../kernel/clock.ts";
import { eventIdOf, type DestinationId } from "../model/ids.ts";
import { ISSUE_STATUSES, issueId, issueKey, issueStatus, type Issue, type IssueDecision } from "../model/issue.ts";
import { parse } from "../model/parse.ts";
import { invalid, Problem } from "../model/problem.ts";
import { deadByCause, decideIssue, readIssues, readSlugs } from "../store/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { audited } from "./management.ts";
import type { Named } from "./openapi/client-types.ts";
import { issueChangeSchema } from "./issue-input.ts";
import { causeSchema, idQuery, jsonBody, pageAnswer, pageQuery } from "./query.ts";

const statusSchema = z.enum(ISSUE_STATUSES).optional();

const issueView = (issue: Issue, slugs: ReadonlyMap<string, string>, now: number): Named<"Issue"> => ({
  id: issueId(issue),
  destination: issue.destination_id,
  destination_slug: slugs.get(issue.destination_id) ?? null,
  cause: issue.cause,
  status: issueStatus(issue, now),
  count: issue.count,
  first_seen_at: toInstant(issue.first_seen_at),
  last_seen_at: toInstant(issue.last_seen_at),
  affected_from: toInstant(issue.affected_from),
  last_delivery: issue.last_delivery_id,
  last_event: eventIdOf(issue.last_delivery_id),
  reopened: issue.reopened,
  acknowledged_at: toInstantOrNull(issue.acknowledged_at),
  muted_at: toInstantOrNull(issue.muted_at),
  muted_until: toInstantOrNull(issue.muted_until),
  closed_at: toInstantOrNull(issue.closed_at),
  closed_by: issue.closed_by,
});

/** @throws Problem `not_found` */
async function findIssue(c: Context<ApiEnv>, deps: ApiDeps): Promise<Issue> {
  const key = issueKey(c.req.param("id") ?? "");
  const [issue] = key === null ? [] : await readIssues(deps.databases(), key);
  if (issue === undefined) throw new Problem("not_found", "There is no such issue.");
  return issue;
}

async function show(c: Context<ApiEnv>, deps: ApiDeps, issue: Issue): Promise<Response> {
  const slugs = await readSlugs(deps.db, "destinations", [issue.destination_id]);
  const left = (await deadByCause(deps.databases(), [issue.destination_id])).get(issue.destination_id);
  return c.json<Named<"IssueDetail">>({
    ...issueView(issue, slugs, deps.now()),
    dead_letters: left?.causes.get(issue.cause) ?? 0,
    dead_letters_exact: left?.exact ?? true,
  });
}

/** Those that are not over first, then by the latest failure. Also the key of a page. */
const orderOf = (issue: Issue): string =>
  `iss_${Number(issue.closed_at === null)}${String(issue.last_seen_at).padStart(15, "0")}_${issueId(issue)}`;

async function list(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const { limit, before } = pageQuery(c);
  const status = parse(statusSchema, c.req.query("status"), "/query/status");
  const cause = parse(causeSchema.optional(), c.req.query("cause"), "/query/cause");
  const destination_id = (await idQuery(c, deps, "destination", "destinations")) as DestinationId | undefined;
  const now = deps.now();
  const found = await readIssues(deps.databases(), {
    ...(destination_id === undefined ? {} : { destination_id }),
    ...(cause === undefined ? {} : { cause }),
  });
  const sorted = found
    .filter((issue) => status === undefined || issueStatus(issue, now) === status)
    .map((issue) => ({ issue, key: orderOf(issue) }))
    .filter(({ key }) => before === null || key < before)
    .sort((a, b) => (a.key < b.key ? 1 : -1));
  const page = sorted.slice(0, limit);
  const slugs = await readSlugs(
    deps.db,
    "destinations",
    page.map(({ issue }) => issue.destination_id),
  );
  return c.json(
    pageAnswer(
      c,
      page.map(({ issue }) => issueView(issue, slugs, now)),
      sorted.length > limit ? (page.at(-1)?.key ?? null) : null,
    ),
  );
}

/** What a status asked for means for the issue as it is. */
function decide(
  { status, muted_until = null }: z.output<typeof issueChangeSchema>,
  issue: Issue,
  by: string,
  now: number,
): IssueDecision {
  const { acknowledged_at, muted_at, closed_at, closed_by } = issue;
  if (muted_until !== null && status !== "muted")
    throw invalid("/muted_until", "can be given with the status muted only");
  if (muted_until !== null && muted_until <= now) throw invalid("/muted_until", "must be in the future");
  switch (status) {
    case "open":
      return { acknowledged_at: null, muted_at: null, muted_until: null, closed_at: null, closed_by: null };
    case "acknowledged":
      if (closed_at !== null) throw invalid("/status", "cannot be acknowledged: the issue is closed");
      return { acknowledged_at: now, muted_at: null, muted_until: null, closed_at: null, closed_by: null };
    case "muted":
      return { acknowledged_at, muted_at: now, muted_until, closed_at, closed_by };
    case "closed":
      return { acknowledged_at: null, muted_at, muted_until: issue.muted_until, closed_at: now, closed_by: by };
  }
}

async function change(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const issue = await findIssue(c, deps);
  const now = deps.now();
  const decision = decide(parse(issueChangeSchema, await jsonBody(c)), issue, c.get("principal").name, now);
  const entry = audited(c, now, {
    action: "update",
    kind: "issue",
    resource_id: issueId(issue),
    changed: ["/status"],
  });
  await decideIssue(deps.databases(), issue, decision, entry);
  return show(c, deps, { ...issue, ...decision });
}

export function mountIssues(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/issues", (c) => list(c, deps));
  app.get("/issues/:id", async (c) => show(c, deps, await findIssue(c, deps)));
  app.patch("/issues/:id", (c) => change(c, deps));
}
