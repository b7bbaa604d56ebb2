// Sources, destinations and connections: HTTP to verb and back.
import type { Context, Hono } from "hono";
import * as z from "zod";
import {
  createRecord,
  findRecord,
  pauseRecord,
  removeRecord,
  resumeRecord,
  rotateSecret,
  updateRecord,
  type Pausable,
  type Written,
} from "../management/index.ts";
import { parse } from "../model/parse.ts";
import { Problem } from "../model/problem.ts";
import { readSlugs, type Kind, type RecordOf } from "../store/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { legible, listRows, ORDERS } from "./config-order.ts";
import { withStates } from "./destination-states.ts";
import { withSourceStates } from "./source-states.ts";
import { managementPorts, maySeeSecrets, objectBody } from "./management.ts";
import type { Named } from "./openapi/client-types.ts";
import { idQuery, pageAnswer, pageQuery } from "./query.ts";
import { connectionView, destinationView, sourceView } from "./views.ts";

const searchSchema = z.string().min(1).max(200).optional();
const expandSchema = {
  sources: z.enum(["health"]).optional(),
  destinations: z.enum(["state", "waiting"]).optional(),
  connections: z.undefined(),
} as const satisfies Record<Kind, z.ZodType>;
/** The health of a destination has an operation of its own. */
const expandOneSchema = { ...expandSchema, destinations: z.undefined() } as const;
const orderSchema = z.enum(ORDERS).default("newest");

const nameOf = (c: Context<ApiEnv>): string => c.req.param("id") ?? "";

async function show(c: Context<ApiEnv>, deps: ApiDeps, kind: Kind, rows: readonly object[]): Promise<object[]> {
  switch (kind) {
    case "sources":
      return (rows as RecordOf<"sources">[]).map((row) =>
        sourceView(row, deps.settings.publicOrigin ?? new URL(c.req.url).origin),
      );
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
  const query = pageQuery(c);
  const search = parse(searchSchema, c.req.query("search"), "/query/search");
  const expand = parse(expandSchema[kind], c.req.query("expand"), "/query/expand");
  const order = parse(orderSchema, c.req.query("order"), "/query/order");
  const source_id = await idQuery(c, deps, "source", "sources");
  const destination_id = await idQuery(c, deps, "destination", "destinations");
  const filter = { search, source_id, destination_id };
  const { rows, states } = await listRows(deps, kind, query, order, filter);
  const page = rows.slice(0, query.limit);
  const shown = legible(kind, page);
  const views = await show(c, deps, kind, shown);
  const data =
    expand === undefined
      ? views
      : kind === "sources"
        ? await withSourceStates(deps, shown as RecordOf<"sources">[], views, states.sources)
        : await withStates(
            deps,
            shown as RecordOf<"destinations">[],
            views,
            expand === "waiting",
            states.destinations ?? null,
          );
  return c.json(pageAnswer(c, data, rows.length > query.limit ? (page.at(-1)?.id ?? null) : null));
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
    app.get(`/${kind}/:id`, async (c) => {
      const expand = parse(expandOneSchema[kind], c.req.query("expand"), "/query/expand");
      const record = await findRecord(deps.db, kind, nameOf(c));
      const view = await showOne(c, deps, kind, record);
      return c.json(
        expand === undefined ? view : (await withSourceStates(deps, [record as RecordOf<"sources">], [view]))[0],
      );
    });
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
