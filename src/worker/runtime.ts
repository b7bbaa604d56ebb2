// The composition root: puts the real bindings behind the ports of the use-cases. One per isolate; wiring only.
import { bookPorts } from "./ports/ledger.ts";
import { watch } from "./ports/alerts.ts";
import { readSettings, type Settings } from "../config/env.ts";
import { DEDUPE_CONSUMER_WAIT_MS, SWEEP_CHUNK_ROWS } from "../config/limits.ts";
import { candidateOf } from "../dedupe/index.ts";
import type { ConsumerPorts, UrlPorts } from "../delivery/index.ts";
import { httpSender, replayMessage, urlPorts } from "../delivery/index.ts";
import { collectorClient, gateClient } from "../gate/index.ts";
import { createIntake, type Intake } from "./ports/ingest.ts";
import { sleep, systemClock, type Clock } from "../kernel/clock.ts";
import { randomBytes, systemRandom } from "../kernel/random.ts";
import { createNotifier, FEED, type Notifier } from "../live/index.ts";
import { OUTBOX_CHUNK, type SweepPorts } from "../maintenance/index.ts";
import type { RouteDocument } from "../model/route.ts";
import { probe } from "../outbound/probe.ts";
import { sendEvent, sendFlush, sendLater, sendOn, sendRecord, sendRetime } from "./queues.ts";
import { resealer } from "../maintenance/reseal.ts";
import { RouteReader } from "../routing/index.ts";
import { tokenClient, type AccessToken } from "../oauth/index.ts";
import {
  callbackSecrets,
  createVault,
  eventIds,
  workerBinding,
  workerSecret,
  type EventIds,
  type Vault,
} from "../signing/index.ts";
import * as store from "../store/index.ts";
import { createLogger, describeError, type Logger } from "../telemetry/index.ts";

export interface Runtime {
  readonly env: Env;
  readonly settings: Settings;
  readonly log: Logger;
  readonly ids: EventIds;
  readonly routes: RouteReader;
  readonly urls: UrlPorts;
  readonly now: Clock;
  readonly vault: Vault;
  readonly accessToken: AccessToken;
  readonly intake: Intake;
  readonly live: Notifier;
  /** What callbacks are signed with. */
  readonly callbackSecrets: () => Promise<readonly string[]>;
}

/** KV wants at least 30 s here; ingest's own memory is fresher. */
const KV_CACHE_SECONDS = 30;
const kvKey = (slug: string): string => `route/${slug}`;

let runtime: Runtime | null = null;

/** This isolate's runtime: route documents stay in memory between requests. */
export function runtimeOf(env: Env): Runtime {
  if (runtime?.env !== env) runtime = createRuntime(env);
  return runtime;
}

export function createRuntime(env: Env, now: Clock = systemClock): Runtime {
  const settings = readSettings(env);
  const log = createLogger(settings.logLevel);
  const routes = new RouteReader(
    {
      readCache: async (slug) => {
        const kept = await env.ROUTES.get<RouteDocument>(kvKey(slug), { type: "json", cacheTtl: KV_CACHE_SECONDS });
        return kept === null ? null : store.renewDocument(kept);
      },
      writeCache: (slug, document) => env.ROUTES.put(kvKey(slug), JSON.stringify(document)),
      dropCache: (slug) => env.ROUTES.delete(kvKey(slug)),
      compile: (by) => store.compileRoutes(env.DB, by),
      markPublished: (documents) => store.markPublished(env.DB, documents),
    },
    now,
  );
  // Without any secret the management API is shut, so ids prove nothing to nobody.
  const ids = eventIds(settings.masterKey ?? settings.adminToken ?? "", settings.oldMasterKeys);
  const vault = createVault({ ...settings, randomBytes, secretNamed: (name) => workerSecret(env, name) });
  const live = createNotifier(
    () => env.LIVE_FEED.getByName(FEED).notify(),
    now,
    (error) => log.error("live feed unreachable", { error: describeError(error) }),
  );
  const urls = urlPorts(settings, (input, init) => fetch(input, init), now);
  return {
    env,
    settings,
    log,
    live,
    ids,
    routes,
    urls,
    now,
    vault,
    accessToken: tokenClient(env.OAUTH_TOKENS, now),
    intake: createIntake(env, settings, urls, log, now),
    callbackSecrets: callbackSecrets(settings),
  };
}

/** The `fetch` of an mTLS certificate binding; null when there is none of this name. */
export function certificateBinding(env: Env, name: string): typeof fetch | null {
  const value = workerBinding(env, name);
  if (typeof value !== "object" || value === null || !("fetch" in value) || typeof value.fetch !== "function")
    return null;
  const certificate = value as Fetcher;
  return (input, init) => certificate.fetch(input, init);
}

