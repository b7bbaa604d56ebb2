// Sources, destinations and connections: HTTP to verb and back.
import type { Context, Hono } from "hono";
import { z } from "zod";
import {
  createRecord,
  findRecord,
  pauseRecord,
  readStoredSpec,
  removeRecord,
  resumeRecord,
  rotateSecret,
  updateRecord,
  type Pausable,
  type Written,
} from "../management/index.ts";
import { parse } from "../model/parse.ts";
import { Problem } from "../model/problem.ts";
import { listConfig, readSlugs, type Kind, type RecordOf } from "../store/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { withStates } from "./destination-states.ts";
import { managementPorts, maySeeSecrets, objectBody } from "./management.ts";
import type { Named } from "./openapi/client-types.ts";
import { pageAnswer, pageQuery } from "./query.ts";
import { readable } from "../model/readable.ts";
import { connectionView, destinationView, sourceView } from "./views.ts";

const expandSchema = z.enum(["state"]).optional();

const nameOf = (c: Context<ApiEnv>): string => c.req.param("id") ?? "";

async function show(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind, rows: readonly object[]): Promise<object[]> {
  switch (kind) {
    case "sources":
      return (rows as RecordOf<"sources">[]).map((row) => sourceView(row, new URL(c.req.url).origin));
    case "destinations":
      return (rows as RecordOf<"destinations">[]).map((row) => destinationView(row, deps.now()));
    case "connections": {
      const links = rows as RecordOf<"connections">[];
      const sources = await readSlugs(
        deps.db,
        "sources",
        links.map((row) => row.source_id),
      );
      const destinations = await readSlugs(
        deps.db,
        "destinations",
        links.map((row) => row.destination_id),
      );
      return links.map((row) => connectionView(row, sources, destinations));
    }
  }
}

const showOne = async (c: Context<ApiEnv>, deps: ApiDeps, kind: Kind, row: object): Promise<object> =>
  (await show(c, deps, kind, [row]))[0] ?? {};

/** Signing secrets that Sluice made are in this answer only, for admins. An idempotency key stores such an answer encrypted. */
async function showWritten(
  c: Context<ApiEnv>,
  deps: ApiDeps,
  kind: Kind,
  { record, made }: Written<Kind>,
): Promise<object> {
  const view: { readonly signing?: object } = await showOne(c, deps, kind, record);
  if (made === null) return view;
  if (!maySeeSecrets(c)) return { ...view, signing: { ...view.signing, secrets_withheld: true } };
  c.set("confidential", true);
  return { ...view, signing: { ...view.signing, secrets: made } };
}

/** The only stored secret that the API answers: its provider made it and asks the user to paste it there. */
async function showLearnedSecret(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const secret = await deps.learnedSecret((await findRecord(deps.db, "sources", nameOf(c))).id);
  if (secret === null)
    throw new Problem("not_found", "No secret came in a handshake of this source within the last hour.");
  c.set("confidential", true);
  return c.json<Named<"LearnedSecret">>({ secret });
}

async function list(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind): Promise<Response> {
  const { limit, before } = pageQuery(c);
  const rows = await listConfig(deps.db, kind, limit + 1, before);
  const page = rows.slice(0, limit);
  const shown = readable(page, (row) => ({ row, spec: readStoredSpec(kind, row.spec) })).map(({ row }) => row);
  const views = await show(c, deps, kind, shown);
  const expand = parse(expandSchema, c.req.query("expand"), "/query/expand");
  const data =
    kind === "destinations" && expand === "state"
      ? await withStates(deps, shown as RecordOf<"destinations">[], views)
      : views;
  return c.json(pageAnswer(c, data, rows.length > limit ? (page.at(-1)?.id ?? null) : null));
}

function mountPausing(app: Hono<ApiEnv>, deps: ApiDeps, kind: Pausable): void {
  for (const [verb, act] of [["pause", pauseRecord] as const, ["resume", resumeRecord] as const])
    app.post(`/${kind}/:id/${verb}`, async (c) =>
      c.json(await showOne(c, deps, kind, await act(kind, nameOf(c), managementPorts(c, deps)))),
    );
}

export function mountConfig(app: Hono<ApiEnv>, deps: ApiDeps): void {
  for (const kind of ["sources", "destinations", "connections"] as const) {
    app.get(`/${kind}`, (c) => list(c, deps, kind));
    app.post(`/${kind}`, async (c) => {
      const written = await createRecord(kind, await objectBody(c), managementPorts(c, deps));
      return c.json(await showWritten(c, deps, kind, written), 201);
    });
    app.get(`/${kind}/:id`, async (c) =>
      c.json(await showOne(c, deps, kind, await findRecord(deps.db, kind, nameOf(c)))),
    );
    app.patch(`/${kind}/:id`, async (c) => {
      const written = await updateRecord(kind, nameOf(c), await objectBody(c), managementPorts(c, deps));
      return c.json(await showWritten(c, deps, kind, written));
    });
    app.delete(`/${kind}/:id`, async (c) => {
      await removeRecord(kind, nameOf(c), managementPorts(c, deps));
      return c.body(null, 204);
    });
  }
  mountPausing(app, deps, "destinations");
  mountPausing(app, deps, "connections");
  app.post("/sources/:id/learned-secret", (c) => showLearnedSecret(c, deps));
  app.post("/destinations/:id/rotate-secret", async (c) => {
    const written = await rotateSecret(nameOf(c), await objectBody(c), managementPorts(c, deps));
    return c.json(await showWritten(c, deps, "destinations", written));
  });
}
