// `unit` runs pure rooms in plain Node, `workers` runs everything else in workerd on real D1, Queues, KV, R2 and Durable Objects, `workers-three` some
// of it with three databases; `system` starts the whole of Sluice as a user does.
import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

const PACKAGES = [
  "aws4fetch",
  "drizzle-orm",
  "drizzle-orm/d1",
  "drizzle-orm/sqlite-core",
  "hono",
  "jose",
  "jsonata",
  "re2js",
  "zod",
];

/** On which unit and Worker tests run, so that none needs today's date: the turn of a month, more than a year ahead. Those of the system run today. */
const today = new Date();
const date =
  process.env["TEST_DATE"] ??
  new Date(Date.UTC(today.getUTCFullYear() + 1, today.getUTCMonth() + 2, 0, 23, 59, 50)).toISOString();

/** Files at a time. They spend half of their time waiting, so two cores have room for three. */
const maxWorkers = 3;

/** Of every project. A test ends when it is done: its time is for a machine ten times as slow. */
const patient = {
  maxWorkers,
  testTimeout: 600_000,
  hookTimeout: 300_000,
  provide: { seed: Number(process.env["TEST_SEED"] ?? 20_261_130) },
} satisfies TestProjectInlineConfiguration["test"];

/** System tests that measure delays or memory. */
const MEASURING = ["pace", "promises", "redrive", "security/stalled-uploads"].map(
  (name) => `test/system/${name}.test.ts`,
);

/** Files that each start a Sluice. */
const system = (test: TestProjectInlineConfiguration["test"]): TestProjectInlineConfiguration => ({
  test: {
    globalSetup: "test/system/migrated.ts",
    setupFiles: ["test/system/setup.ts"],
    ...patient,
    ...test,
  },
});

/** The Worker of the last release, as the module `virtual:last-release`. */
const lastRelease = {
  name: "last-release",
  resolveId: (id: string) => (id === "virtual:last-release" ? "\0virtual:last-release" : null),
  load: (id: string) =>
    id === "\0virtual:last-release"
      ? brotliDecompressSync(readFileSync("test/fixtures/last-release.js.br")).toString()
      : null,
};

/** What must hold over several databases as over one. */
const THREE_DATABASES = [
  "api/records",
  "databases/flow",
  "delivery/consume",
  "delivery/parked",
  "record/retention",
  "spine/outages",
].map((name) => `test/workers/${name}.test.ts`);

/** Files in workerd, on real bindings. @param since the variables of further databases */
const workers = (
  name: string,
  include: string[],
  since: Readonly<Record<string, string>>,
): TestProjectInlineConfiguration => ({
  plugins: [
    lastRelease,
    cloudflareTest(async () => ({
      wrangler: { configPath: "./wrangler.toml" },
      miniflare: {
        d1Databases: Object.keys(since).map((variable) => variable.slice(0, "DB_2".length)),
        bindings: {
          ...since,
          TEST_DATE: date,
          TEST_MIGRATIONS: await readD1Migrations("migrations"),
          SLUICE_ADMIN_TOKEN: "test-admin-token-of-the-tests",
          SLUICE_MASTER_KEY: "dGVzdC1tYXN0ZXIta2V5LXRoYXQtaXMtMzItYnl0ZXM=",
          SLUICE_ALLOW_PRIVATE: "true",
          LOG_LEVEL: "silent",
          PARTNER_TOKEN: "planted-worker-secret",
        },
      },
    })),
  ],
  test: {
    ...patient,
    isolate: false,
    name,
    include,
    setupFiles: ["test/workers/setup.ts"],
    // Packages of many modules in one piece each, as wrangler bundles them: every test file loads them anew.
    deps: { optimizer: { ssr: { enabled: true, include: PACKAGES } } },
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...patient,
          // Nothing outlives a unit test, so its file can share what it loads.
          isolate: false,
          name: "unit",
          env: { TEST_DATE: date, TZ: process.env["TZ"] ?? "Pacific/Auckland" },
          include: ["test/unit/**/*.test.ts"],
          setupFiles: ["test/unit/setup.ts"],
        },
      },
      // Deployments to a stand-in of Cloudflare, by the real wrangler.
      { test: { ...patient, name: "deploy", include: ["test/deploy/**/*.test.ts"] } },
      workers("workers", ["test/workers/**/*.test.ts"], {}),
      // With three databases, of which each records a third of the events.
      workers("workers-three", THREE_DATABASES, { DB_2_SINCE: "2026-01-01", DB_3_SINCE: "2026-02-01" }),
      system({
        name: "system",
        include: ["test/system/**/*.test.ts"],
        exclude: MEASURING,
        sequence: { groupOrder: 1 },
      }),
      // The commands of the documents, in a clean clone. They start Sluices too.
      {
        test: {
          ...patient,
          name: "docs",
          include: ["test/docs/**/*.test.ts"],
          sequence: { groupOrder: 1 },
        },
      },
      // After the others, one at a time: they measure delays and memory.
      system({ name: "system-alone", include: MEASURING, maxWorkers: 1, sequence: { groupOrder: 2 } }),
    ],
  },
});
