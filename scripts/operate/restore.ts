// Puts the record and the configuration back to an earlier state: a file that `wrangler d1 export` wrote, imported into a new database, or an instant
// of the last 30 days (D1 Time Travel), in place. The published routes in KV may be newer, so the Worker gets an empty namespace with the deployment
// that follows: what is not there is read from D1, and published again.
import { Advice } from "../cloudflare/advice.ts";
import type { Cloudflare } from "../cloudflare/api.ts";
import type { Wrangler } from "../cloudflare/wrangler.ts";
import { databaseName, namespaceTitle, type Environment } from "../deploy/configuration.ts";
import type { Inventory } from "../deploy/inventory.ts";

export interface RestorePorts {
  readonly api: Cloudflare;
  readonly wrangler: Wrangler;
  readonly say: (line: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export type RestoreFrom = { readonly file: string } | { readonly instant: string };

/** How the names of what a restore has made end: `sluice-20261129070000`. */
export const RESTORED = /-\d{14}$/;

/** @param binding of the database @returns the environment, bound to the database with the earlier state: it has to be deployed */
export async function restore(
  { api, wrangler, say, now }: RestorePorts,
  account: string,
  environment: Environment,
  inventory: Inventory,
  binding: string,
  from: RestoreFrom,
): Promise<Environment> {
  const base = `/accounts/${account}`;
  const present = inventory.databases.find((one) => one.binding === binding);
  if (present?.id == null) throw new Advice(`There is no database ${binding} yet. Run "npm run deploy" first.`);
  const digits = digitsOf(now());
  const title = `${namespaceTitle(ROUTES, environment.worker)}-${digits}`;
  const makeRoutes = () => api.call<{ id: string }>("POST", `${base}/storage/kv/namespaces`, { title });
  const { config } = environment;
  const configured = (config.d1_databases ?? []).find((one) => one.binding === binding) ?? { binding };
  let [id, routes] = [present.id, { id: "" }];
  if ("file" in from) {
    const name = `${databaseName(configured, environment.worker)}-${digits}`;
    id = await importFile(api, wrangler, base, name, from.file);
    routes = await makeRoutes();
    say(`  imported ${from.file} into a new database; the old one, ${present.name}, is kept`);
  } else {
    routes = await makeRoutes();
    const bookmark = await timeTravel(api, `${base}/d1/database/${id}`, from.instant);
    say(`  went back to ${from.instant}; to undo it, restore --to ${bookmark}`);
  }
  const bound = <T extends { readonly binding: string }>(all: readonly T[] | undefined, name: string, change: object) =>
    (all ?? []).map((one) => (one.binding === name ? { ...one, ...change } : one));
  return {
    ...environment,
    config: {
      ...config,
      d1_databases: bound(config.d1_databases, binding, { database_id: id }),
      kv_namespaces: bound(config.kv_namespaces, ROUTES, { id: routes.id }),
    },
  };
}

/** The published routes. */
const ROUTES = "ROUTES";

const digitsOf = (now: number): string =>
  new Date(now).toISOString().replaceAll(/\D/g, "").slice(0, "yyyymmddhhmmss".length);

/** The routes that were published before: to be removed once the Worker no longer uses them. */
export async function removeFormerRoutes(api: Cloudflare, account: string, before: Inventory): Promise<void> {
  const former = before.namespaces.find(({ binding }) => binding === ROUTES)?.id;
  if (former != null) await api.call("DELETE", `/accounts/${account}/storage/kv/namespaces/${former}`);
}

/** A database that could not be filled is removed again. @returns its id */
async function importFile(
  api: Cloudflare,
  wrangler: Wrangler,
  base: string,
  name: string,
  file: string,
): Promise<string> {
  const { uuid } = await api.call<{ uuid: string }>("POST", `${base}/d1/database`, { name });
  const { code, output } = await wrangler(["d1", "execute", name, "--remote", "--yes", "--file", file]);
  if (code === 0) return uuid;
  await api.call("DELETE", `${base}/d1/database/${uuid}`);
  throw new Advice(`${file} could not be imported. Nothing has changed.\n\n${output.trim()}`);
}

/** @param instant RFC 3339, or the bookmark that an earlier one returned @returns the bookmark of the state before */
async function timeTravel(api: Cloudflare, database: string, instant: string): Promise<string> {
  const isInstant = /^\d{4}-\d\d-\d\dT/.test(instant);
  const at = isInstant ? `?timestamp=${encodeURIComponent(new Date(instant).toISOString())}` : "";
  const { bookmark } = isInstant
    ? await api.call<{ bookmark: string }>("GET", `${database}/time_travel/bookmark${at}`)
    : { bookmark: instant };
  const restored = await api.call<{ previous_bookmark: string }>(
    "POST",
    `${database}/time_travel/restore?bookmark=${encodeURIComponent(bookmark)}`,
  );
  return restored.previous_bookmark;
}
