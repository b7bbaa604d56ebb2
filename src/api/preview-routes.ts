// `POST /connections/{id}/preview` and `POST /connections/preview`: a filter, a transform or a pace on the events that are stored, before it is saved. Bounded in
// events, bytes and time; sends and stores nothing.
import type { Hono } from "hono";
import {
  MAX_PREVIEW_BODY_BYTES,
  MAX_PREVIEW_BYTES,
  MAX_PREVIEW_DIFFS,
  MAX_PREVIEW_NAMED,
  MAX_PREVIEW_PAGES,
  PREVIEW_BUDGET_MS,
  PREVIEW_PAGE,
} from "../config/record-limits.ts";
import { loadBody } from "../delivery/index.ts";
import { toInstant, toInstantOrNull } from "../kernel/clock.ts";
import { findNamedIn, findRecord, readStoredSpec } from "../management/index.ts";
import type { ConnectionSpec } from "../model/connection.ts";
import { maskCredentials } from "../model/credentials.ts";
import type { Destination } from "../model/destination.ts";
import type { SluiceEvent } from "../model/event.ts";
import { afterKey, firstKeyAt } from "../model/ids.ts";
import { WAITING_STATUSES } from "../model/lifecycle.ts";
import { parse } from "../model/parse.ts";
import { invalid, refuseFaults } from "../model/problem.ts";
import { checkRouting, compileFilter, compileTransform } from "../routing/index.ts";
import { findConfig, readBacklogs, readDestination, readSlugs, type RecordOf } from "../store/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { matchPorts } from "./matching.ts";
import type { Named } from "./openapi/client-types.ts";
import { compare, secondsAt, type Compared, type Way } from "./preview.ts";
import { newPreviewSchema, previewSchema, type PreviewInput } from "./preview-input.ts";
import { exactBody } from "./samples.ts";

type Answer = Named<"Preview">;

/** What was run, and why it ended before all that was asked for. */
interface Walked {
  readonly compared: readonly { readonly event: SluiceEvent; readonly result: Compared }[];
  readonly skipped: number;
  readonly stopped_by: Answer["stopped_by"];
}

/** @throws Problem that names what is wrong with the filter or transform */
function wayOf(spec: Pick<ConnectionSpec, "filter" | "transform" | "missing_matches_not">): Way {
  const faults = checkRouting(spec);
  if (faults.length > 0) refuseFaults(faults);
  const filter = spec.filter === null ? null : compileFilter(spec.filter, spec.missing_matches_not);
  const transform = spec.transform === null ? null : compileTransform(spec.transform);
  if (filter?.ok === false) return refuseFaults([filter.error]);
  if (transform?.ok === false) return refuseFaults([transform.error]);
  return { filter: filter?.value ?? null, transform: transform?.value ?? null };
}

const readsBody = ({ filter, transform }: Way): boolean => filter?.readsBody === true || transform?.readsBody === true;

/** The source's latest events, newest first, each on both ways. Duplicates are left out: they are not delivered. */
async function walk(
  deps: ApiDeps,
  source: { readonly id: string; readonly slug: string | null },
  { events: most, from = 0, to }: PreviewInput,
  ways: readonly [present: Way, wanted: Way],
  destination: Destination | null,
): Promise<Walked> {
  const startedAt = deps.now();
  const compared: Walked["compared"][number][] = [];
  let [skipped, bytes] = [0, 0];
  const stop = (stopped_by: Walked["stopped_by"]): Walked => ({ compared, skipped, stopped_by });
  let end = to === undefined ? afterKey("evt_") : firstKeyAt("evt", to);
  for (let pages = 0; pages < MAX_PREVIEW_PAGES && compared.length < most; pages++) {
    if (deps.now() - startedAt > PREVIEW_BUDGET_MS) return stop("time");
    const limit = Math.min(PREVIEW_PAGE, most - compared.length);
    const page = await deps.record.stored({ from: firstKeyAt("evt", from), to: end, source_id: source.id }, limit);
    for (const { event } of page.rows) {
      if (event?.duplicate_of != null) continue;
      const isNeeded = ways.some(readsBody) || event?.body.kind === "inline";
      if (event === null || (isNeeded && event.body_bytes > MAX_PREVIEW_BODY_BYTES)) {
        skipped += 1;
        continue;
      }
      bytes += isNeeded ? event.body_bytes : 0;
      if (bytes > MAX_PREVIEW_BYTES) return stop("bytes");
      const masked = maskCredentials<SluiceEvent>(event);
      const body = isNeeded ? await loadBody(masked, matchPorts(deps)).catch(() => null) : "missing";
      if (body === null) {
        skipped += 1;
        continue;
      }
      const subject = { event: masked, body, sourceSlug: source.slug };
      compared.push({ event: masked, result: compare(subject, ...ways, destination, startedAt) });
    }
    if (page.next === null) return stop(null);
    end = page.next;
  }
  return stop(compared.length < most ? "pages" : null);
}

