// Sources, destinations and connections: create, read, update, delete, list, pause, resume.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { destinationSpecSchema, type DestinationSpec } from "../model/destination.ts";
import { changedFields, type AuditKind } from "../model/audit.ts";
import { newConnectionId, newDestinationId, newSourceId, type DestinationId } from "../model/ids.ts";
import { describeError } from "../telemetry/index.ts";
import { audited, type Audited } from "./audited.ts";
import { checkSpec, parseSpec, type Spec } from "./config-checks.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { withStates } from "./destination-states.ts";
import { invalid, Problem } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import { jsonBody, pageAnswer, pageQuery } from "./query.ts";
import { isObject, sealSecrets, type Input } from "./secrets.ts";
import { completeSigning, reveal, withPublicKeys } from "./signing-secrets.ts";
import { slugTaken, withNames } from "./slugs.ts";
import { urlRules } from "./url-rules.ts";
import { connectionView, destinationView, sourceView } from "./views.ts";
import { limitsOf } from "../gate/index.ts";
import {
  affectedSources,
  deleteConfig,
  findConfig,
  insertConfig,
  insertConnection,
  isSlugConflict,
  listConfig,
  slugsOf,
  replaceSpec,
  updateConfig,
  type Kind,
  type RecordOf,
} from "../store/index.ts";

const expandSchema = z.enum(["state"]).optional();

/** Changes of others that an update makes room for before it gives up. */
const UPDATE_ROUNDS = 8;

async function inputOf(c: Context<ApiEnv>): Promise<Input> {
  const input = await jsonBody(c);
  if (!isObject(input)) throw invalid("/", "must be an object");
  return input;
}

/** Finds what the path names, by id or slug. */
async function named<K extends Kind>(c: Context<ApiEnv>, deps: ApiDeps, kind: K): Promise<RecordOf<K>> {
  const record = await findConfig(deps.db, kind, c.req.param("id") ?? "");
  if (record === null) throw new Problem("not_found", `There is no such ${kind.slice(0, -1)}.`);
  return record;
}

interface Checked {
  readonly spec: Spec;
  /** Signing secrets that Sluice has made: shown in this answer only. */
  readonly made: readonly string[] | null;
}

/** Input with its secrets made and sealed, over what is stored; then checked as a whole. */
async function complete(
  c: Context<ApiEnv>,
  kind: Kind,
  given: Input,
  stored: Input | null,
  deps: ApiDeps,
  named: (input: Input) => Promise<Input>,
): Promise<Checked> {
  const { input, made } = kind === "destinations" ? await completeSigning(given, stored) : { input: given, made: null };
  const sealed = await sealSecrets(kind, input, stored, deps.vault);
  const spec = await check(c, deps, kind, await named({ ...stored, ...sealed }));
  if (kind !== "destinations") return { spec, made };
  return { spec: await withPublicKeys(spec as DestinationSpec, input, deps.vault), made };
}

async function check(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind, input: Input): Promise<Spec> {
  const spec = parseSpec(kind, input);
  await checkSpec(kind, spec, { ...deps, urls: urlRules(c, deps) });
  return spec;
}

async function show(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind, rows: readonly object[]): Promise<object[]> {
  switch (kind) {
    case "sources":
      return (rows as RecordOf<"sources">[]).map((row) => sourceView(row, new URL(c.req.url).origin));
    case "destinations":
      return (rows as RecordOf<"destinations">[]).map((row) => destinationView(row, deps.now()));
    case "connections": {
      const links = rows as RecordOf<"connections">[];
      const sources = await slugsOf(
        deps.db,
        "sources",
        links.map((row) => row.source_id),
      );
      const destinations = await slugsOf(
        deps.db,
        "destinations",
        links.map((row) => row.destination_id),
      );
      return links.map((row) => connectionView(row, sources, destinations));
    }
  }
}

/** A failure here is no error to the client: the change stands, and the sweep publishes it. */
async function publish(deps: ApiDeps, sources: readonly string[], removed: readonly string[] = []): Promise<void> {
  await deps
    .publish(sources, removed)
    .catch((error: unknown) => deps.log.error("publish failed", { error: describeError(error) }));
}

async function refuseTakenSlug<T>(slug: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isSlugConflict(error) ? slugTaken(slug) : error;
  }
}

