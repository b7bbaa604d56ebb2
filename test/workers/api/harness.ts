// The app on real D1 and R2; the test controls queue and publisher.
import { env } from "cloudflare:workers";
import { createApp, type AppDeps } from "../../../src/worker/app.ts";
import { ok } from "../../../src/kernel/result.ts";
import { readSettings } from "../../../src/config/env.ts";
import { databaseOf, databasesOf } from "../../../src/worker/databases.ts";
import { readerOverShards } from "../../../src/worker/ports/over-shards.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import type { SluiceEvent } from "../../../src/model/event.ts";
import { eventIds } from "../../../src/signing/index.ts";
import { createLogger } from "../../../src/telemetry/index.ts";
import { tick } from "../clock.ts";
import type { Json, JsonOf } from "./answers.ts";

export type { Json };

export function createClient(change: Partial<AppDeps> = {}) {
  const enqueued: { id: string; lane: string }[] = [];
  const published: string[][] = [];
  const kept: SluiceEvent[] = [];
  const received: Request[] = [];
  const ids = eventIds("test");
  const bindings = { ...env, DB: change.db ?? env.DB };
  const app = createApp({
    vouchedFor: () => null,
    db: env.DB,
    databases: () => databasesOf(bindings),
    databaseOf: (id) => databaseOf(bindings, id),
    bodies: env.BODIES,
    mostBodyBytes: Infinity,
    record: readerOverShards(createRuntime(bindings, tick)),
    settings: readSettings(env),
    resolve: null,
    mayTry: async () => true,
    now: tick,
    log: createLogger("silent"),
    vault: createRuntime(env).vault,
    learnedSecret: async () => null,
    publish: async (sources) => void published.push([...sources]),
    release: async () => undefined,
    reschedule: async () => undefined,
    startReplay: async () => undefined,
    cancelWaiting: async () => undefined,
    enqueue: async (ids, lane) => void enqueued.push(...ids.map((id) => ({ id, lane }))),
    mintEventId: ids.mint,
    completeEventId: ids.complete,
    persistEvent: async (event) => (kept.push(event), true),
    callbackSecrets: async () => ["whsec_dGVzdA=="],
    provesEventId: async (id) => id.endsWith("9"),
    hasQueue: (name) => name === "ORDERS_QUEUE",
    hasCertificate: (name) => name === "CLIENT_CERTIFICATE",
    backlogs: async () => [],
    notifyAlert: async () => ok(200),
    listen: async () => new Response(null, { status: 101, webSocket: new WebSocketPair()[0] }),
    countListeners: async () => 0,
    watch: async () => new Response(null, { status: 101, webSocket: new WebSocketPair()[0] }),
    inspectGate: () => Promise.reject(new Error("unreachable")),
    receive: async (request) => {
      received.push(request);
      return new Response("{}", { status: 202, headers: { "sluice-event-id": await ids.mint(tick()) } });
    },
    ingest: async () => new Response("ingested"),
    ...change,
  });
  const call = async <M extends string, P extends string>(
    method: M,
    path: P,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await app.request(`http://sluice.test/api/v1${path}`, {
      method,
      headers: { authorization: "Bearer test-admin-token-of-the-tests", ...headers },
      body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: (text.startsWith("{") ? JSON.parse(text) : {}) as JsonOf<M, P>,
    };
  };
  return { app, call, enqueued, published, kept, received };
}

let serial = 0;
export const unique = (name: string): string => `${name}-${++serial}`;
