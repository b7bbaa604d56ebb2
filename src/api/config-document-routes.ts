// `GET /config` and `PUT /config`: all sources, destinations and connections as one document.
import type { Context, Hono } from "hono";
import { Problem } from "../model/problem.ts";
import { applyDocument, readConfigDocument, type Action, type Plan } from "../management/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { managementPorts, maySeeSecrets } from "./management.ts";
import type { Named } from "./openapi/client-types.ts";
import { flagQuery, jsonBody } from "./query.ts";

/** Strong, in quotes (RFC 9110, section 8.8.3). */
const etag = (fingerprint: string): string => `"${fingerprint}"`;

function requireMatch(c: Context<ApiEnv>, tag: string): void {
  const wanted = c.req.header("if-match");
  if (wanted === undefined || wanted.trim() === "*") return;
  if (!wanted.split(",").some((one) => one.trim() === tag)) throw new Problem("precondition_failed");
}

async function put(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const options = {
    dryRun: flagQuery(c, "dry_run"),
    prune: flagQuery(c, "prune"),
    requireState: (fingerprint: string) => requireMatch(c, etag(fingerprint)),
  };
  const { plan, fingerprint } = await applyDocument(await jsonBody(c), options, managementPorts(c, deps));
  c.header("etag", etag(fingerprint));
  return c.json(planAnswer(plan, options.dryRun, maySeeSecrets(c)));
}

function planAnswer({ changes, drafts }: Plan, dryRun: boolean, shown: boolean): Named<"ConfigPlan"> {
  const count = (action: Action): number => changes.filter((change) => change.action === action).length;
  const made = drafts.flatMap(({ slug, made }) =>
    made === null || dryRun ? [] : [{ destination: slug, secrets: made }],
  );
  return {
    dry_run: dryRun,
    summary: {
      create: count("create"),
      update: count("update"),
      delete: count("delete"),
      unchanged: count("unchanged"),
    },
    changes,
    ...(made.length === 0
      ? {}
      : shown
        ? { signing_secrets: made }
        : { signing_secrets_withheld: made.map(({ destination }) => destination) }),
  };
}

export function mountConfigDocument(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/config", async (c) => {
    const { document, fingerprint } = await readConfigDocument(deps);
    c.header("etag", etag(fingerprint));
    return c.json(document);
  });
  app.put("/config", (c) => put(c, deps));
}
