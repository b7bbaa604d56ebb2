// `npm run deploy`, step by step: look, make what is missing, migrations, secrets, code, domains, check. Migrations come before the code that needs
// them; each step leaves alone what is done, so the command is repeated after a failure.
import { join } from "node:path";
import { Advice } from "../cloudflare/advice.ts";
import { chooseAccount } from "../cloudflare/account.ts";
import type { Cloudflare } from "../cloudflare/api.ts";
import type { Wrangler } from "../cloudflare/wrangler.ts";
import { awaitReady, sendTestWebhook, type Ports as CheckPorts } from "./check.ts";
import type { Environment } from "./configuration.ts";
import { attachDomains } from "./domains.ts";
import { needsR2, takeInventory, type Inventory } from "./inventory.ts";
import { applyMigrations, type Migration } from "./migrations.ts";
import { PRODUCTION, type DeployOptions } from "./options.ts";
import { knownPlan, type Plan } from "./known-plan.ts";
import { findPlan, freeProfile, freeWords, RETENTION_SECONDS } from "./plan.ts";
import { provision, raiseRetention } from "./provision.ts";
import { keepSecrets, missingSecrets, readSecrets, secretsFile, SECRETS } from "./secrets.ts";
import { upload, uploadConfig } from "./upload.ts";

export interface Deployment extends CheckPorts {
  readonly api: Cloudflare;
  readonly wrangler: Wrangler;
  readonly env: NodeJS.ProcessEnv;
  /** The checkout. */
  readonly root: string;
  readonly migrations: readonly Migration[];
  readonly say: (line: string) => void;
  /** Secrets are shown on a terminal only: other outputs are kept as logs. */
  readonly terminal: boolean;
}

export async function deploy(given: Environment, options: DeployOptions, ports: Deployment): Promise<void> {
  const { api, say, env, root, migrations } = ports;
  const { worker, domains } = given;
  const account = await chooseAccount(api, env["CLOUDFLARE_ACCOUNT_ID"] ?? given.config.account_id);
  say(`Sluice "${worker}" on the account ${account.name}`);
  const before = await takeInventory(api, account.id, given, options.plan);
  const file = secretsFile(root, worker);
  const missing = missingSecrets(before.worker?.secrets ?? [], env, readSecrets(file));
  if (options.dryRun) {
    const plan = knownPlan(before.queues, options.plan);
    return explain(plan, profiled(given, plan, before), before, migrations, Object.keys(missing), say);
  }

  const step = (what: string): void => say(`  ${what}`);
  const { plan, inventory } = await planOf(api, account.id, before, options.plan, step);
  const environment = profiled(given, plan, inventory);
  if (plan === "free") for (const words of freeWords(!inventory.isR2Off)) step(words);
  const provisioned = await provision(api, account.id, inventory, step);
  if (plan === "paid") await raiseRetention(api, account.id, provisioned.queues, step);
  for (const { id, name, applied } of provisioned.databases) {
    const pending = migrations.filter((migration) => !applied.includes(migration.name));
    await applyMigrations(api, `/accounts/${account.id}/d1/database/${id}`, pending);
    if (pending.length > 0) step(`applied ${pending.length} migrations to the database ${name}`);
  }
  // Before they are sent: a run that is cut short after that must not lose them.
  const made = Object.fromEntries(Object.entries(missing).filter(([name, value]) => env[name]?.trim() !== value));
  if (Object.keys(made).length > 0) await keepSecrets(file, made);
  const hostnames = hostnamesOf(environment, inventory.subdomain);
  const uploaded = uploadConfig(root, account.id, environment, provisioned, hostnames);
  await upload(ports.wrangler, join(root, ".wrangler/sluice"), account.id, uploaded, missing);
  step("deployed the Worker");
  const script = `/accounts/${account.id}/workers/scripts/${worker}`;
  await attachDomains(api, script, domains, options.replaceDns, step);
  const edge = `https://${hostnames[0] ?? ""}`;
  const token = env["SLUICE_ADMIN_TOKEN"]?.trim() || (readSecrets(file)["SLUICE_ADMIN_TOKEN"] ?? null);
  if (options.check) await check(ports, options, edge, token, step);
  for (const line of lastLines({ environment, edge, file, made, terminal: ports.terminal })) say(line);
}

/** Finds it out where it is not known. @throws Advice for a paid account without R2, which is left as it was */
async function planOf(
  api: Cloudflare,
  account: string,
  before: Inventory,
  given: Plan | null,
  step: (what: string) => void,
): Promise<Awaited<ReturnType<typeof findPlan>>> {
  const known = knownPlan(before.queues, given);
  if (known !== null) return { plan: known, inventory: before };
  const base = `/accounts/${account}`;
  const found = await findPlan(api, base, before);
  const [queue] = found.inventory.queues;
  const isNew = before.queues[0]?.id === null && queue !== undefined;
  if (found.plan === "free" || !before.isR2Off) {
    if (isNew) step(`made the queue ${queue.name}`);
    return found;
  }
  if (isNew) await api.call("DELETE", `${base}/queues/${queue.id}`);
  throw new Advice(needsR2(account));
}