/** What a change of a record is on record as. */
const change = (
  kind: Kind,
  action: Audited["action"],
  { id, slug }: { readonly id: string; readonly slug: string },
  changed: readonly string[] = [],
): Audited => ({ action, kind: kind.slice(0, -1) as AuditKind, resource_id: id, resource_name: slug, changed });

async function create(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind): Promise<Response> {
  const now = deps.now();
  const input = await inputOf(c);
  const times = { created_at: now, updated_at: now };
  let row: { id: string; source_id?: string; slug: string; spec: string };
  let made: Checked["made"] = null;
  if (kind === "connections") {
    const { source, destination, ...rest } = input;
    const from = await endOf(deps, "sources", "source", source);
    const to = await endOf(deps, "destinations", "destination", destination);
    const spec = await check(c, deps, kind, await withNames(deps.db, kind, rest, `${from.slug}-${to.slug}`));
    const id = newConnectionId(now);
    const link = {
      id,
      slug: spec.slug,
      spec: JSON.stringify(spec),
      source_id: from.id,
      destination_id: to.id,
      ...times,
    };
    const entry = audited(c, now, change(kind, "create", link));
    if (!(await refuseTakenSlug(spec.slug, insertConnection(deps.db, link, [from.id], [entry])))) {
      await endOf(deps, "sources", "source", from.id);
      throw invalid("/destination", "names nothing that exists");
    }
    row = link;
  } else {
    const checked = await complete(c, kind, input, null, deps, (all) => withNames(deps.db, kind, all));
    made = checked.made;
    row = {
      id: kind === "sources" ? newSourceId(now) : newDestinationId(now),
      slug: checked.spec.slug,
      spec: JSON.stringify(checked.spec),
    };
    const entry = audited(c, now, change(kind, "create", row));
    await refuseTakenSlug(row.slug, insertConfig(deps.db, kind, { ...row, ...times }, [], [entry]));
  }
  await publish(deps, await affectedSources(deps.db, kind, row));
  const created = await findConfig(deps.db, kind, row.id);
  return c.json(reveal(c, (await show(c, deps, kind, created === null ? [] : [created]))[0] ?? {}, made), 201);
}

async function endOf<K extends "sources" | "destinations">(
  deps: ApiDeps,
  kind: K,
  field: string,
  name: unknown,
): Promise<RecordOf<K>> {
  if (typeof name !== "string") throw invalid(`/${field}`, "is required: an id or a slug");
  const record = await findConfig(deps.db, kind, name);
  if (record === null) throw invalid(`/${field}`, "names nothing that exists");
  return record;
}

/** Fields that are not given stay as they are, those included that somebody else changes at the same time. */
async function update(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind): Promise<Response> {
  const input = await inputOf(c);
  for (const field of kind === "connections" ? ["source", "destination"] : []) {
    if (field in input) throw invalid(`/${field}`, "cannot be changed: make another connection");
  }
  const id = (await named(c, deps, kind)).id;
  for (let round = 0; round < UPDATE_ROUNDS; round++) {
    const record = await findConfig(deps.db, kind, id);
    if (record === null) throw new Problem("not_found", `There is no such ${kind.slice(0, -1)}.`);
    const stored = JSON.parse(record.spec) as Input;
    const { spec, made } = await complete(c, kind, input, stored, deps, async (all) => all);
    const affected = await affectedSources(deps.db, kind, record);
    const next = JSON.stringify(spec);
    const now = deps.now();
    const fields = changedFields(stored, JSON.parse(next));
    const entries = fields.length === 0 ? [] : [audited(c, now, change(kind, "update", record, fields))];
    const replaced = replaceSpec(deps.db, kind, record, next, now, affected, entries, spec.slug);
    if (!(await refuseTakenSlug(spec.slug, replaced))) continue;
    await publish(deps, affected, kind === "sources" && spec.slug !== record.slug ? [record.slug] : []);
    if (kind === "destinations" && differ(record.spec, next)) await reschedule(deps, record.id);
    const changed = await findConfig(deps.db, kind, record.id);
    return c.json(reveal(c, (await show(c, deps, kind, changed === null ? [] : [changed]))[0] ?? {}, made));
  }
  throw new Problem("conflict");
}

