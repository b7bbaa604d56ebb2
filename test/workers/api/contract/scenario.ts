// The type of a scenario, and the states that scenarios begin with.
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { problemResponse } from "../../../../src/api/problem.ts";
import type { ProblemCode } from "../../../../src/model/problem-codes.ts";
import type { AppDeps } from "../../../../src/worker/app.ts";
import { accept, acceptedResponse, refusedResponse, type IngestPorts } from "../../../../src/ingest/index.ts";
import { err } from "../../../../src/kernel/result.ts";
import { timeToBase32 } from "../../../../src/kernel/base32.ts";
import { createRuntime } from "../../../../src/worker/runtime.ts";
import { now } from "../../clock.ts";
import { createRoute, createWorld } from "../../harness.ts";
import { createClient, unique } from "../harness.ts";

export interface Sent {
  /** In place of `{id}` or `{slug}` in the path. */
  readonly id?: string;
  /** The query, with its question mark. */
  readonly rest?: string;
  /** An object is sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ports that differ in this scenario. */
  readonly deps?: Partial<AppDeps>;
}
type Make = () => Sent | Promise<Sent>;

export interface Scenario {
  /** Makes a request that succeeds. */
  readonly succeeds: Make;
  /** Further requests, which succeed in another way. */
  readonly also?: readonly Make[];
  /** Requests that cause this operation's own problems. */
  readonly refused?: { readonly [C in ProblemCode]?: Make };
}

export const { call } = createClient();
export const SIGNED = { type: "standard_webhooks", secrets: ["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"] };
const url = "https://api.example.com/hook";

async function create(path: string, body: unknown): Promise<string> {
  const { status, json } = await call("POST", path, body);
  expect([path, status, json]).toEqual([path, 201, expect.anything()]);
  return String(json.id);
}
export const source = (more: object = {}) => create("/sources", { slug: unique("source"), ...more });
export const destination = (more: object = {}) =>
  create("/destinations", { slug: unique("destination"), url, ...more });
export const connection = async (more: object = {}) =>
  create("/connections", { source: await source(), destination: await destination(), ...more });
export const slack = { type: "slack", url: "https://hooks.example.com/x" };
export const alert = () => create("/alerts", { name: "Trouble", rule: { type: "circuit_open" }, target: slack });
export const token = () => create("/tokens", { name: "Deploy", scope: "read" });

/** An event that went to one destination. */
export async function sent(status = 200): Promise<{ event: string; delivery: string; slug: string }> {
  const world = createWorld();
  world.onRequest(() => ({ status, headers: { "x-answer": "1" }, body: "answer" }));
  const { slug } = await createRoute([{ retry: { schedule_seconds: [3_600] } }]);
  await world.accept(`/in/${slug}/part?q=1`, { body: '{"a":1}', headers: { "content-type": "application/json" } });
  await world.turn();
  const [delivery] = (await call("GET", `/deliveries?source=${slug}`)).json.data;
  return { event: String(delivery?.["event_id"]), delivery: String(delivery?.["id"]), slug };
}
export async function issue(): Promise<Sent> {
  const { slug } = await sent(500);
  const [found] = (await call("GET", `/issues?destination=${slug}-0`)).json.data;
  return { id: String(found?.["id"]) };
}
export const retrying = async (): Promise<Sent> => ({ id: (await sent(500)).delivery });
export const delivered = async (): Promise<Sent> => ({ id: (await sent()).delivery });
export async function inFlight(): Promise<Sent> {
  const { delivery: id } = await sent(500);
  await env.DB.prepare("UPDATE deliveries SET claimed_until = ?2 WHERE id = ?1")
    .bind(id, now() + 60_000)
    .run();
  return { id };
}
/** An event that was accepted and is still in the queue. */
export const unrecorded = (): Sent => ({ id: `evt_${timeToBase32(now())}${"0".repeat(21)}9` });

export async function replay(): Promise<string> {
  const { status, json } = await call("POST", "/replays", { source: (await sent()).slug });
  expect(status).toBe(202);
  return String(json.id);
}

const {
  vault,
  record: { reader },
} = createRuntime(env);

/** The segment of every event is damaged. */
export const damaged = (): Partial<AppDeps> => ({
  record: {
    ...reader,
    event: async () => err({ reason: "record_unreadable", key: 7, detail: "the entries are damaged" }),
  },
});
/** R2 cannot be read. */
export const withoutPayloads = (): Partial<AppDeps> => ({
  record: {
    ...reader,
    contents: async (places) => new Map([...places.keys()].map((key) => [key, err("unavailable")])),
    whole: async () => err("unavailable"),
    events: async () => err("unavailable"),
  },
});
/** Another request is always faster: the record changes while this request's secrets are encrypted. */
export const raced = (table: string, id: string): Partial<AppDeps> => ({
  vault: {
    ...vault,
    seal: async (...sealing) => {
      await env.DB.prepare(`UPDATE ${table} SET spec = json_set(spec, '$.name', ?2) WHERE id = ?1`)
        .bind(id, unique("raced"))
        .run();
      return vault.seal(...sealing);
    },
  },
});

/** More sources than a configuration document may hold, while the request runs. */
export const crowded = (): Partial<AppDeps> => ({
  db: new Proxy(env.DB, {
    get: (db, name: keyof D1Database) =>
      name !== "batch"
        ? db[name].bind(db)
        : async (statements: D1PreparedStatement[]) => {
            const results = await db.batch(statements);
            return results.map((result) => ({ ...result, results: Array.from({ length: 1_001 }, () => ({})) }));
          },
  }),
});

/** With the real ingest. */
export function intake(change: Partial<IngestPorts> = {}): Partial<AppDeps> {
  const { ingestion } = createWorld();
  return {
    ingest: async (request, requestId) => {
      const result = await accept(request, { ...ingestion, ...change });
      return result.ok
        ? acceptedResponse(result.value)
        : refusedResponse(result.error, (code, detail, headers) =>
            problemResponse(code, detail, requestId, [], headers),
          );
    },
  };
}

/** The records that the document's examples refer to, and the secrets that they name. */
export async function exemplary(): Promise<{ ids: Readonly<Record<string, string>>; deps: Partial<AppDeps> }> {
  await source({ slug: "shop", verification: { type: "stripe", secrets: ["whsec_x"], on_failure: "accept" } });
  await destination({ slug: "orders", signing: SIGNED, auth: { type: "bearer", token: "t" } });
  await connection({ slug: "shop-orders", source: "shop", destination: "orders" });
  const world = createWorld();
  await world.accept("/in/shop", { body: "{}" });
  await world.turn();
  const [event] = (await call("GET", "/events?source=shop")).json.data;
  const secrets = { PARTNER_SECRET: "s", PAGERDUTY_KEY: "k", STRIPE_WHSEC: "whsec_s" };
  return {
    ids: {
      sources: "shop",
      destinations: "orders",
      connections: "shop-orders",
      events: String(event?.["id"]),
      issues: (await issue()).id ?? "",
      alerts: await alert(),
    },
    deps: { vault: createRuntime({ ...env, ...secrets }).vault },
  };
}