function answerOf({ compared, skipped, stopped_by }: Walked, backlog: Answer["backlog"]): Answer {
  const count = (meets: (result: Compared) => boolean): number => compared.filter(({ result }) => meets(result)).length;
  const named = compared.filter(({ result }) => result.outcome !== "same").slice(0, MAX_PREVIEW_NAMED);
  let diffs = 0;
  return {
    examined: compared.length,
    skipped,
    stopped_by,
    newest_at: toInstantOrNull(compared[0]?.event.received_at ?? null),
    oldest_at: toInstantOrNull(compared.at(-1)?.event.received_at ?? null),
    matched_before: count(({ before }) => before.matched),
    matched_now: count(({ now }) => now.matched),
    now_matches: count(({ before, now }) => now.matched && !before.matched),
    no_longer_matches: count(({ outcome }) => outcome === "no_longer_matches"),
    changed: count(({ outcome }) => outcome === "changed"),
    failed_before: count(({ before }) => before.error !== null),
    failed: count(({ outcome }) => outcome === "failed"),
    events: named.map(({ event, result: { diff, diff_cut, ...result } }) => {
      const isShown = diff.length > 0 && diffs < MAX_PREVIEW_DIFFS;
      if (isShown) diffs += 1;
      return {
        id: event.id,
        received_at: toInstant(event.received_at),
        type: event.event_type ?? null,
        ...result,
        diff: isShown ? diff : null,
        diff_cut: isShown ? diff_cut : diff.length > 0,
      };
    }),
    backlog,
  };
}

/** How long what waits for the destination takes at its pace and at the one asked for; null where none was asked for. */
async function readBacklog(
  deps: ApiDeps,
  destination: Destination | null,
  { rate_limit }: PreviewInput,
): Promise<Answer["backlog"]> {
  if (rate_limit === undefined || destination === null) return null;
  const counts = await readBacklogs(deps.databases(), destination.id);
  const waiting = WAITING_STATUSES.reduce((sum, status) => sum + (counts[status] ?? 0), counts["held"] ?? 0);
  return {
    waiting,
    seconds_before: secondsAt(waiting, destination.rate_limit),
    seconds_now: secondsAt(waiting, rate_limit),
  };
}

type Routing = Pick<ConnectionSpec, "filter" | "transform" | "missing_matches_not">;

/** A new connection is compared with one that takes every event as it is. */
const EVERYTHING: Routing = { filter: null, transform: null, missing_matches_not: true };

async function preview(
  deps: ApiDeps,
  source: Parameters<typeof walk>[1],
  target: RecordOf<"destinations"> | null,
  present: Routing,
  input: PreviewInput,
): Promise<Answer> {
  if (input.from !== undefined && input.to !== undefined && input.from >= input.to)
    throw invalid("/to", "must be after from");
  const { filter, transform, missing_matches_not } = present;
  const wanted = {
    filter: input.filter === undefined ? filter : input.filter,
    transform: input.transform === undefined ? transform : input.transform,
    missing_matches_not: input.missing_matches_not ?? missing_matches_not,
  };
  const destination = target === null ? null : readDestination(target.id, target.spec, target.paused);
  const walked = await walk(deps, source, input, [wayOf(present), wayOf(wanted)], destination);
  return answerOf(walked, await readBacklog(deps, destination, input));
}

export function mountPreview(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { db } = deps;
  app.post("/connections/preview", async (c) => {
    const { source, destination, ...input } = parse(newPreviewSchema, await exactBody(c));
    if (destination === undefined && input.rate_limit !== undefined)
      throw invalid("/rate_limit", "can be given with a destination only");
    const from = await findNamedIn(db, "sources", "/source", source);
    const to = destination === undefined ? null : await findNamedIn(db, "destinations", "/destination", destination);
    return c.json<Answer>(await preview(deps, from, to, EVERYTHING, input));
  });
  app.post("/connections/:id/preview", async (c) => {
    const { spec, source_id, destination_id } = await findRecord(db, "connections", c.req.param("id"));
    const input = parse(previewSchema, await exactBody(c));
    const target = await findConfig(db, "destinations", destination_id);
    const slug = (await readSlugs(db, "sources", [source_id])).get(source_id) ?? null;
    const present = readStoredSpec("connections", spec) as ConnectionSpec;
    return c.json<Answer>(await preview(deps, { id: source_id, slug }, target, present, input));
  });
}
