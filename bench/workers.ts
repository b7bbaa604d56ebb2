// Workers in a local workerd, bundled as for a deploy and configured by wrangler.toml. The two Workers of the accept benchmark share one
// workerd, each with its own socket: same runtime, same compatibility date, same kind of queue without consumers.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as MiniflareModule from "miniflare";
import { unstable_readConfig, unstable_splitSqlQuery } from "wrangler";

export const TOKEN = "token-of-the-benchmarks-only";
const root = join(import.meta.dirname, "..");
// Miniflare is installed with wrangler and needs no dependency of its own.
export const { Miniflare, convertV4MiniflareOptions } = createRequire(
  createRequire(import.meta.url).resolve("wrangler"),
)("miniflare") as typeof MiniflareModule;

export interface Running {
  readonly sluicePort: number;
  readonly barePort: number;
  stop(): Promise<void>;
}

/** The part of wrangler.toml that the benchmarks need. */
interface Settings {
  readonly compatibility_date?: string;
  readonly compatibility_flags: readonly string[];
  readonly ratelimits: readonly {
    readonly name: string;
    readonly namespace_id: string;
    readonly simple: { limit: number; period: 10 | 60 };
  }[];
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
  readonly queues: {
    readonly producers?: readonly { readonly binding: string; readonly queue: string }[];
    readonly consumers?: readonly {
      readonly queue: string;
      readonly max_batch_size?: number;
      readonly max_batch_timeout?: number;
      readonly max_retries?: number | undefined;
      readonly dead_letter_queue?: string | undefined;
    }[];
  };
}

/** Bundles like `wrangler deploy`. @returns the module's text */
function bundle(entry: string, config: string): string {
  const out = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  try {
    const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
    execFileSync(
      process.execPath,
      [wrangler, "deploy", join(root, entry), "--dry-run", "--minify", "--outdir", out, "--config", join(root, config)],
      { cwd: root, stdio: "pipe", env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" } },
    );
    return readFileSync(join(out, entry.replace(/^.*\//, "").replace(/\.ts$/, ".js")), "utf8");
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** The statements of all migrations. */
function readMigrations(): string[] {
  const folder = join(root, "migrations");
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return files.sort().flatMap((name) => unstable_splitSqlQuery(readFileSync(join(folder, name), "utf8")));
}

export const readSettings = (): Settings => unstable_readConfig({ config: join(root, "wrangler.toml") });

const commonOptions = (config: Settings) => ({
  modules: true as const,
  compatibilityDate: config.compatibility_date ?? "",
  compatibilityFlags: [...config.compatibility_flags],
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
});

/** Sluice with all its bindings. @param entry the main module */
export const sluiceOptions = (config: Settings, entry: string, variables: Record<string, string> = {}) => ({
  ...commonOptions(config),
  name: "sluice",
  script: bundle(entry, "wrangler.toml"),
  bindings: {
    JOURNAL: "fallback",
    LOG_LEVEL: "info",
    SLUICE_ADMIN_TOKEN: TOKEN,
    SLUICE_MASTER_KEY: Buffer.alloc(32, 7).toString("base64"),
    ...variables,
  },
  d1Databases: ["DB"],
  kvNamespaces: ["ROUTES"],
  r2Buckets: ["BODIES"],
  ratelimits: Object.fromEntries(config.ratelimits.map(({ name, ...limit }) => [name, limit])),
  durableObjects: Object.fromEntries(
    config.durable_objects.bindings.map(({ name, class_name: className }) => [name, { className, useSQLite: true }]),
  ),
  queueProducers: Object.fromEntries(
    (config.queues.producers ?? []).map(({ binding, queue }) => [binding, { queueName: queue }]),
  ),
});

export async function migrate(miniflare: MiniflareModule.Miniflare, worker = "sluice"): Promise<void> {
  const db = await miniflare.getD1Database("DB", worker);
  for (const statement of readMigrations()) await db.prepare(statement).run();
}

export async function startWorkers(): Promise<Running> {
  const config = readSettings();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        sluiceOptions(config, "src/index.ts"),
        {
          ...commonOptions(config),
          name: "bare",
          script: bundle("bench/bare-worker.ts", "bench/bare-worker.toml"),
          queueProducers: { EVENTS: { queueName: "bare-events" } },
        },
      ],
    }),
  );
  await miniflare.ready;
  await migrate(miniflare);
  return {
    sluicePort: Number((await miniflare.unsafeGetDirectURL("sluice")).port),
    barePort: Number((await miniflare.unsafeGetDirectURL("bare")).port),
    stop: () => miniflare.dispose(),
  };
}
