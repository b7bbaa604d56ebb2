// Puts the runtime behind the app. Wiring only.
import type { Hono } from "hono";
import { notifyNow } from "./alerts.ts";
import { createApp } from "../app.ts";
import { learnedSecret } from "./handshakes.ts";
import { accessGate, createDashboard } from "../../dashboard/index.ts";
import {
  cancelMessage,
  cancelWaiting,
  releaseMessage,
  replayMessage,
  reschedule,
  rescheduleMessage,
} from "../../delivery/index.ts";
import { MAX_INLINE_BODY_BYTES } from "../../config/limits.ts";
import { gateClient, limitsOf } from "../../gate/index.ts";
import { persist } from "../../ingest/index.ts";
import { networkOf } from "../../kernel/cidr.ts";
import { toHex } from "../../kernel/bytes.ts";
import { randomBytes } from "../../kernel/random.ts";
import { connectListener, countListeners } from "../../listen/index.ts";
import { FEED } from "../../live/index.ts";
import { releaseFirst } from "../../maintenance/index.ts";
import { boundBucket, bucketOf } from "../bucket.ts";
import { queueBinding, readBacklogs, sendLater, sendOn } from "../queues.ts";
import { ingest, ingestPorts } from "./ingest.ts";
import { certificateBinding, type Runtime } from "../runtime.ts";
import type { Principal } from "../../model/token.ts";
import { createSessions, fetchTextWith, remoteTexts } from "../../signing/index.ts";
import { endSession, hasEnded, refreshCopy } from "../../store/index.ts";
import { databaseOf, databasesOf } from "../databases.ts";
import { shardsOf } from "../shards.ts";
import { readerOverShards } from "./over-shards.ts";
import { partId } from "./replays-over-shards.ts";
import { consumerPorts } from "./consumer.ts";
import { releasePorts } from "./sweep.ts";
import { type ApiEnv, problemResponse } from "../../api/index.ts";

const apps = new WeakMap<Runtime, Hono<ApiEnv>>();
/** Requests of the dashboard for a person whom Cloudflare Access has signed in. */
const vouched = new WeakMap<Request, Principal>();

export function buildApp(runtime: Runtime): Hono<ApiEnv> {
  let app = apps.get(runtime);
  if (app === undefined) {
    const pages = dashboard(runtime, (request, principal) => {
      if (principal !== null) vouched.set(request, principal);
      return buildApp(runtime).fetch(request, runtime.env);
    });
    app = createApp({ ...appDeps(runtime), pages });
    apps.set(runtime, app);
  }
  return app;
}

/** @param call the whole app: the dashboard is a client of the API, in process */
function dashboard(
  { env, settings, log, now }: Runtime,
  call: (request: Request, principal: Principal | null) => Response | Promise<Response>,
): NonNullable<Parameters<typeof createApp>[0]["pages"]> {
  const app = createDashboard({
    call: async (request, principal) => call(request, principal),
    access: accessGate(settings.access, remoteTexts(fetchTextWith((input, init) => fetch(input, init))), now),
    // Without any secret the API is closed, so no one can sign in.
    sessions: createSessions(settings.masterKey ?? settings.adminToken ?? ""),
    endedSessions: {
      has: (id) => hasEnded(env.DB, id),
      add: ({ id, expires_at }) => endSession(env.DB, id, expires_at, now()),
    },
    watch: (request) => watchFeed(env, request),
    mayTryLogin: (address) => mayTry(env, address),
    randomText: () => toHex(randomBytes(16)),
    now,
    log,
  });
  return async (request, requestId) => app.fetch(request, { requestId });
}

const watchFeed = (env: Env, request: Request): Promise<Response> => env.LIVE_FEED.getByName(FEED).fetch(request);

/** Counts an attempt to sign in or a failed bearer. */
const mayTry = async (env: Env, address: string): Promise<boolean> =>
  (await env.LOGIN_ATTEMPTS.limit({ key: networkOf(address) })).success;

type AppDeps = Parameters<typeof createApp>[0];

function appDeps(runtime: Runtime): AppDeps {
  const { env, settings, log, ids, routes, now, vault } = runtime;
  const take: AppDeps["ingest"] = (request, requestId, ctx) =>
    ingest(request, runtime, ctx, (code, detail, headers) => problemResponse(code, detail, requestId, [], headers));
  return {
    vouchedFor: (request) => vouched.get(request) ?? null,
    db: env.DB,
    databases: () => databasesOf(env),
    databaseOf: (id) => databaseOf(env, id),
    bodies: bucketOf(env),
    mostBodyBytes: boundBucket(env) === undefined ? MAX_INLINE_BODY_BYTES : Infinity,
    record: readerOverShards(runtime),
    settings,
    resolve: runtime.urls.resolve,
    mayTry: (address) => mayTry(env, address),
    now,
    log,
    vault,
    learnedSecret: (source) => learnedSecret(runtime, source),
    publish: (sources, removed) => routes.publish(sources, removed),
    release: async (of) => {
      for (const shard of shardsOf(runtime).all) {
        if (shard !== runtime) await refreshCopy(env.DB, shard.env.DB);
        await releaseFirst(releasePorts(shard, runtime), of);
      }
    },
    reschedule: async (destination) => {
      const ports = consumerPorts(runtime);
      const { waitingPage, moveWaiting } = ports.records;
      await reschedule(rescheduleMessage(destination), { ...ports, waitingPage, moveWaiting });
      // Without a circuit nothing stays parked.
      await ports.sendReschedule(releaseMessage(destination), 0);
    },
    cancelWaiting: async (of, id) => {
      const { records, sendOn } = consumerPorts(runtime);
      await cancelWaiting(cancelMessage(of, id), { cancelPiece: (message) => records.cancelPiece(message), sendOn });
    },
    startReplay: async (id) => {
      for (const index of databasesOf(env).keys()) await sendOn(env, replayMessage(partId(id, index), 0), 0);
    },
    enqueue: (deliveries, lane) =>
      sendLater(
        env,
        deliveries.map((id) => ({ id, lane, delayMs: 0 })),
      ),
    mintEventId: ids.mint,
    completeEventId: ids.complete,
    persistEvent: async (event, slug) =>
      !(await runtime.intake.recordFull.refuses()) &&
      (await persist(event, slug, ingestPorts(runtime, { waitUntil: () => undefined }))) === "durable",
    callbackSecrets: runtime.callbackSecrets,
    provesEventId: ids.proves,
    hasQueue: (name) => queueBinding(env, name) !== null,
    hasCertificate: (name) => certificateBinding(env, name) !== null,
    notifyAlert: (alert, notice) => notifyNow(runtime, alert, notice),
    backlogs: () => readBacklogs(env),
    listen: (destinationId) => connectListener(env.LISTENERS, destinationId),
    countListeners: (destinationId) => countListeners(env.LISTENERS, destinationId),
    watch: (request) => watchFeed(env, request),
    inspectGate: (destination) => gateClient(env.DESTINATION_GATE).inspect(destination.id, limitsOf(destination)),
    receive: (request, requestId) => take(request, requestId, { waitUntil: () => undefined }),
    ingest: take,
  };
}
