// `npm run bench:overview [events]`: compares the overview's time with 1,000,000 events on record and with an empty database with the same sources,
// destinations and connections. Two Sluices in one local workerd are requested in turn by one signed-in viewer; D1 counts the rows read.
// Fails if the median is more than 1.5 times as high. Other pages are measured too, but have no limit.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Meter } from "./meter.ts";
import { seedTraffic, type Route } from "./overview/seed.ts";
import { seedEnded } from "./overview/segments.ts";
import { payload, writeD1 } from "./segment-file.ts";
import { convertV4MiniflareOptions, migrate, Miniflare, readSettings, sluiceOptions, TOKEN } from "./workers.ts";

const MAX_RATIO = 1.5;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 100);
const WARM_UP = 10;
const SOURCES = 4;
const DESTINATIONS_EACH = 2;
const events = Number(process.argv[2] ?? 1_000_000);
/** The latest events among which some wait or are dead, and have rows. */
const LATEST = 10_000;
/** Only the first one has a limit. */
const PAGES = ["/", "/?range=1h", "/?range=7d", "/?range=30d", "/events", "/dead-letters", "/destinations"];

type Name = "empty" | "full";
const NAMES: readonly Name[] = ["empty", "full"];

const options = sluiceOptions(readSettings(), "bench/metered-worker.ts", {
  SLUICE_ALLOW_PRIVATE: "true",
  DOH_URL: "off",
});
const state = mkdtempSync(join(tmpdir(), "sluice-overview-"));

/** Starts Sluices that keep what they store from one start to the next. */
async function start(names: readonly Name[]): Promise<InstanceType<typeof Miniflare>> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      resourcePersistencePath: state,
      workers: names.map((name) => ({
        ...options,
        name,
        d1Databases: { DB: name },
        kvNamespaces: { ROUTES: name },
        r2Buckets: { BODIES: name },
      })),
    }),
  );
  await miniflare.ready;
  return miniflare;
}

/** A signed-in viewer. */
interface Viewer {
  readonly origin: string;
  readonly cookie: string;
}

const startedAt = performance.now();
const first = await start(["full"]);
const full = await first.unsafeGetDirectURL("full");
await configure(first, "full");
const routes = await routesOf(full.origin);
await first.dispose();
writeD1(state, (db) => seedEnded(db, events, routes, Date.now()));
const miniflare = await start(NAMES);
try {
  await configure(miniflare, "empty");
  const viewers = { empty: await signIn("empty"), full: await signIn("full") };
  const db = await miniflare.getD1Database("DB", "full");
  await seedTraffic(db, LATEST, routes, Date.now(), "status <> 'delivered'");
  const bucket = (await miniflare.getR2Bucket("BODIES", "full")) as unknown as R2Bucket;
  await bucket.put(payload.key, payload.bytes());
  const tables = ["segments", "deliveries", "counters"].map((table) => `(SELECT COUNT(*) FROM ${table}) AS ${table}`);
  const stored = await db.prepare(`SELECT ${tables.join(", ")}`).first();
  console.log(`seeded ${JSON.stringify(stored)} in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  console.log(`${ROUNDS} rounds; milliseconds, median and p99\n`);
  console.log(
    ["page".padEnd(14), ...["empty", "p99", "full", "p99", "ratio", "rows read"].map((word) => word.padStart(10))].join(
      "",
    ),
  );
  const ratios: number[] = [];
  for (const path of PAGES) ratios.push(await measure(viewers, path));
  const [judged = Infinity] = ratios;
  console.log(`\noverview: ${judged.toFixed(2)} times as long as with an empty database (limit ${MAX_RATIO})`);
  process.exitCode = judged <= MAX_RATIO ? 0 : 1;
} finally {
  await miniflare.dispose();
  rmSync(state, { recursive: true, force: true });
}

/** Makes tables and configuration. */
async function configure(at: InstanceType<typeof Miniflare>, name: Name): Promise<void> {
  await migrate(at, name);
  const { origin } = await at.unsafeGetDirectURL(name);
  for (let source = 0; source < SOURCES; source++) {
    await call(origin, "POST", "/sources", { slug: `source-${source}` });
    for (let index = 0; index < DESTINATIONS_EACH; index++) {
      const slug = `destination-${source}-${index}`;
      // Every second one has a pace, so its gate is called.
      const pace = index % 2 === 0 ? {} : { rate_limit: { limit: 50, period_seconds: 1 } };
      await call(origin, "POST", "/destinations", { slug, url: `http://127.0.0.1:9/${slug}`, ...pace });
      await call(origin, "POST", "/connections", { source: `source-${source}`, destination: slug });
    }
  }
}

async function signIn(name: Name): Promise<Viewer> {
  const { origin } = await miniflare.unsafeGetDirectURL(name);
  const answer = await fetch(`${origin}/login`, {
    method: "POST",
    headers: { origin },
    body: new URLSearchParams({ token: TOKEN, next: "/" }),
    redirect: "manual",
  });
  await answer.arrayBuffer();
  const cookie = answer.headers.get("set-cookie")?.split(";")[0];
  if (answer.status !== 303 || cookie === undefined) throw new Error(`signing in: ${answer.status}`);
  return { origin, cookie };
}

async function routesOf(origin: string): Promise<Route[]> {
  const { data } = await call<{ data: { id: string; source: string; destination: string }[] }>(
    origin,
    "GET",
    "/connections",
  );
  return [...new Set(data.map(({ source }) => source))].map((source) => ({
    source,
    connections: data.filter((connection) => connection.source === source),
  }));
}

async function call<T>(origin: string, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${origin}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** @returns milliseconds until the last byte */
async function view({ origin, cookie }: Viewer, path: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(origin + path, { headers: { cookie }, redirect: "manual" });
  const page = await response.text();
  const ms = performance.now() - startedAt;
  if (response.status !== 200 || !page.includes("</html>")) throw new Error(`${path}: ${response.status}`);
  return ms;
}

/** Requests both in turn, in alternating order. @returns the ratio of the medians, full to empty */
async function measure(viewers: Readonly<Record<Name, Viewer>>, path: string): Promise<number> {
  const times: Record<Name, number[]> = { empty: [], full: [] };
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const name of round % 2 === 0 ? NAMES : NAMES.toReversed()) {
      const ms = await view(viewers[name], path);
      if (round >= 0) times[name].push(ms);
    }
  }
  await meter(viewers.full);
  await view(viewers.full, path);
  const { d1_rows_read: rows } = await meter(viewers.full);
  const [empty, full] = NAMES.map((name) => times[name].sort((a, b) => a - b)) as [number[], number[]];
  const ratio = at(full, 0.5) / at(empty, 0.5);
  const figures = [at(empty, 0.5), at(empty, 0.99), at(full, 0.5), at(full, 0.99), ratio].map((one) => one.toFixed(2));
  console.log([path.padEnd(14), ...[...figures, String(rows)].map((one) => one.padStart(10))].join(""));
  return ratio;
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** The counts since the last call. */
async function meter({ origin }: Viewer): Promise<Meter> {
  const response = await fetch(`${origin}/bench/meter`);
  const counted: Meter = await response.json();
  return counted;
}
