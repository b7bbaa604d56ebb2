// Alerts: what to watch for and whom to notify.
import type { JsonObject } from "../kernel/json-object.ts";
import { MAX_ALERT_URL_LENGTH, MAX_ALERTS } from "../config/limits.ts";
import { isObject } from "../kernel/json-object.ts";
import {
  alertSpecSchema,
  defaultUrl,
  knowsDestinations,
  knowsSources,
  NEW_ALERT_STATE,
  type AlertSpec,
} from "../model/alert.ts";
import { changedFields } from "../model/audit.ts";
import { newAlertId } from "../model/ids.ts";
import { parse } from "../model/parse.ts";
import { invalid, Problem } from "../model/problem.ts";
import type { StoredSecret } from "../model/secret.ts";
import { readSpec, specToStore } from "../model/stored-spec.ts";
import { configPlace } from "../signing/index.ts";
import {
  alertFromRow,
  deleteAlert,
  findAlert,
  findConfig,
  insertAlert,
  replaceAlertSpec,
  type AlertRow,
} from "../store/index.ts";
import { auditEntry, type Audited } from "./audited.ts";
import { GIVE_AGAIN, originOf } from "./moved-secrets.ts";
import { noneNamed } from "./find.ts";
import type { ManagementPorts } from "./ports.ts";
import { sealSecrets } from "./secrets.ts";
import { checkUrlField } from "./urls.ts";

/** How often an update starts again when the alert changes meanwhile. */
const UPDATE_ROUNDS = 5;

/** @throws Problem `not_found` */
export async function findNamedAlert(db: D1Database, id: string): Promise<AlertRow> {
  const row = await findAlert(db, id);
  if (row === null) throw new Problem("not_found", "There is no such alert.");
  return row;
}

/** @throws Problem that names what is wrong; then nothing is stored */
export async function createAlert(input: JsonObject, ports: ManagementPorts): Promise<AlertRow> {
  const now = ports.now();
  const id = newAlertId(now);
  const spec = await complete(id, input, null, ports);
  const row: AlertRow = {
    id,
    spec: JSON.stringify(spec),
    state: JSON.stringify(NEW_ALERT_STATE),
    revision: 0,
    created_at: now,
    updated_at: now,
  };
  const entry = auditEntry(ports.actor, now, change("create", row.id, spec));
  if (!(await insertAlert(ports.db, row, entry))) throw invalid("/", `would exceed the limit of ${MAX_ALERTS} alerts`);
  return row;
}

/** Fields that are not given stay as they are; `rule` and `target` are given whole, a target of the same type keeps its secrets. */
export async function updateAlert(id: string, input: JsonObject, ports: ManagementPorts): Promise<AlertRow> {
  for (let round = 0; round < UPDATE_ROUNDS; round++) {
    const row = await findNamedAlert(ports.db, id);
    const stored = JSON.parse(row.spec) as JsonObject;
    const spec = await complete(id, input, readSpec(alertSpecSchema, row.spec), ports);
    const next = JSON.stringify(specToStore(alertSpecSchema, stored, spec));
    const now = ports.now();
    const changed = changedFields(stored, JSON.parse(next));
    const entries = changed.length === 0 ? [] : [auditEntry(ports.actor, now, change("update", row.id, spec, changed))];
    if (await replaceAlertSpec(ports.db, row, next, now, entries)) return findNamedAlert(ports.db, id);
  }
  throw new Problem("conflict");
}

/** @throws Problem `not_found` */
export async function removeAlert(id: string, ports: ManagementPorts): Promise<void> {
  const row = await findNamedAlert(ports.db, id);
  const entry = auditEntry(ports.actor, ports.now(), change("delete", id, alertFromRow(row).spec));
  await deleteAlert(ports.db, id, entry);
}

const change = (
  action: Audited["action"],
  id: string,
  { name }: Pick<AlertSpec, "name">,
  changed: readonly string[] = [],
): Audited => ({ action, kind: "alert", resource_id: id, resource_name: name, changed });

async function complete(
  id: string,
  input: JsonObject,
  stored: JsonObject | null,
  ports: ManagementPorts,
): Promise<AlertSpec> {
  const ends = await endsIn(ports.db, input);
  const target = await targetIn(id, input, stored, ports);
  const spec = parse(alertSpecSchema, { ...stored, ...input, ...ends, ...target });
  if (spec.source !== null && !knowsSources(spec.rule))
    throw invalid(
      "/source",
      `cannot be watched by a rule of type ${spec.rule.type}${knowsDestinations(spec.rule) ? ": name a destination" : ""}`,
    );
  if (spec.destination !== null && !knowsDestinations(spec.rule))
    throw invalid("/destination", `cannot be watched by a rule of type ${spec.rule.type}`);
  if (spec.target.type === "webhook" && (await ports.callbackSecrets()).length === 0)
    throw invalid("/target/type", "needs SLUICE_MASTER_KEY or SLUICE_CALLBACK_SECRET: webhooks are signed");
  return spec;
}

/** The ids of the named source and destination; a field that is not given is left out. */
async function endsIn(db: D1Database, input: JsonObject): Promise<JsonObject> {
  const out: JsonObject = {};
  for (const field of ["source", "destination"] as const) {
    const name = input[field];
    if (name === undefined) continue;
    const found = typeof name === "string" ? await findConfig(db, `${field}s`, name) : null;
    if (found === null && name !== null) throw noneNamed(`/${field}`, `${field}s`, name);
    out[field] = found?.id ?? null;
  }
  return out;
}

/** The target with its secrets sealed and its address checked. */
async function targetIn(
  id: string,
  input: JsonObject,
  stored: JsonObject | null,
  { vault, urls }: ManagementPorts,
): Promise<JsonObject> {
  if (!isObject(input["target"])) return {};
  // `host` is a field of answers; it follows from the address.
  const { host: _host, ...given } = input["target"];
  const sealed = await sealSecrets("alerts", id, { target: given }, stored, vault);
  const target = sealed["target"] as JsonObject;
  const before = stored?.["target"];
  if (target["url"] === undefined) {
    const url = defaultUrl(target);
    return { target: url === null ? target : { ...target, host: new URL(url).host } };
  }
  if (given["url"] === undefined) return { target: { ...target, host: isObject(before) ? before["host"] : undefined } };
  const opened = await vault.open(target["url"] as StoredSecret, configPlace(id, "target/url"));
  const url = opened.ok ? opened.value : "";
  if (url.length > MAX_ALERT_URL_LENGTH)
    throw invalid("/target/url", `must have up to ${MAX_ALERT_URL_LENGTH} characters`);
  await checkUrlField("/target/url", url, urls);
  if (isObject(before) && before["routing_key"] !== undefined && given["routing_key"] === undefined)
    if (target["routing_key"] !== undefined && (await formerOrigin(id, before, vault)) !== originOf(url))
      throw invalid("/target/routing_key", GIVE_AGAIN);
  return { target: { ...target, host: new URL(url).host } };
}

/** Where an alert's key is sent so far; null when the stored URL cannot be opened. */
async function formerOrigin(id: string, target: JsonObject, vault: ManagementPorts["vault"]): Promise<string | null> {
  if (target["url"] === undefined) return originOf(defaultUrl(target));
  const opened = await vault.open(target["url"] as StoredSecret, configPlace(id, "target/url"));
  return opened.ok ? originOf(opened.value) : null;
}
