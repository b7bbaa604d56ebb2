// Bulk replays: plan, run, progress, cancel. The run itself is in delivery/jobs.
import type { Context, Hono } from "hono";
import { toInstant, toInstantOrNull } from "../kernel/clock.ts";
import { newReplayId, seededReplayId, type ReplayId } from "../model/ids.ts";
import { destinationSpecSchema } from "../model/destination.ts";
import { readSpec } from "../model/stored-spec.ts";
import { replayShare, type Replay, type ReplayFilter } from "../model/replay.ts";
import { describeError } from "../telemetry/index.ts";
import { audited } from "./management.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { Problem } from "../model/problem.ts";
import { pageAnswer, pageQuery } from "./query.ts";
import { showDeliveries } from "./record-routes.ts";
import type { Named } from "./openapi/client-types.ts";
import { planWithFilter } from "./replay-plan.ts";
import { replayInput, type ReplayInput } from "./replay-input.ts";
import { findConfig, cancelWholeReplay, insertWholeReplay, listWholeReplays, readWholeReplay } from "../store/index.ts";

/** How many deliveries a plan shows. */
const SAMPLE = 5;

const filterView = (filter: ReplayFilter): Named<"BulkReplay">["filter"] => ({
  status: filter.status,
  source: filter.source_id,
  destination: filter.destination_id,
  connection: filter.connection_id,
  event: filter.event_id,
  type: filter.event_type ?? null,
  cause: filter.cause ?? null,
  from: toInstantOrNull(filter.from),
  to: toInstantOrNull(filter.to),
});

/** The plan's count, until the run has seen more deliveries, or all. */
const matchedCounts = ({ matched, matched_exact, seen, collected }: Replay) =>
  collected ? { matched: seen, matched_exact: true } : { matched: Math.max(matched, seen), matched_exact };

const replayView = (replay: Replay): Named<"BulkReplay"> => ({
  id: replay.id,
  status: replay.status,
  filter: filterView(replay.filter),
  rate_per_second: replay.rate_per_second,
  ...matchedCounts(replay),
  queued: replay.queued,
  done: replay.done,
  failed: replay.failed,
  created_at: toInstant(replay.created_at),
  finished_at: toInstantOrNull(replay.finished_at),
});

/** The highest pace that the run can reach, in deliveries a second. For several destinations it is the pace that was asked for. */
async function highestPace(deps: ApiDeps, { filter, rate_per_second }: ReplayInput): Promise<number> {
  const one = filter.destination_id === null ? null : await findConfig(deps.db, "destinations", filter.destination_id);
  return one === null ? rate_per_second : replayShare(readSpec(destinationSpecSchema, one.spec), rate_per_second);
}

async function create(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const input = await replayInput(c, deps);
  const key = c.get("idempotency");
  const now = key?.since ?? deps.now();
  const plan = await planWithFilter(deps, input.filter, now, SAMPLE);
  const { matched, exact: matched_exact } = plan;
  if (input.dry_run) {
    c.set("isPlan", true);
    return c.json<Named<"ReplayPlan">>({
      dry_run: true,
      filter: filterView(input.filter),
      rate_per_second: input.rate_per_second,
      matched,
      matched_exact,
      estimated_seconds: Math.ceil(matched / (await highestPace(deps, input))),
      sample: await showDeliveries(deps, plan.sample),
    });
  }
  // The same idempotency key gives the same id, so that a request that runs twice starts one run.
  const id = key === undefined ? newReplayId(now) : await seededReplayId(now, key.scope);
  const { filter, rate_per_second } = input;
  const entry = audited(c, deps.now(), { action: "replay", kind: "replay", resource_id: id });
  await insertWholeReplay(deps.databases(), { id, filter, rate_per_second, created_at: now }, plan, entry);
  // The sweep starts a run whose message was lost.
  await deps
    .startReplay(id)
    .catch((error: unknown) => deps.log.error("queue refused a replay", { replay: id, error: describeError(error) }));
  const run = await readWholeReplay(deps.databases(), id);
  if (run === null) throw new Problem("not_found", "There is no such replay.");
  return c.json(replayView(run), 202);
}

async function named(c: Context<ApiEnv>, deps: ApiDeps): Promise<Replay & { readonly id: ReplayId }> {
  const run = await readWholeReplay(deps.databases(), c.req.param("id") ?? "");
  if (run === null) throw new Problem("not_found", "There is no such replay.");
  return run;
}

async function cancel(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const { id } = await named(c, deps);
  const now = deps.now();
  const run = await cancelWholeReplay(
    deps.databases(),
    id,
    now,
    audited(c, now, { action: "cancel", kind: "replay", resource_id: id }),
  );
  if (run === null) throw new Problem("replay_final", `The replay is ${(await named(c, deps)).status}.`);
  return c.json(replayView(run));
}

export function mountReplays(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/replays", async (c) => {
    const { limit, before } = pageQuery(c);
    const page = await listWholeReplays(deps.databases(), before, limit);
    return c.json(pageAnswer(c, page.rows.map(replayView), page.next));
  });
  app.post("/replays", (c) => create(c, deps));
  app.get("/replays/:id", async (c) => c.json(replayView(await named(c, deps))));
  app.post("/replays/:id/cancel", (c) => cancel(c, deps));
}