/** The environment as the account's plan allows it. */
const profiled = (environment: Environment, plan: Plan | null, { isR2Off }: Inventory): Environment =>
  plan === "free" ? { ...environment, config: freeProfile(environment.config, !isR2Off) } : environment;

/** Where the Worker answers; the first one is the address that senders are told. @param subdomain the account's name on workers.dev */
export function hostnamesOf({ worker, config, domains }: Environment, subdomain: string | null): readonly string[] {
  const workersDev = subdomain === null || config.workers_dev === false ? [] : [`${worker}.${subdomain}.workers.dev`];
  return [...domains, ...workersDev];
}

async function check(
  ports: Deployment,
  { checkUrl }: DeployOptions,
  edge: string,
  token: string | null,
  step: (what: string) => void,
): Promise<void> {
  await awaitReady(ports, edge, token);
  if (token === null) return step("ready; no test webhook was sent, because SLUICE_ADMIN_TOKEN is not set here");
  const ms = await sendTestWebhook(ports, edge, token, checkUrl);
  step(`a test webhook was delivered after ${(ms / 1000).toFixed(1)} s`);
}

/** What a run would do. */
function explain(
  plan: Plan | null,
  { worker, config, domains }: Environment,
  inventory: Inventory,
  migrations: readonly Migration[],
  secrets: readonly string[],
  say: (line: string) => void,
): void {
  const step = (what: string): void => say(`  would ${what}`);
  const { databases, namespaces, buckets, queues, subdomain } = inventory;
  const kinds = [
    ["database", databases],
    ["KV namespace", namespaces],
    ["bucket", buckets],
    ["queue", queues],
  ] as const;
  for (const [kind, all] of kinds) for (const { name, id } of all) if (id === null) step(`make the ${kind} ${name}`);
  if (plan === "free") for (const words of freeWords(!inventory.isR2Off)) say(`  ${words}`);
  if (plan === null)
    step("find out the account's plan by its first queue, and use the smaller profile on the free one");
  const short = plan === "free" ? 0 : queues.filter(({ retention }) => retention !== RETENTION_SECONDS).length;
  if (short > 0) step(`let ${short} queues keep messages for 14 days`);
  for (const { name, applied } of databases) {
    const pending = migrations.filter((migration) => !applied.includes(migration.name));
    if (pending.length > 0)
      step(`apply ${pending.length} migrations to the database ${name}: ${pending.map((one) => one.name).join(", ")}`);
  }
  if (secrets.length > 0) step(`make the secrets ${secrets.join(" and ")}`);
  step(`deploy the Worker ${worker}${inventory.worker === null ? "" : " over the present one"}`);
  if (domains.length > 0) step(`attach ${domains.join(", ")}`);
  if (subdomain !== null && config.workers_dev !== false) step(`answer at https://${worker}.${subdomain}.workers.dev`);
  else step("not answer at workers.dev");
  say("Nothing was changed (--dry-run).");
}

interface Ended {
  readonly environment: Environment;
  readonly edge: string;
  readonly file: string;
  /** The secrets that this run has made. */
  readonly made: Readonly<Record<string, string>>;
  readonly terminal: boolean;
}

/** Where to go from here. */
function lastLines({ environment, edge, file, made, terminal }: Ended): readonly string[] {
  const again = environment.env === PRODUCTION ? "" : ` -- --env ${environment.env}`;
  const generated = SECRETS.filter((name) => made[name] !== undefined);
  const lines = [
    "",
    `  webhooks   ${edge}/in/{source}`,
    `  dashboard  ${edge}/`,
    `  token      ${made["SLUICE_ADMIN_TOKEN"] !== undefined && terminal ? made["SLUICE_ADMIN_TOKEN"] : `SLUICE_ADMIN_TOKEN, in ${file} if this machine made it`}`,
    `  next       sign in to the dashboard with the token, and create your first source`,
    `  update     git pull && npm ci && npm run deploy${again}`,
  ];
  if (generated.length === 0) return lines;
  const shown =
    terminal && made["SLUICE_MASTER_KEY"] !== undefined ? [`    SLUICE_MASTER_KEY=${made["SLUICE_MASTER_KEY"]}`] : [];
  return [
    ...lines,
    "",
    `  KEEP THE SECRETS: ${generated.join(" and ")} ${terminal ? "are shown this once, and are" : "are"} in ${file}.`,
    ...shown,
    "  Copy them to a password manager. Cloudflare never shows them again, and without the master key a restored database cannot be read.",
  ];
}