export function consumerPorts({
  env,
  log,
  ids,
  routes,
  urls,
  intake,
  live,
  now,
  vault,
  accessToken,
  callbackSecrets,
}: Runtime): ConsumerPorts {
  const readStored = async (key: string): Promise<ReadableStream<Uint8Array> | null> =>
    (await env.BODIES.get(key))?.body ?? null;
  return {
    now,
    random: systemRandom,
    sleep,
    gate: gateClient(env.DESTINATION_GATE),
    collector: collectorClient(env.DESTINATION_GATE),
    send: httpSender({ fetch: (input, init) => fetch(input, init), readStored, probe, now }),
    urls,
    readStored,
    openSecrets: vault.openSecrets,
    certificate: (name) => certificateBinding(env, name),
    accessToken,
    callbackSecrets,
    log,
    records: {
      readContext: async (events, sources, destinations) => {
        const context = await store.readBatchContext(env.DB, events, sources, destinations);
        live.learn(context.watched_until);
        return context;
      },
      write: async (writes) => {
        await store.withRetries(() => store.write(env.DB, writes, now()), sleep);
        await live.changed();
      },
      takeDue: async (due, holdMs) => {
        const taken = await store.takeDue(env.DB, due, now(), holdMs);
        live.learn(taken.watched_until);
        return taken;
      },
      waitingPage: (destination, from, limit) => store.waitingPage(env.DB, destination, from, now(), limit),
      moveWaiting: (times) => store.moveWaiting(env.DB, times, now()),
      cancelPiece: (message) => store.cancelPiece(env.DB, message, now()),
      buryDue: (due, word) => store.buryDue(env.DB, due, now(), word),
    },
    readBody: async (key) => {
      const stored = await env.BODIES.get(key);
      return stored === null ? null : await stored.bytes();
    },
    sendLater: (messages) => sendLater(env, messages),
    replays: {
      readRun: (id) => store.readRun(env.DB, id),
      candidates: (run, after, limit) => store.candidates(env.DB, run, after, limit),
      stillWaits: (run) => store.stillWaits(env.DB, run),
      takePiece: (run, piece) => store.takePiece(env.DB, run, piece, now()),
      putOff: (run, until) => store.putOff(env.DB, run, until),
    },
    sendOn: (message, delayMs) => sendOn(env, message, delayMs),
    sendRecord: (message) => sendRecord(env, message),
    sendFlush: (message, lane, delayMs) => sendFlush(env, message, lane, delayMs),
    sendRetime: (message, delayMs) => sendRetime(env, message, delayMs),
    forgetJournal: (events) => store.forgetInR2(env.BODIES, events),
    routes: (sources, versions) => routes.forBatch(sources, versions),
    firstEvents: (events) =>
      intake.firstEvents(
        events.flatMap((event) => candidateOf(event) ?? []),
        DEDUPE_CONSUMER_WAIT_MS,
      ),
    completeId: ids.complete,
  };
}

export function sweepPorts(runtime: Runtime): SweepPorts {
  const { env, settings, log, routes, now, vault } = runtime;
  const resend = (journal: "d1" | "r2") => (entry: store.OutboxEntry) =>
    sendEvent(env, { v: 1, kind: "event", ...entry, journal });
  return {
    now,
    log,
    retentionMs: settings.retentionMs,
    auditRetentionMs: settings.auditRetentionMs,
    graceMs: settings.sweepGraceMs,
    drainOutbox: async () => {
      const entries = await store.takeOutbox(env.DB, now(), settings.outboxVisibilityMs, OUTBOX_CHUNK);
      for (const entry of entries) await resend("d1")(entry);
      return entries.length;
    },
    drainR2Outbox: async () => {
      const entries = await store.listR2Outbox(env.BODIES, OUTBOX_CHUNK);
      for (const entry of entries) {
        await store.journalInD1(env.DB, entry, 0);
        await store.forgetInR2(env.BODIES, [entry.event.id]);
      }
      return entries.length;
    },
    takeOverdue: (graceMs, repeatMs) => store.takeOverdue(env.DB, now(), graceMs, repeatMs),
    takeReleased: () => store.takeReleased(env.DB, now()),
    slowDestinations: async () => {
      const states = store.statesById((await store.statesStatement(env.DB).all()).results);
      return new Set(
        [...states.values()].filter((state) => state.lane === "slow").map((state) => state.destination_id),
      );
    },
    sendLater: (messages) => sendLater(env, messages),
    reseal: settings.oldMasterKeys.length > 0 ? resealer(env.DB, vault, log) : null,
    publishChanged: async () => {
      const changed = await store.unpublishedSources(env.DB, 50);
      await routes.publish(changed, []);
      return changed.length;
    },
    restartReplays: async () => {
      const stalled = await store.stalledReplays(env.DB, now() - settings.sweepGraceMs, now());
      for (const { id, step } of stalled) await sendOn(env, replayMessage(id, step), 0);
      return stalled.length;
    },
    pruneReplays: (before) => store.pruneReplays(env.DB, before),
    prune: async (before) => {
      const { bodyKeys, rows } = await store.prune(env.DB, before);
      if (bodyKeys.length > 0) await env.BODIES.delete(bodyKeys);
      return rows;
    },
    pruneRejections: (before) => store.pruneRejections(env.DB, before, SWEEP_CHUNK_ROWS),
    books: bookPorts(env.DB, now, consumerPorts(runtime)),
    rollUpCounters: () => store.rollUp(env.DB, now()),
    pruneCounters: () => store.pruneCounters(env.DB, now(), SWEEP_CHUNK_ROWS),
    pruneAudit: (before) => store.pruneAudit(env.DB, before, SWEEP_CHUNK_ROWS),
    watchAlerts: () => watch(runtime),
    pruneIdempotencyKeys: (before) => store.pruneIdempotencyKeys(env.DB, before),
  };
}
