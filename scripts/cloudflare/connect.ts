// What every script that talks to Cloudflare begins with: the environment's configuration, the client, wrangler.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { environmentOf, type Environment, type RawConfig } from "../deploy/configuration.ts";
import { deploy } from "../deploy/deploy.ts";
import { readMigrations } from "../deploy/migrations.ts";
import type { DeployOptions } from "../deploy/options.ts";
import { credentials } from "./account.ts";
import { Advice } from "./advice.ts";
import { cloudflare, CloudflareError, type Cloudflare } from "./api.ts";
import { wranglerIn, type Wrangler } from "./wrangler.ts";

const root = join(import.meta.dirname, "../..");
const BASE = "https://api.cloudflare.com/client/v4";

export interface Connection {
  readonly api: Cloudflare;
  readonly environment: Environment;
  readonly root: string;
  readonly wrangler: Wrangler;
}

export async function connect(env: string): Promise<Connection> {
  const wrangler = wranglerIn(root, process.env);
  const { experimental_readRawConfig: readRawConfig } = await import("wrangler");
  const base = readRawConfig({ config: join(root, "wrangler.toml") }).rawConfig as RawConfig;
  const environments = JSON.parse(await readFile(join(root, "environments.json"), "utf8")) as Record<string, RawConfig>;
  const environment = environmentOf(base, environments, env);
  const headers = await credentials(process.env, () => loginToken(wrangler));
  const api = cloudflare(headers, process.env["CLOUDFLARE_API_BASE_URL"] ?? BASE, fetch);
  return { api, environment, root, wrangler };
}

async function loginToken(wrangler: Wrangler): Promise<string | null> {
  const { code, output } = await wrangler(["auth", "token", "--json"]);
  if (code !== 0) return null;
  const token = /"token"\s*:\s*"([^"]+)"/.exec(output)?.[1];
  return token ?? null;
}

/** The last step of a script, or all of it. */
export async function deployWith({ api, wrangler, root, environment }: Connection, options: DeployOptions) {
  await deploy(environment, options, {
    api,
    wrangler,
    root,
    env: process.env,
    migrations: await readMigrations(join(root, "migrations")),
    fetch,
    now: Date.now,
    sleep: (ms) => sleep(ms),
    say: console.log,
    terminal: process.stdout.isTTY,
  });
}

/** What the user can mend is told without a stack trace. */
export async function runScript(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Advice || error instanceof CloudflareError)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
