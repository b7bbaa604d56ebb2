// What an environment needs and what of it exists, found by name. Only reads: the preflight, a dry run and a first deployment that failed halfway
// all begin here.
import { Advice } from "../cloudflare/advice.ts";
import { CloudflareError, find, listAll, type Cloudflare } from "../cloudflare/api.ts";
import { isR2Off } from "../cloudflare/permissions.ts";
import { lackingWords } from "../cloudflare/token.ts";
import { bucketName, databaseName, namespaceTitle, queueNames, type Environment } from "./configuration.ts";
import { knownPlan, type FoundQueue, type Plan } from "./known-plan.ts";
import { appliedMigrations } from "./migrations.ts";

/** Binding, name, and the id where it exists. */
export interface Resource {
  readonly binding: string;
  readonly name: string;
  readonly id: string | null;
}

export interface FoundDatabase extends Resource {
  /** Names of the migrations that it has. */
  readonly applied: readonly string[];
}

interface WorkerBinding {
  readonly name: string;
  readonly type: string;
  readonly id?: string;
  readonly database_id?: string;
  readonly namespace_id?: string;
}

export interface Inventory {
  /** R2 is not enabled on the account. */
  readonly isR2Off: boolean;
  /** The account's name on workers.dev; null without one. */
  readonly subdomain: string | null;
  /** Null before the first deployment. */
  readonly worker: { readonly secrets: readonly string[]; readonly bindings: readonly WorkerBinding[] } | null;
  readonly databases: readonly FoundDatabase[];
  readonly namespaces: readonly Resource[];
  readonly buckets: readonly Resource[];
  readonly queues: readonly FoundQueue[];
}

/**
 * Every read, so that everything that is missing is told at once.
 * @param plan of --plan, which decides whether there must be R2; null where that is not known @throws Advice with all of it
 */
export async function takeInventory(
  api: Cloudflare,
  account: string,
  environment: Environment,
  plan: Plan | null = null,
): Promise<Inventory> {
  const faults: string[] = [];
  const { worker, config } = environment;
  const base = `/accounts/${account}`;
  let off = false;
  const part = async <T>(fallback: T, read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      if (error instanceof CloudflareError && isR2Off(error.codes)) off = true;
      else faults.push(error instanceof Error ? error.message : String(error));
      return fallback;
    }
  };
  const subdomain = await part("", () => readSubdomain(api, base));
  const found = await part(null, () => readWorker(api, base, worker));
  const databases = await part([], () =>
    Promise.all((config.d1_databases ?? []).map((one) => readDatabase(api, base, one, worker, found))),
  );
  const namespaces = await part([], () => readNamespaces(api, base, config.kv_namespaces ?? [], worker, found));
  const buckets = await part([], () =>
    Promise.all((config.r2_buckets ?? []).map((one) => readBucket(api, base, one.binding, bucketName(one, worker)))),
  );
  const queues = await part([], () => readQueues(api, base, queueNames(config)));
  faults.push(...(await lackingWords(api, off ? ["Workers R2 Storage"] : [])));
  if (off && knownPlan(queues, plan) === "paid") faults.push(needsR2(account));
  if (subdomain === null && environment.domains.length === 0) faults.push(noSubdomain(account));
  if (found !== null && !found.bindings.some(({ name }) => name === "DESTINATION_GATE"))
    faults.push(
      `There is already a Worker "${worker}" that is not a Sluice. Change name in wrangler.toml, or delete that Worker.`,
    );
  if (faults.length > 0) throw new Advice([...new Set(faults)].join("\n"));
  return { isR2Off: off, subdomain, worker: found, databases, namespaces, buckets, queues };
}

const noSubdomain = (account: string): string =>
  `The account has no name on workers.dev yet. Open https://dash.cloudflare.com/${account}/workers/onboarding and choose one; it takes a minute.`;

export const needsR2 = (account: string): string =>
  `R2 is not enabled, and Sluice keeps large bodies there. Open https://dash.cloudflare.com/${account}/r2/overview and enable it; the first 10 GB are free.`;

async function readSubdomain(api: Cloudflare, base: string): Promise<string | null> {
  return (await find(api.call<{ subdomain: string }>("GET", `${base}/workers/subdomain`)))?.subdomain ?? null;
}

async function readWorker(api: Cloudflare, base: string, worker: string): Promise<Inventory["worker"]> {
  const script = `${base}/workers/scripts/${worker}`;
  const secrets = await find(api.call<{ name: string }[]>("GET", `${script}/secrets`));
  if (secrets === null) return null;
  const settings = await find(api.call<{ bindings?: WorkerBinding[] }>("GET", `${script}/settings`));
  return { secrets: secrets.map(({ name }) => name), bindings: settings?.bindings ?? [] };
}

/** The one that the Worker uses now, so that a restored database stays; otherwise the one of this name. */
async function readDatabase(
  api: Cloudflare,
  base: string,
  given: { readonly binding: string; readonly database_name?: string; readonly database_id?: string },
  worker: string,
  found: Inventory["worker"],
): Promise<FoundDatabase> {
  const bound = found?.bindings.find(({ name, type }) => type === "d1" && name === given.binding);
  const inUse = given.database_id ?? bound?.database_id ?? bound?.id;
  const name = databaseName(given, worker);
  const database =
    (inUse === undefined ? null : await find(api.call<Database>("GET", `${base}/d1/database/${inUse}`))) ??
    (await api.call<Database[]>("GET", `${base}/d1/database?name=${name}`)).find((one) => one.name === name);
  if (database === undefined) return { binding: given.binding, name, id: null, applied: [] };
  const applied = await appliedMigrations(api, `${base}/d1/database/${database.uuid}`);
  return { binding: given.binding, name: database.name, id: database.uuid, applied };
}

interface Database {
  readonly uuid: string;
  readonly name: string;
}

async function readNamespaces(
  api: Cloudflare,
  base: string,
  given: readonly { readonly binding: string; readonly id?: string }[],
  worker: string,
  found: Inventory["worker"],
): Promise<Resource[]> {
  const all = await listAll<{ id: string; title: string }>(api, `${base}/storage/kv/namespaces`);
  return given.map(({ binding, id }) => {
    const bound = found?.bindings.find(({ name, type }) => type === "kv_namespace" && name === binding)?.namespace_id;
    const named = namespaceTitle(binding, worker);
    // As of databases: a restore has made the one that is bound.
    const existing = all.find((one) => one.id === (id ?? bound)) ?? all.find(({ title }) => title === named);
    return { binding, name: existing?.title ?? named, id: existing?.id ?? id ?? null };
  });
}

async function readBucket(api: Cloudflare, base: string, binding: string, name: string): Promise<Resource> {
  const bucket = await find(api.call("GET", `${base}/r2/buckets/${name}`));
  return { binding, name, id: bucket === null ? null : name };
}

interface Queue {
  readonly queue_id: string;
  readonly queue_name: string;
  readonly settings?: { readonly message_retention_period?: number };
}

async function readQueues(api: Cloudflare, base: string, names: readonly string[]): Promise<FoundQueue[]> {
  const all = await listAll<Queue>(api, `${base}/queues`);
  return names.map((name) => {
    const queue = all.find(({ queue_name }) => queue_name === name);
    return { name, id: queue?.queue_id ?? null, retention: queue?.settings?.message_retention_period ?? null };
  });
}