/** Whether what the gate goes by differs. */
const differ = (before: string, after: string): boolean => {
  const [was, is] = [before, after].map((spec) => limitsOf(destinationSpecSchema.parse(JSON.parse(spec))));
  return JSON.stringify(was) !== JSON.stringify(is);
};

/** A failure here is no error to the client: the change stands, and deliveries come at the times they have. */
async function reschedule(deps: ApiDeps, destinationId: string): Promise<void> {
  await deps
    .reschedule(destinationId as DestinationId)
    .catch((error: unknown) => deps.log.error("retime failed", { error: describeError(error) }));
}

/** A failure here is no error to the client: what waits is cancelled when its time comes. */
export async function cancelWaiting(deps: ApiDeps, kind: Kind, id: string): Promise<void> {
  const of = { sources: "source", destinations: "destination", connections: "connection" } as const;
  await deps
    .cancelWaiting(of[kind], id)
    .catch((error: unknown) => deps.log.error("cancel failed", { error: describeError(error) }));
}

async function remove(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind): Promise<Response> {
  const record = await named(c, deps, kind);
  const affected = await affectedSources(deps.db, kind, record);
  const entry = audited(c, deps.now(), change(kind, "delete", record));
  await deleteConfig(deps.db, kind, record.id, [entry]);
  await publish(deps, kind === "sources" ? [] : affected, kind === "sources" ? [record.slug] : []);
  await cancelWaiting(deps, kind, record.id);
  return c.body(null, 204);
}

/** The one secret that is ever answered: its provider made it, and asks its user for it. */
async function showLearnedSecret(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const secret = await deps.learnedSecret((await named(c, deps, "sources")).id);
  if (secret === null)
    throw new Problem("not_found", "No secret came in a handshake of this source within the last hour.");
  c.set("confidential", true);
  return c.json({ secret }, 200, { "cache-control": "no-store" });
}

async function setPaused(
  c: Context<ApiEnv>,
  deps: ApiDeps,
  kind: "destinations" | "connections",
  paused: boolean,
): Promise<Response> {
  const record = await named(c, deps, kind);
  const affected = await affectedSources(deps.db, kind, record);
  const now = deps.now();
  const entry = audited(c, now, change(kind, paused ? "pause" : "resume", record));
  await updateConfig(deps.db, kind, record.id, { paused: Number(paused), updated_at: now }, affected, [entry]);
  await publish(deps, affected);
  if (!paused) {
    if (kind === "destinations") await reschedule(deps, record.id);
    await deps
      .release(kind === "destinations" ? { destination_id: record.id } : { connection_id: record.id })
      .catch((error: unknown) => deps.log.error("release failed", { error: describeError(error) }));
  }
  const changed = await findConfig(deps.db, kind, record.id);
  return c.json((await show(c, deps, kind, changed === null ? [] : [changed]))[0] ?? {});
}

export function mountConfig(app: Hono<ApiEnv>, deps: ApiDeps): void {
  for (const kind of ["sources", "destinations", "connections"] as const) {
    app.get(`/${kind}`, async (c) => {
      const { limit, before } = pageQuery(c);
      const rows = await listConfig(deps.db, kind, limit + 1, before);
      const page = rows.slice(0, limit);
      const views = await show(c, deps, kind, page);
      const expand = parse(expandSchema, c.req.query("expand"), "/query/expand");
      const data =
        kind === "destinations" && expand === "state"
          ? await withStates(deps, page as RecordOf<"destinations">[], views)
          : views;
      return c.json(pageAnswer(c, data, rows.length > limit ? (page.at(-1)?.id ?? null) : null));
    });
    app.post(`/${kind}`, (c) => create(c, deps, kind));
    app.get(`/${kind}/:id`, async (c) => c.json((await show(c, deps, kind, [await named(c, deps, kind)]))[0] ?? {}));
    app.patch(`/${kind}/:id`, (c) => update(c, deps, kind));
    app.delete(`/${kind}/:id`, (c) => remove(c, deps, kind));
    if (kind === "sources") app.post("/sources/:id/learned-secret", (c) => showLearnedSecret(c, deps));
    else {
      app.post(`/${kind}/:id/pause`, (c) => setPaused(c, deps, kind, true));
      app.post(`/${kind}/:id/resume`, (c) => setPaused(c, deps, kind, false));
    }
  }
}
