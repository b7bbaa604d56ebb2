// Sources, destinations and connections: create, read, update, delete, list, pause, resume.
import type { Context, Hono } from "hono";
import { checkDestinationUrl } from "../delivery/index.ts";
import { limitsOf } from "../gate/limits-of.ts";
import { connectionSpecSchema } from "../model/connection.ts";
import { destinationSpecSchema } from "../model/destination.ts";
import { newConnectionId, newDestinationId, newSourceId, type DestinationId } from "../model/ids.ts";
import { sourceSpecSchema } from "../model/source.ts";
import {
  affectedSources,
  deleteConfig,
  findConfig,
  insertConfig,
  isSlugConflict,
  listConfig,
  slugsOf,
  updateConfig,
  type Kind,
  type RecordOf,
} from "../store/config-store.ts";
import { describeError } from "../telemetry/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid, parse, Problem } from "./problem.ts";
import { jsonBody, pageAnswer, pageQuery } from "./query.ts";
import { sealSecrets } from "./secrets.ts";
import { slugTaken, withNames } from "./slugs.ts";
import { connectionView, destinationView, sourceView } from "./views.ts";

type Input = Record<string, unknown>;

const isObject = (value: unknown): value is Input =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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

/** The whole configuration of one kind after a change: checked as one, so that nothing is half right. */
function check(kind: Kind, input: Input, deps: ApiDeps): { readonly slug: string } {
  switch (kind) {
    case "sources":
      return parse(sourceSpecSchema, input);
    case "connections":
      return parse(connectionSpecSchema, input);
    case "destinations": {
      const spec = parse(destinationSpecSchema, input);
      const url = checkDestinationUrl(spec.url, deps.settings.allowPrivate);
      if (!url.ok) throw invalid("/url", url.error);
      return spec;
    }
  }
}

async function show(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind, rows: readonly object[]): Promise<object[]> {
  switch (kind) {
    case "sources":
      return (rows as RecordOf<"sources">[]).map((row) => sourceView(row, new URL(c.req.url).origin));
    case "destinations":
      return (rows as RecordOf<"destinations">[]).map(destinationView);
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

async function refuseTakenSlug(slug: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw isSlugConflict(error) ? slugTaken(slug) : error;
  }
}

async function create(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind): Promise<Response> {
  const now = deps.now();
  const input = await inputOf(c);
  const times = { created_at: now, updated_at: now };
  let row: { id: string; source_id?: string; slug: string; spec: string };
  if (kind === "connections") {
    const { source, destination, ...rest } = input;
    const from = await endOf(deps, "sources", "source", source);
    const to = await endOf(deps, "destinations", "destination", destination);
    const spec = check(kind, await withNames(deps.db, kind, rest, `${from.slug}-${to.slug}`), deps);
    const id = newConnectionId(now);
    const link = {
      id,
      slug: spec.slug,
      spec: JSON.stringify(spec),
      source_id: from.id,
      destination_id: to.id,
      ...times,
    };
    await refuseTakenSlug(spec.slug, insertConfig(deps.db, "connections", link, [from.id]));
    row = link;
  } else {
    const sealed = await sealSecrets(kind, input, null, deps.vault);
    const spec = check(kind, await withNames(deps.db, kind, sealed), deps);
    row = {
      id: kind === "sources" ? newSourceId(now) : newDestinationId(now),
      slug: spec.slug,
      spec: JSON.stringify(spec),
    };
    await refuseTakenSlug(spec.slug, insertConfig(deps.db, kind, { ...row, ...times }, []));
  }
  await publish(deps, await affectedSources(deps.db, kind, row));
  const created = await findConfig(deps.db, kind, row.id);
  return c.json((await show(c, deps, kind, created === null ? [] : [created]))[0] ?? {}, 201);
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

/** Fields that are not given stay as they are. */
async function update(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind): Promise<Response> {
  const record = await named(c, deps, kind);
  const input = await inputOf(c);
  for (const field of kind === "connections" ? ["source", "destination"] : []) {
    if (field in input) throw invalid(`/${field}`, "cannot be changed: make another connection");
  }
  const stored = JSON.parse(record.spec) as Input;
  const spec = check(kind, { ...stored, ...(await sealSecrets(kind, input, stored, deps.vault)) }, deps);
  const affected = await affectedSources(deps.db, kind, record);
  const change = { slug: spec.slug, spec: JSON.stringify(spec), updated_at: deps.now() };
  await refuseTakenSlug(spec.slug, updateConfig(deps.db, kind, record.id, change, affected));
  await publish(deps, affected, kind === "sources" && spec.slug !== record.slug ? [record.slug] : []);
  if (kind === "destinations" && differ(record.spec, change.spec)) await retime(deps, record.id);
  const changed = await findConfig(deps.db, kind, record.id);
  return c.json((await show(c, deps, kind, changed === null ? [] : [changed]))[0] ?? {});
}

/** Whether what the gate goes by differs. */
const differ = (before: string, after: string): boolean => {
  const [was, is] = [before, after].map((spec) => limitsOf(destinationSpecSchema.parse(JSON.parse(spec))));
  return JSON.stringify(was) !== JSON.stringify(is);
};

/** A failure here is no error to the client: the change stands, and deliveries come at the times they have. */
async function retime(deps: ApiDeps, destinationId: string): Promise<void> {
  await deps
    .retime(destinationId as DestinationId)
    .catch((error: unknown) => deps.log.error("retime failed", { error: describeError(error) }));
}

async function remove(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind): Promise<Response> {
  const record = await named(c, deps, kind);
  const affected = await affectedSources(deps.db, kind, record);
  await deleteConfig(deps.db, kind, record.id, affected);
  await publish(deps, kind === "sources" ? [] : affected, kind === "sources" ? [record.slug] : []);
  return c.body(null, 204);
}

async function setPaused(
  c: Context<ApiEnv>,
  deps: ApiDeps,
  kind: "destinations" | "connections",
  paused: boolean,
): Promise<Response> {
  const record = await named(c, deps, kind);
  const affected = await affectedSources(deps.db, kind, record);
  await updateConfig(deps.db, kind, record.id, { paused: Number(paused), updated_at: deps.now() }, affected);
  await publish(deps, affected);
  if (!paused) {
    if (kind === "destinations") await retime(deps, record.id);
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
      return c.json(
        pageAnswer(await show(c, deps, kind, page), rows.length > limit ? (page.at(-1)?.id ?? null) : null),
      );
    });
    app.post(`/${kind}`, (c) => create(c, deps, kind));
    app.get(`/${kind}/:id`, async (c) => c.json((await show(c, deps, kind, [await named(c, deps, kind)]))[0] ?? {}));
    app.patch(`/${kind}/:id`, (c) => update(c, deps, kind));
    app.delete(`/${kind}/:id`, (c) => remove(c, deps, kind));
    if (kind !== "sources") {
      app.post(`/${kind}/:id/pause`, (c) => setPaused(c, deps, kind, true));
      app.post(`/${kind}/:id/resume`, (c) => setPaused(c, deps, kind, false));
    }
  }
}
