// `GET /config` and `PUT /config`: all sources, destinations and connections as one document.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { MAX_CONFIG_RECORDS } from "../../config/limits.ts";
import { audited } from "../audited.ts";
import type { ApiDeps, ApiEnv } from "../deps.ts";
import { parse } from "../../model/parse.ts";
import { Problem } from "../../model/problem.ts";
import { jsonBody } from "../query.ts";
import { urlRules } from "../url-rules.ts";
import { applyPlan } from "./apply.ts";
import { documentSchema } from "./document.ts";
import { planOf, type Action, type Plan } from "./plan.ts";
import { readStored, writeDocument } from "./stored.ts";
import { fingerprint, readSnapshot, type Snapshot } from "../../store/index.ts";

const flagSchema = z.enum(["true", "false"]).default("false");

const flag = (c: Context<ApiEnv>, name: string): boolean =>
  parse(flagSchema, c.req.query(name), `/query/${name}`) === "true";

async function snapshotOf(deps: ApiDeps): Promise<Snapshot> {
  const snapshot = await readSnapshot(deps.db);
  if (snapshot !== null) return snapshot;
  throw new Problem("config_too_large", `There are more than ${MAX_CONFIG_RECORDS} records of one kind.`);
}

/** Strong, in quotes (RFC 9110, section 8.8.3). */
const tagOf = async (snapshot: Snapshot): Promise<string> => `"${await fingerprint(snapshot)}"`;

function requireMatch(c: Context<ApiEnv>, tag: string): void {
  const wanted = c.req.header("if-match");
  if (wanted === undefined || wanted.trim() === "*") return;
  if (!wanted.split(",").some((one) => one.trim() === tag)) throw new Problem("precondition_failed");
}

async function put(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const [dryRun, prune] = [flag(c, "dry_run"), flag(c, "prune")];
  const document = parse(documentSchema, await jsonBody(c));
  const snapshot = await snapshotOf(deps);
  const tag = await tagOf(snapshot);
  requireMatch(c, tag);
  const config = readStored(snapshot);
  const plan = await planOf(document, config, prune, { ...deps, urls: urlRules(c, deps) });
  if (!dryRun) await applyPlan(plan, snapshot, config, deps, (change, now) => audited(c, now, change));
  c.header("etag", dryRun ? tag : await tagOf(await snapshotOf(deps)));
  return c.json(answerOf(plan, dryRun));
}

function answerOf({ changes, drafts }: Plan, dryRun: boolean) {
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
    ...(made.length > 0 ? { signing_secrets: made } : {}),
  };
}

export function mountConfigDocument(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/config", async (c) => {
    const snapshot = await snapshotOf(deps);
    c.header("etag", await tagOf(snapshot));
    return c.json(writeDocument(readStored(snapshot)));
  });
  app.put("/config", (c) => put(c, deps));
}
