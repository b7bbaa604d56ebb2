// Hands the environment to `wrangler deploy`: a configuration with the ids of everything that was found or made, and the secrets that the Worker lacks.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Advice } from "../cloudflare/advice.ts";
import { missingPermission } from "../cloudflare/permissions.ts";
import type { Wrangler } from "../cloudflare/wrangler.ts";
import type { Environment, RawConfig } from "./configuration.ts";
import { noPaidPlan, type Provisioned } from "./provision.ts";

const NO_CPU_LIMIT = /\b100328\b/;

/** The configuration that wrangler gets: nothing in it is left to be found or named by wrangler. */
export function uploadConfig(
  root: string,
  account: string,
  { config, domains }: Environment,
  { databases, namespaces, buckets }: Provisioned,
  hostnames: readonly string[],
): Readonly<Record<string, unknown>> {
  const routes = (config.routes ?? []).filter((route) => typeof route === "string" || route.custom_domain !== true);
  const [domain] = domains;
  return {
    ...config,
    account_id: account,
    main: resolve(root, config.main ?? ""),
    ...(config.assets?.directory === undefined
      ? {}
      : { assets: { ...config.assets, directory: resolve(root, config.assets.directory) } }),
    // Custom domains are attached afterwards: wrangler would switch workers.dev off, and without a terminal replace DNS records unasked.
    ...(routes.length > 0 ? { routes } : { routes: undefined }),
    workers_dev: config.workers_dev ?? true,
    preview_urls: false,
    vars: {
      ...config.vars,
      SLUICE_HOSTNAMES: ownHosts(config, hostnames),
      ...(domain === undefined ? {} : { SLUICE_URL: `https://${domain}` }),
    },
    d1_databases: (config.d1_databases ?? []).map((database) => ({
      ...database,
      ...idOf(databases, database.binding, "database_id", "database_name"),
      migrations_dir: undefined,
    })),
    kv_namespaces: (config.kv_namespaces ?? []).map((one) => ({ ...one, ...idOf(namespaces, one.binding, "id") })),
    r2_buckets: (config.r2_buckets ?? []).map((one) => ({ ...one, ...idOf(buckets, one.binding, "bucket_name") })),
  };
}

const idOf = (
  all: readonly { readonly binding: string; readonly name: string; readonly id: string }[],
  binding: string,
  idField: string,
  nameField?: string,
): Record<string, string> => {
  const found = all.find((one) => one.binding === binding);
  if (found === undefined) return {};
  return { [idField]: found.id, ...(nameField === undefined ? {} : { [nameField]: found.name }) };
};

function ownHosts(config: RawConfig, hostnames: readonly string[]): string {
  const given = (config.vars?.["SLUICE_HOSTNAMES"] ?? "").split(",");
  return [...new Set([...given.map((host) => host.trim()), ...hostnames])].filter((host) => host !== "").join(",");
}

/** What the token lacks for the request that failed, where that is why. */
function advice(output: string): string {
  const [, path = "", code = ""] =
    /A request to the Cloudflare API \((\S+)\) failed\.[^]*?\[code: (\d+)\]/.exec(output) ?? [];
  const lacking = missingPermission("PUT", path, 400, [{ code: Number(code), message: "" }]);
  return lacking === null ? "" : `${lacking}\n`;
}

/** @param folder for the configuration and, while wrangler runs, the secrets @throws Advice with wrangler's output when it fails */
export async function upload(
  wrangler: Wrangler,
  folder: string,
  account: string,
  config: Readonly<Record<string, unknown>>,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const name = String(config["name"]);
  const [configFile, secretsFile] = [join(folder, `${name}.json`), join(folder, `${name}.secrets.json`)];
  await mkdir(folder, { recursive: true });
  await writeFile(configFile, JSON.stringify(config, null, 2));
  const withSecrets = Object.keys(secrets).length > 0;
  if (withSecrets) await writeFile(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
  try {
    const args = ["deploy", "--config", configFile, ...(withSecrets ? ["--secrets-file", secretsFile] : [])];
    const { code, output } = await wrangler(args);
    if (code === 0) return;
    if (NO_CPU_LIMIT.test(output)) throw new Advice(noPaidPlan(account, new Error("no CPU limit on the free plan")));
    throw new Advice(
      `wrangler could not deploy the Worker:\n\n${output.trim()}\n\n${advice(output)}Run the command again after that; it goes on from here.`,
    );
  } finally {
    await rm(secretsFile, { force: true });
  }
}
