// `npm run bench:overview [deliveries]`: compares the overview's time with 1,000,000 deliveries on record and with an empty database with the same
// sources, destinations and connections. Two Sluices in one local workerd are requested in turn by one signed-in viewer; D1 counts the rows read.
// Fails if the median is more than 1.5 times as high. Other pages are measured too, but have no limit.
import type { Meter } from "./meter.ts";
import { seedTraffic, type Route } from "./overview/seed.ts";
import { convertV4MiniflareOptions, migrate, Miniflare, readSettings, sluiceOptions, TOKEN } from "./workers.ts";

const MAX_RATIO = 1.5;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 100);
const WARM_UP = 10;
const SOURCES = 4;
const DESTINATIONS_EACH = 2;
const deliveries = Number(process.argv[2] ?? 1_000_000);
/** Only the first one has a limit. */
const PAGES = ["/", "/?range=1h", "/?range=7d", "/?range=30d", "/events", "/dead-letters", "/destinations"];

type Name = "empty" | "full";
const NAMES: readonly Name[] = ["empty", "full"];

const options = sluiceOptions(readSettings(), "bench/metered-worker.ts", {
  SLUICE_ALLOW_PRIVATE: "true",
  DOH_URL: "off",
});
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    workers: NAMES.map((name) => ({
      ...options,
      name,
      d1Databases: { DB: name },
      kvNamespaces: { ROUTES: name },
      r2Buckets: { BODIES: name },
    })),
  }),
);

/** A signed-in viewer. */
interface Viewer {
  readonly origin: string;
  readonly cookie: string;
}

try {
  await miniflare.ready;
  const viewers = { empty: await prepared("empty"), full: await prepared("full") };
  const startedAt = performance.now();
  const db = await miniflare.getD1Database("DB", "full");
  await seedTraffic(db, deliveries / DESTINATIONS_EACH, await routesOf(viewers.full), Date.now());
  const stored = await db
    .prepare("SELECT (SELECT COUNT(*) FROM deliveries) AS deliveries, (SELECT COUNT(*) FROM counters) AS counters")
    .first();
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
}

/** One Sluice with its tables and configuration. */
async function prepared(name: Name): Promise<Viewer> {
  await migrate(miniflare, name);
  const { origin } = await miniflare.unsafeGetDirectURL(name);
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

async function routesOf({ origin }: Viewer): Promise<Route[]> {
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
