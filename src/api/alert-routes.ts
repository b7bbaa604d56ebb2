// Alerts: what to watch for and whom to tell; how each stands; a test of whether its target can be reached.
import type { Context, Hono } from "hono";
import { toInstant, toInstantOrNull } from "../kernel/clock.ts";
import {
  alertSpecSchema,
  defaultUrl,
  knowsSources,
  NEW_ALERT_STATE,
  type Alert,
  type AlertSpec,
  type Notice,
} from "../model/alert.ts";
import { changedFields } from "../model/audit.ts";
import { newAlertId } from "../model/ids.ts";
import type { StoredSecret } from "../model/secret.ts";
import { MAX_ALERT_URL_LENGTH, MAX_ALERTS } from "../config/limits.ts";
import { audited, type Audited } from "./audited.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid, Problem } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import { jsonBody, pageAnswer, pageQuery } from "./query.ts";
import { isObject, sealSecrets, withoutSecrets, type Input } from "./secrets.ts";
import { checkUrlField, urlRules } from "./url-rules.ts";
import {
  alertFromRow,
  deleteAlert,
  findAlert,
  insertAlert,
  listAlerts,
  replaceAlertSpec,
  type AlertRow,
  findConfig,
  slugsOf,
} from "../store/index.ts";

async function inputOf(c: Context<ApiEnv>): Promise<Input> {
  const input = await jsonBody(c);
  if (!isObject(input)) throw invalid("/", "must be an object");
  return input;
}

/** The id behind a name that is given; what is not given stays away. */
async function scopeOf(deps: ApiDeps, input: Input): Promise<Input> {
  const out: Input = {};
  for (const field of ["source", "destination"] as const) {
    const name = input[field];
    if (name === undefined) continue;
    const found = typeof name === "string" ? await findConfig(deps.db, `${field}s`, name) : null;
    if (found === null && name !== null) throw invalid(`/${field}`, "names nothing that exists");
    out[field] = found?.id ?? null;
  }
  return out;
}

/** The target with its secrets sealed and its address checked. */
async function targetOf(c: Context<ApiEnv>, deps: ApiDeps, input: Input, stored: Input | null): Promise<Input> {
  if (!isObject(input["target"])) return {};
  // What an answer says besides.
  const { host: _host, ...given } = input["target"];
  const sealed = await sealSecrets("alerts", { target: given }, stored, deps.vault);
  const target = sealed["target"] as Input;
  const before = stored?.["target"];
  if (target["url"] === undefined) {
    const url = defaultUrl(target);
    return { target: url === null ? target : { ...target, host: new URL(url).host } };
  }
  if (given["url"] === undefined) return { target: { ...target, host: isObject(before) ? before["host"] : undefined } };
  const opened = await deps.vault.open(target["url"] as StoredSecret);
  const url = opened.ok ? opened.value : "";
  if (url.length > MAX_ALERT_URL_LENGTH)
    throw invalid("/target/url", `must have up to ${MAX_ALERT_URL_LENGTH} characters`);
  await checkUrlField("/target/url", url, urlRules(c, deps));
  return { target: { ...target, host: new URL(url).host } };
}

async function complete(c: Context<ApiEnv>, deps: ApiDeps, input: Input, stored: Input | null): Promise<AlertSpec> {
  const scope = await scopeOf(deps, input);
  const target = await targetOf(c, deps, input, stored);
  const spec = parse(alertSpecSchema, { ...stored, ...input, ...scope, ...target });
  if (spec.source !== null && !knowsSources(spec.rule))
    throw invalid("/source", `cannot be told apart by a rule of type ${spec.rule.type}: name a destination`);
  if (spec.target.type === "webhook" && (await deps.callbackSecrets()).length === 0)
    throw invalid("/target/type", "needs SLUICE_MASTER_KEY or SLUICE_CALLBACK_SECRET: webhooks are signed");
  return spec;
}

/** Alerts as they are answered. */
export async function showAlerts({ db }: Pick<ApiDeps, "db">, rows: readonly AlertRow[]) {
  const alerts = rows.map((row) => ({ row, ...alertFromRow(row) }));
  const sources = await slugsOf(
    db,
    "sources",
    alerts.map(({ spec }) => spec.source),
  );
  const destinations = await slugsOf(
    db,
    "destinations",
    alerts.map(({ spec }) => spec.destination),
  );
  return alerts.map(({ row, id, spec, state }) => ({
    id,
    ...withoutSecrets("alerts", spec),
    source_slug: sources.get(spec.source ?? "") ?? null,
    destination_slug: destinations.get(spec.destination ?? "") ?? null,
    state: state.state,
    since: toInstantOrNull(state.since),
    value: state.value,
    last_sent_at: toInstantOrNull(state.last_sent_at),
    last_error: state.last_error,
    unsent: unsentView(state.notice),
    created_at: toInstant(row.created_at),
    updated_at: toInstant(row.updated_at),
  }));
}

