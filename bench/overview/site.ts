// Two Sluices in one local workerd, one empty and one with a record, with the same sources, destinations and connections, and a signed-in viewer who
// requests pages of both in turn.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Meter } from "../meter.ts";
import { payload, writeD1 } from "../segment-file.ts";
import { convertV4MiniflareOptions, migrate, Miniflare, readSettings, sluiceOptions, TOKEN } from "../workers.ts";
import { seedTraffic, type Route } from "./seed.ts";
import { seedEnded } from "./segments.ts";

const SOURCES = 4;
const DESTINATIONS_EACH = 2;
/** The latest events among which some wait or are dead, and have rows. */
const LATEST = 10_000;

export type Name = "empty" | "full";
const NAMES: readonly Name[] = ["empty", "full"];

/** A signed-in viewer of one of the two. */
export interface Viewer {
  readonly origin: string;
  readonly cookie: string;
}
export type Viewers = Readonly<Record<Name, Viewer>>;

type Running = InstanceType<typeof Miniflare>;

export class Site {
  readonly #options = sluiceOptions(readSettings(), "bench/metered-worker.ts", {
    SLUICE_ALLOW_PRIVATE: "true",
    DOH_URL: "off",
  });
  readonly #state = mkdtempSync(join(tmpdir(), "sluice-pages-"));
  #running: Running | null = null;
  readonly #cookies: Partial<Record<Name, string>> = {};
  /** Of the one with the record. */
  routes: readonly Route[] = [];

  /** Fills one of them with so many events of two weeks, each with two deliveries. @returns what it has stored */
  async seed(events: number): Promise<string> {
    const first = await this.#start(["full"]);
    const full = await first.unsafeGetDirectURL("full");
    await configure(first, "full");
    this.routes = await routesOf(full.origin);
    await this.#stop();
    writeD1(this.#state, (db) => seedEnded(db, events, this.routes, Date.now()));
    const both = await this.#start(NAMES);
    await configure(both, "empty");
    const db = await both.getD1Database("DB", "full");
    await seedTraffic(db, LATEST, this.routes, Date.now(), "status <> 'delivered'");
    const bucket = (await both.getR2Bucket("BODIES", "full")) as unknown as R2Bucket;
    await bucket.put(payload.key, payload.bytes());
    const tables = ["segments", "deliveries", "counters"].map((table) => `(SELECT COUNT(*) FROM ${table}) AS ${table}`);
    return JSON.stringify(await db.prepare(`SELECT ${tables.join(", ")}`).first());
  }

  /** Ends the isolates, and with them all that they remember. */
  async restart(): Promise<void> {
    await this.#stop();
    await this.#start(NAMES);
  }

  async database(name: Name): Promise<D1Database> {
    if (this.#running === null) throw new Error("it does not run");
    return this.#running.getD1Database("DB", name);
  }

  async viewers(): Promise<Viewers> {
    return { empty: await this.#viewer("empty"), full: await this.#viewer("full") };
  }

  async close(): Promise<void> {
    await this.#stop();
    rmSync(this.#state, { recursive: true, force: true });
  }

  /** They keep what they store from one start to the next. */
  async #start(names: readonly Name[]): Promise<Running> {
    const running = new Miniflare(
      convertV4MiniflareOptions({
        resourcePersistencePath: this.#state,
        workers: names.map((name) => ({
          ...this.#options,
          name,
          d1Databases: { DB: name },
          kvNamespaces: { ROUTES: name },
          r2Buckets: { BODIES: name },
        })),
      }),
    );
    await running.ready;
    this.#running = running;
    return running;
  }

  async #stop(): Promise<void> {
    await this.#running?.dispose();
    this.#running = null;
  }

  async #viewer(name: Name): Promise<Viewer> {
    if (this.#running === null) throw new Error("it does not run");
    const { origin } = await this.#running.unsafeGetDirectURL(name);
    // A session outlives the isolate, and attempts to sign in are limited.
    this.#cookies[name] ??= await this.#signIn(origin);
    return { origin, cookie: this.#cookies[name] };
  }

  async #signIn(origin: string): Promise<string> {
    const answer = await fetch(`${origin}/login`, {
      method: "POST",
      headers: { origin },
      body: new URLSearchParams({ token: TOKEN, next: "/" }),
      redirect: "manual",
    });
    await answer.arrayBuffer();
    const cookie = answer.headers.get("set-cookie")?.split(";")[0];
    if (answer.status !== 303 || cookie === undefined) throw new Error(`signing in: ${answer.status}`);
    return cookie;
  }
}

/** Makes tables and configuration. */
async function configure(at: Running, name: Name): Promise<void> {
  await migrate(at, name);
  const { origin } = await at.unsafeGetDirectURL(name);
  for (let source = 0; source < SOURCES; source++) {
    await call(origin, "POST", "/sources", { slug: `source-${source}` });
    for (let index = 0; index < DESTINATIONS_EACH; index++) {
      const slug = `destination-${source}-${index}`;
      // Every second one has a pace, so its gate is called.
      const pace = index % 2 === 0 ? {} : { rate_limit: { limit: 50, period_seconds: 1 } };
      await call(origin, "POST", "/destinations", { slug, url: `http://127.0.0.1:9/${slug}`, ...pace });
      await call(origin, "POST", "/connections", { slug, source: `source-${source}`, destination: slug });
    }
  }
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

/** The fields of a form that is posted. */
type Form = Readonly<Record<string, string>>;

/** A page, up to its last byte. */
export async function read({ origin, cookie }: Viewer, path: string, form?: Form): Promise<string> {
  const post = form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) };
  const response = await fetch(origin + path, { headers: { cookie, origin }, redirect: "manual", ...post });
  const page = await response.text();
  if (response.status !== 200 || !page.includes("</html>")) throw new Error(`${path}: ${response.status}`);
  return page;
}

/** @returns milliseconds until the last byte */
export async function view(viewer: Viewer, path: string, form?: Form): Promise<number> {
  const startedAt = performance.now();
  await read(viewer, path, form);
  return performance.now() - startedAt;
}

/** Rows that D1 reads for a page. */
export async function rowsRead(viewer: Viewer, path: string, form?: Form): Promise<number> {
  await takeMeter(viewer);
  await view(viewer, path, form);
  return (await takeMeter(viewer)).d1_rows_read;
}

/** The counts since the last call. */
async function takeMeter({ origin }: Viewer): Promise<Meter> {
  const response = await fetch(`${origin}/bench/meter`);
  const counted: Meter = await response.json();
  return counted;
}

export function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Requests a page of both in turn, in alternating order. */
export async function timeBoth(
  viewers: Viewers,
  path: string,
  rounds: number,
  warmUp: number,
): Promise<Readonly<Record<Name, number[]>>> {
  const times: Record<Name, number[]> = { empty: [], full: [] };
  for (let round = -warmUp; round < rounds; round++) {
    for (const name of round % 2 === 0 ? NAMES : NAMES.toReversed()) {
      const ms = await view(viewers[name], path);
      if (round >= 0) times[name].push(ms);
    }
  }
  return times;
}
