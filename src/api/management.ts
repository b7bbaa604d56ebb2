// The ports of the management verbs, for one request.
import type { Context } from "hono";
import type { AuditEntry } from "../model/audit.ts";
import { isObject, type JsonObject } from "../kernel/json-object.ts";
import { covers } from "../model/token.ts";
import { invalid } from "../model/problem.ts";
import { auditEntry, type Actor, type Audited, type ManagementPorts } from "../management/index.ts";
import type { UrlPorts } from "../outbound/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { jsonBody } from "./query.ts";

export const managementPorts = (c: Context<ApiEnv>, deps: ApiDeps): ManagementPorts => ({
  ...deps,
  actor: actorOf(c),
  urls: urlRules(c, deps),
});

/** The host that the client called counts as this deployment's own. */
export const urlRules = (
  c: Context<ApiEnv>,
  { settings, resolve }: Pick<ApiDeps, "settings" | "resolve">,
): UrlPorts => ({
  allowPrivate: settings.allowPrivate,
  allowHttp: settings.allowHttp,
  ownHosts: [...settings.hostnames, new URL(c.req.url).host],
  resolve,
});

function actorOf(c: Context<ApiEnv>): Actor {
  const { id, name } = c.get("principal");
  return { id, name, request_id: c.get("requestId") };
}

/** @param now of the change, milliseconds since the epoch */
export const audited = (c: Context<ApiEnv>, now: number, change: Audited): AuditEntry =>
  auditEntry(actorOf(c), now, change);

/** Whether the answer may hold signing secrets that Sluice made. */
export const maySeeSecrets = (c: Context<ApiEnv>): boolean => covers(c.get("principal").scope, "admin");

/** The body of a create or an update. */
export async function objectBody(c: Context<ApiEnv>): Promise<JsonObject> {
  const body = await jsonBody(c);
  if (!isObject(body)) throw invalid("/", "must be an object");
  return body;
}