const unsentView = (notice: Notice | null) =>
  notice === null
    ? null
    : {
        kind: notice.kind,
        decided_at: toInstant(notice.at),
        attempts: notice.attempts,
        next_attempt_at: toInstant(notice.next_at),
      };

async function named(c: Context<ApiEnv>, deps: ApiDeps): Promise<AlertRow> {
  const row = await findAlert(deps.db, c.req.param("id") ?? "");
  if (row === null) throw new Problem("not_found", "There is no such alert.");
  return row;
}

const change = (
  action: Audited["action"],
  id: string,
  { name }: Pick<AlertSpec, "name">,
  changed: readonly string[] = [],
): Audited => ({ action, kind: "alert", resource_id: id, resource_name: name, changed });

async function create(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const spec = await complete(c, deps, await inputOf(c), null);
  const now = deps.now();
  const row: AlertRow = {
    id: newAlertId(now),
    spec: JSON.stringify(spec),
    state: JSON.stringify(NEW_ALERT_STATE),
    revision: 0,
    created_at: now,
    updated_at: now,
  };
  if (!(await insertAlert(deps.db, row, audited(c, now, change("create", row.id, spec)))))
    throw invalid("/", `is one too many: there may be ${MAX_ALERTS} alerts`);
  return c.json((await showAlerts(deps, [row]))[0] ?? {}, 201);
}

const UPDATE_ROUNDS = 5;

/** Fields that are not given stay as they are; `rule` and `target` are given whole, a target of the same type keeps its secrets. */
async function update(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const input = await inputOf(c);
  for (let round = 0; round < UPDATE_ROUNDS; round++) {
    const row = await named(c, deps);
    const stored = JSON.parse(row.spec) as Input;
    const spec = await complete(c, deps, input, stored);
    const next = JSON.stringify(spec);
    const now = deps.now();
    const changed = changedFields(stored, JSON.parse(next));
    const entries = changed.length === 0 ? [] : [audited(c, now, change("update", row.id, spec, changed))];
    if (await replaceAlertSpec(deps.db, row, next, now, entries))
      return c.json((await showAlerts(deps, [await named(c, deps)]))[0] ?? {});
  }
  throw new Problem("conflict");
}

/** Sends a sample to where the alert would go. To PagerDuty also its end, so that no incident stays open. */
async function test(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const alert: Alert = alertFromRow(await named(c, deps));
  const now = deps.now();
  const incident = `${alert.id}-test-${now}`;
  const notice = (kind: Notice["kind"]): Notice => ({
    id: `${incident}-${kind}`,
    kind,
    incident,
    at: now,
    value: null,
    details: [],
    attempts: 0,
    next_at: now,
  });
  let result = await deps.notifyAlert(alert, notice("test"));
  if (result.ok && alert.spec.target.type === "pagerduty") result = await deps.notifyAlert(alert, notice("resolved"));
  return c.json(
    result.ok
      ? { delivered: true, response_status: result.value, error: null }
      : { delivered: false, response_status: null, error: result.error },
  );
}

export function mountAlerts(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/alerts", async (c) => {
    const { limit, before } = pageQuery(c);
    const rows = await listAlerts(deps.db, limit + 1, before);
    const page = rows.slice(0, limit);
    return c.json(pageAnswer(c, await showAlerts(deps, page), rows.length > limit ? (page.at(-1)?.id ?? null) : null));
  });
  app.post("/alerts", (c) => create(c, deps));
  app.get("/alerts/:id", async (c) => c.json((await showAlerts(deps, [await named(c, deps)]))[0] ?? {}));
  app.patch("/alerts/:id", (c) => update(c, deps));
  app.delete("/alerts/:id", async (c) => {
    const row = await named(c, deps);
    await deleteAlert(deps.db, row.id, audited(c, deps.now(), change("delete", row.id, alertFromRow(row).spec)));
    return c.body(null, 204);
  });
  app.post("/alerts/:id/test", (c) => test(c, deps));
}
