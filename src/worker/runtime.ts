// The composition root: puts the real bindings behind the ports of the use-cases. One per isolate; wiring only.
import { KV_CACHE_SECONDS, TOMBSTONE_SECONDS } from "../config/limits.ts";
import { readSettings, type Settings } from "../config/env.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { AnswerTimes } from "../delivery/index.ts";
import { randomBytes } from "../kernel/random.ts";
import { createNotifier, FEED, type Notifier } from "../live/index.ts";
import type { StoredDocument } from "../model/route.ts";
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
import { createIntake, type Intake } from "./intake.ts";
import { meteredEnv, meteredFetch } from "./budget.ts";
import { recordPorts, type RecordPorts } from "./ports/record.ts";
import { type UrlPorts, urlPorts } from "../outbound/index.ts";

export interface Runtime {
  readonly env: Env;
  readonly settings: Settings;
  readonly log: Logger;
  readonly ids: EventIds;
  readonly routes: RouteReader;
  readonly urls: UrlPorts;
  /** Counted on the free plan. */
  readonly fetch: typeof fetch;
  readonly now: Clock;
  readonly vault: Vault;
  readonly accessToken: AccessToken;
  readonly intake: Intake;
  readonly live: Notifier;
  /** The secrets that sign callbacks. */
  readonly callbackSecrets: () => Promise<readonly string[]>;
  readonly answerTimes: AnswerTimes;
  readonly record: RecordPorts;
}

const plainFetch: typeof fetch = (input, init) => fetch(input, init);

/** In the place of a route document: its source was deleted or renamed. */
interface Tombstone {
  readonly deleted: true;
}
const kvKey = (slug: string): string => `route/${slug}`;

let isolate: { readonly env: Env; readonly runtime: Runtime } | null = null;

/** This isolate's runtime: route documents stay in memory between requests. */
export function isolateRuntime(env: Env): Runtime {
  if (isolate?.env !== env) isolate = { env, runtime: createRuntime(env) };
  return isolate.runtime;
}

export function createRuntime(given: Env, now: Clock = systemClock): Runtime {
  const settings = readSettings(given);
  const [env, fetcher] = settings.plan === "free" ? [meteredEnv(given), meteredFetch] : [given, plainFetch];
  const log = createLogger(settings.logLevel);
  const routes = new RouteReader(
    {
      readCache: async (slug) => {
        const entry = await env.ROUTES.get<StoredDocument | Tombstone>(kvKey(slug), {
          type: "json",
          cacheTtl: KV_CACHE_SECONDS,
        });
        return entry !== null && "deleted" in entry ? "deleted" : entry;
      },
      writeCache: (slug, document) => env.ROUTES.put(kvKey(slug), JSON.stringify(document)),
      writeTombstone: (slug) =>
        env.ROUTES.put(kvKey(slug), JSON.stringify({ deleted: true } satisfies Tombstone), {
          expirationTtl: TOMBSTONE_SECONDS,
        }),
      compile: (by) => store.compileRoutes(env.DB, by),
      markPublished: (documents) => store.markPublished(env.DB, documents),
      report: (what, error) => log.error(what, { error: describeError(error) }),
    },
    now,
  );
  // Without any secret event ids can be forged, but then the management API, which checks them, is closed.
  const ids = eventIds(settings.masterKey ?? settings.adminToken ?? "", settings.oldMasterKeys);
  const vault = createVault({ ...settings, randomBytes, secretNamed: (name) => workerSecret(env, name) });
  const live = createNotifier(
    () => env.LIVE_FEED.getByName(FEED).notify(),
    now,
    (error) => log.error("live feed unreachable", { error: describeError(error) }),
  );
  const urls = urlPorts(settings, fetcher, now);
  return {
    env,
    settings,
    log,
    live,
    ids,
    routes,
    urls,
    fetch: fetcher,
    now,
    vault,
    accessToken: tokenClient(env.OAUTH_TOKENS, now),
    intake: createIntake(env, settings, urls, log, now),
    answerTimes: new AnswerTimes(),
    record: recordPorts(env, settings.watermarks, log, now),
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
