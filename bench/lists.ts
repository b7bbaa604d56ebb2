// `npm run bench:lists [deliveries]`: the rows that a page of each list reads with 1,000,000 deliveries of 500,000 events on a local D1, by D1's
// own count. Walks through up to 60 pages of each list, and jumps to its end. Fails above the limit in docs/storage.md.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getPlatformProxy } from "wrangler";
import type { DeliveryStatus, EventStatus } from "../src/model/lifecycle.ts";
import { createReader } from "../src/record/index.ts";
import { recordTables } from "../src/store/index.ts";
import { BOUND_ROWS, DELIVERY_QUERIES, EVENT_QUERIES, seedStatements } from "./lists/seed.ts";

const PAGES = 60;
const LIMIT = 200;
const deliveries = Number(process.argv[2] ?? 1_000_000);

const root = join(import.meta.dirname, "..");
const state = await mkdtemp(join(tmpdir(), "sluice-lists-"));
const { env, dispose } = await getPlatformProxy<{ DB: D1Database }>({
  configPath: join(root, "wrangler.toml"),
  persist: { path: state },
});
let rowsRead = 0;
const db = {
  prepare: (sql: string) => env.DB.prepare(sql),
  batch: async (statements: D1PreparedStatement[]) => {
    const results = await env.DB.batch(statements);
    for (const { meta } of results) rowsRead += meta.rows_read;
    return results;
  },
} as unknown as D1Database;

const reader = createReader({
  tables: recordTables(db, Date.now),
  payloads: null,
  report: (what, error) => console.error(what, error),
  unreadable: (segment) => console.error(segment),
});

interface Figures {
  pages: number;
  found: number;
  most: number;
  slowestMs: number;
  deepest: number;
}

type ListOf = (filter: Record<string, string>, to: string) => Promise<{ rows: readonly object[]; next: string | null }>;

async function measure(query: string, prefix: "dlv" | "evt", list: ListOf): Promise<Figures> {
  const figures: Figures = { pages: 0, found: 0, most: 0, slowestMs: 0, deepest: 0 };
  const page = async (to: string): Promise<string | null> => {
    rowsRead = 0;
    const startedAt = performance.now();
    const { rows, next } = await list(Object.fromEntries(new URLSearchParams(query)), to);
    figures.slowestMs = Math.max(figures.slowestMs, performance.now() - startedAt);
    figures.pages += 1;
    figures.found += rows.length;
    figures.most = Math.max(figures.most, rowsRead);
    return next;
  };
  let to: string | null = `${prefix}_~`;
  while (to !== null && figures.pages < PAGES) to = await page(to);
  // Near the end: a few thousand rows of the list are left.
  const { id } = (await env.DB.prepare(
    `SELECT id FROM ${prefix === "dlv" ? "deliveries" : "events"} ORDER BY id LIMIT 1 OFFSET 3000`,
  ).first<{ id: string }>()) ?? { id: "" };
  await page(id);
  figures.deepest = rowsRead;
  return figures;
}

function row(name: string, figures: Figures): string {
  const { pages, found, most, deepest, slowestMs } = figures;
  return `${name.padEnd(92)} ${[pages, found, most, deepest].map((n) => String(n).padStart(8)).join(" ")} ${slowestMs.toFixed(1).padStart(8)}`;
}

try {
  for (const name of (await readdir(join(root, "migrations"))).filter((file) => file.endsWith(".sql")).sort()) {
    const sql = await readFile(join(root, "migrations", name), "utf8");
    for (const statement of sql.split("--> statement-breakpoint")) await env.DB.prepare(statement).run();
  }
  const startedAt = performance.now();
  for (const sql of seedStatements(deliveries / 2, 20_000)) await env.DB.prepare(sql).run();
  const sizes = await env.DB.prepare(
    "SELECT (SELECT COUNT(*) FROM events) AS events, (SELECT COUNT(*) FROM deliveries) AS deliveries",
  ).first();
  console.log(
    `seeded ${JSON.stringify(sizes)} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s; limit ${BOUND_ROWS} rows per page of ${LIMIT}\n`,
  );
  console.log(
    `${"list".padEnd(92)} ${["pages", "found", "most", "deepest", "ms"].map((word) => word.padStart(8)).join(" ")}`,
  );
  let worst = 0;
  const report = (name: string, figures: Figures): void => {
    worst = Math.max(worst, figures.most);
    console.log(row(name, figures));
  };
  for (const { query } of DELIVERY_QUERIES.filter(hasNoRange)) {
    const figures = await measure(query, "dlv", (given, to) =>
      reader.deliveries({ ...filterOf(given), status: given["status"] as DeliveryStatus, from: "dlv_", to }, LIMIT),
    );
    report(`/deliveries?${query}`, figures);
  }
  for (const { query } of EVENT_QUERIES.filter(hasNoRange)) {
    const figures = await measure(query, "evt", async (given, to) => {
      const filter = { ...filterOf(given), status: given["status"] as EventStatus, from: "evt_", to };
      const page = await reader.events(filter, LIMIT);
      if (!page.ok) throw new Error(page.error);
      return page.value;
    });
    report(`/events?${query}`, figures);
  }
  console.log(`\nmost rows read by a page: ${worst} of ${BOUND_ROWS}`);
  process.exitCode = worst <= BOUND_ROWS ? 0 : 1;
} finally {
  await dispose();
  await rm(state, { recursive: true, force: true });
}

/** Time ranges are key ranges, which every page has anyway. */
function hasNoRange({ query }: { readonly query: string }): boolean {
  return !query.includes("from=");
}

function filterOf({ source, destination }: Record<string, string>): { source_id?: string; destination_id?: string } {
  return {
    ...(source === undefined ? {} : { source_id: source }),
    ...(destination === undefined ? {} : { destination_id: destination }),
  };
}
