import * as store from "../store/index.ts";
import type { Settings } from "../config/env.ts";
import {
  KV_CACHE_SECONDS,
  LIMITER_WAIT_MS,
  MAX_DISCARDED_SENDERS,
  MAX_HELD_BODY_BYTES,
  RECORD_FULL_KEPT_SECONDS,
} from "../config/limits.ts";
import { claimAt, firstEvents, type Candidate } from "../dedupe/index.ts";
import {
  type AnswerWhileSending,
  answeringWhileSending,
  BodyBudget,
  IntakeMeter,
  RecordFull,
  RefusalLog,
  RejectionTally,
  SourceLimiter,
  SpillBudget,
} from "../ingest/index.ts";
import { sleep, within, type Clock } from "../kernel/clock.ts";
import type { EventId } from "../model/ids.ts";
import { fetchTextWith, remoteTexts, type RemoteTexts } from "../signing/index.ts";
import { describeError, type Logger } from "../telemetry/index.ts";
import { checkUrl, type UrlPorts } from "../outbound/index.ts";
import { eachPart } from "../record/index.ts";
import { databaseOf } from "./databases.ts";

// The state that an isolate keeps between requests for ingest: limits, refusals, keys of senders. Wiring only.

/** The state that an isolate keeps between requests. */
export interface Intake {
  /** See `dedupe/client.ts`. What the index does not answer in time is missing. */
  readonly firstEvents: (candidates: readonly Candidate[], waitMs: number) => Promise<ReadonlyMap<EventId, EventId>>;
  readonly rejections: RejectionTally;
  readonly refusals: RefusalLog;
  readonly meter: IntakeMeter;
  readonly recordFull: RecordFull;
  readonly spill: SpillBudget;
  readonly limiter: SourceLimiter;
  readonly bodyBudget: BodyBudget;
  readonly answerWhileSending: AnswerWhileSending;
  /** Certificates and key sets of senders. */
  readonly remote: RemoteTexts;
}

const RECORD_FULL = "record/full";

/** The word lapses by itself, so that a sweep which does not run refuses nothing. */
export const publishRecordFull = ({ ROUTES }: Pick<Env, "ROUTES">, isFull: boolean): Promise<void> =>
  isFull ? ROUTES.put(RECORD_FULL, "1", { expirationTtl: RECORD_FULL_KEPT_SECONDS }) : ROUTES.delete(RECORD_FULL);

export function createIntake(env: Env, settings: Settings, urls: UrlPorts, log: Logger, now: Clock): Intake {
  const claim = claimAt(env.DEDUPE_INDEX);
  const report = (what: string) => (error: unknown) => log.error(what, { error: describeError(error) });
  return {
    firstEvents: (candidates, waitMs) =>
      firstEvents(candidates, {
        claim: (...request) => within(waitMs, claim(...request)),
        deadAmong: (events) => within(waitMs, deadAmong(env, events)),
        report: report("dedupe index unreachable"),
      }),
    remote: remoteTexts(
      fetchTextWith(async (input, init) => {
        // The URL of a key set is configured by a user and must not lead to a private network.
        const safe = await checkUrl(input instanceof Request ? input.url : String(input), urls);
        if (!safe.ok) throw new Error("the URL of the keys is not allowed");
        return fetch(input, init);
      }),
    ),
    bodyBudget: new BodyBudget(MAX_HELD_BODY_BYTES),
    answerWhileSending: answeringWhileSending(MAX_DISCARDED_SENDERS),
    meter: new IntakeMeter(settings.backpressureShare),
    recordFull: new RecordFull(
      now,
      async () => (await within(LIMITER_WAIT_MS, env.ROUTES.get(RECORD_FULL, { cacheTtl: KV_CACHE_SECONDS }))) !== null,
      report("record's level unreadable"),
    ),
    spill: new SpillBudget(),
    limiter: new SourceLimiter({
      now,
      lease: (source, limit, wanted) =>
        within(LIMITER_WAIT_MS, Promise.resolve(env.SOURCE_LIMIT.getByName(source).lease(limit, wanted))),
      report: report("source limit unreachable"),
    }),
    refusals: new RefusalLog({ now, info: log.info }),
    rejections: new RejectionTally({
      now,
      sleep,
      write: async (counts, samples) => void (await store.addRejections(env.DB, counts, samples, now())),
      report: (what, error) => log.error("ingest", { step: what, error: describeError(error) }),
    }),
  };
}

async function deadAmong(env: Env, events: readonly EventId[]): Promise<Set<string>> {
  const dead = await eachPart(events, (id) => databaseOf(env, id), store.deadAmong);
  return new Set(dead.flatMap((ids) => [...ids]));
}
