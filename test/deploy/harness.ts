// Runs the deployment scripts against a stand-in of Cloudflare, with the real wrangler.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { experimental_readRawConfig as readRawConfig } from "wrangler";
import { cloudflare, type Cloudflare } from "../../scripts/cloudflare/api.ts";
import { wranglerIn } from "../../scripts/cloudflare/wrangler.ts";
import { environmentOf, type Environment, type RawConfig } from "../../scripts/deploy/configuration.ts";
import { deploy } from "../../scripts/deploy/deploy.ts";
import { readMigrations } from "../../scripts/deploy/migrations.ts";
import { parseOptions } from "../../scripts/deploy/options.ts";
import { ACCOUNT, type AccountSettings } from "../stand-in/state.ts";
import { startStandIn, type StandIn } from "../stand-in/server.ts";

const checkout = join(import.meta.dirname, "../..");
export const WRANGLER_TOML = readRawConfig({ config: join(checkout, "wrangler.toml") }).rawConfig as RawConfig;
export const MIGRATIONS = await readMigrations(join(checkout, "migrations"));
const TEST_CONFIG: RawConfig = {
  ...WRANGLER_TOML,
  main: join(checkout, "test/stand-in/worker.js"),
  assets: { ...WRANGLER_TOML.assets, directory: join(checkout, "public") },
};

interface Ran {
  /** Null for success; otherwise what the user reads. */
  readonly error: string | null;
  readonly output: string;
  /** The requests of this run: `METHOD /path` below the account. */
  readonly requests: readonly string[];
}

export interface Machine {
  readonly standIn: StandIn;
  readonly api: Cloudflare;
  /** The directory that stands for a checkout: its secrets are kept there. */
  readonly root: string;
  readonly environment: (env?: string) => Environment;
  readonly environments: Record<string, RawConfig>;
  config: RawConfig;
  env: Record<string, string>;
  terminal: boolean;
  migrations: typeof MIGRATIONS;
  readonly deploy: (...argv: string[]) => Promise<Ran>;
  /** Runs something, and tells the requests that it has made. */
  readonly watched: (work: (say: (line: string) => void) => Promise<void>) => Promise<Ran>;
  readonly wrangler: ReturnType<typeof wranglerIn>;
  readonly stop: () => Promise<void>;
}

const shorten = (path: string): string => path.replace(`/accounts/${ACCOUNT}`, "");

export async function startMachine(settings: AccountSettings = {}): Promise<Machine> {
  const standIn = await startStandIn(settings);
  const root = await mkdtemp(join(tmpdir(), "sluice-deploy-"));
  const api = cloudflare({ authorization: "Bearer stand-in" }, standIn.base, fetch);
  const wrangler = wranglerIn(checkout, {
    ...process.env,
    CLOUDFLARE_API_BASE_URL: standIn.base,
    CLOUDFLARE_API_TOKEN: "stand-in",
    WRANGLER_SEND_METRICS: "false",
    NODE_COMPILE_CACHE: join(tmpdir(), "sluice-compile-cache"),
  });
  let clock = 0;
  const machine: Machine = {
    standIn,
    api,
    root,
    config: TEST_CONFIG,
    environments: { staging: { vars: { LOG_LEVEL: "debug" } } },
    env: {},
    terminal: false,
    migrations: MIGRATIONS,
    wrangler,
    environment: (env = "production") => environmentOf(machine.config, machine.environments, env),
    watched: async (work) => {
      const [from, lines] = [standIn.requests.length, [] as string[]];
      const error = await work((line) => void lines.push(line)).then(
        () => null,
        (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
      );
      const requests = standIn.requests.slice(from).map(({ method, path }) => `${method} ${shorten(path)}`);
      return { error, output: lines.join("\n"), requests };
    },
    deploy: (...argv) =>
      machine.watched(async (say) => {
        const options = parseOptions(argv);
        await deploy(machine.environment(options.env), options, {
          api,
          wrangler,
          root,
          say,
          env: machine.env as NodeJS.ProcessEnv,
          migrations: machine.migrations,
          terminal: machine.terminal,
          fetch: async (url, init) => (await standIn.edge.answer(new URL(url), init)) ?? Response.error(),
          now: () => clock,
          sleep: async (ms) => void (clock += ms),
        });
      }),
    stop: async () => {
      await standIn.close();
      await rm(root, { recursive: true, force: true });
    },
  };
  return machine;
}

/** What can be compared between two runs: everything but times, versions and secrets. */
export const resources = ({ standIn: { state } }: Machine) => ({
  databases: Object.values(state.d1).map(({ name, db }) => ({
    name,
    migrations: db.query("SELECT count(*) AS n FROM d1_migrations")[0]?.results,
  })),
  namespaces: Object.values(state.kv).map(({ title }) => title),
  buckets: Object.keys(state.r2),
  queues: Object.values(state.queues).map(({ name, settings, consumers }) => ({
    name,
    settings,
    consumers: consumers.map(({ script, dead_letter_queue }) => ({ script, dead_letter_queue })),
  })),
  workers: Object.entries(state.scripts).map(([name, { secrets, schedules, subdomain }]) => ({
    name,
    secrets: Object.keys(secrets),
    schedules,
    subdomain,
  })),
});
