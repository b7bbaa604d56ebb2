// Puts the real bindings behind the sweep. Wiring only.
import {
  OBJECT_PAGE_KEYS,
  OUTBOX_CHUNK,
  PENDING_PAGE_KEYS,
  PUBLISH_CHUNK,
  RESEAL_CHUNK_ROWS,
  SWEEP_CHUNK_ROWS,
} from "../../config/record-limits.ts";
import { recordPayload, replayMessage } from "../../delivery/index.ts";
import { type DatabasePorts, type SweepPorts, resealer, resealWhenDue } from "../../maintenance/index.ts";
import { FULL_MARK } from "../../model/watermarks.ts";
import { countListeners } from "../../listen/index.ts";
import { bodyEventId, bodyKey, idTime } from "../../model/ids.ts";
import { eachPart } from "../../record/index.ts";
import type { Vault } from "../../signing/index.ts";
import * as store from "../../store/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { sendEvents, sendLater, sendOn, sendPending, sendReschedule } from "../queues.ts";
import { callsLeft } from "../budget.ts";
import { boundBucket, bucketOf } from "../bucket.ts";
import type { Runtime } from "../runtime.ts";
import { databaseOf, databasesOf } from "../databases.ts";
import { shardsOf } from "../shards.ts";
import { watch } from "./alerts.ts";
import { publishRecordFull } from "../intake.ts";
import { consumerPorts } from "./consumer.ts";
import { partId } from "./replays-over-shards.ts";
import { ledgerPorts } from "./ledger.ts";
import { listPending } from "./pending.ts";

export function sweepPorts(runtime: Runtime): SweepPorts {
  const { env, settings, log, routes, now, vault } = runtime;
  const { all } = shardsOf(runtime);
  const databases = all.map((shard) => shard.env.DB);
  const own = databasePorts(runtime, runtime, 0);
  return {
    ...own,
    now,
    log,
    retentionMs: settings.retentionMs,
    auditRetentionMs: settings.auditRetentionMs,
    graceMs: settings.sweepGraceMs,
    // Only the bindings of the free plan count their calls.
    callsLeft: settings.plan === "free" ? callsLeft : () => Infinity,
    further: all.slice(1).map((shard, index) => ({
      ...databasePorts(shard, runtime, index + 1),
      copyConfig: () => store.copyConfig(env.DB, shard.env.DB),
    })),
    pending: {
      list: (after) => listPending(boundBucket(env), after, PENDING_PAGE_KEYS),
      send: (keys) => sendPending(env, keys),
      readMark: (name) => store.readMark(env.DB, name),
      writeMark: (name, at) => store.writeMark(env.DB, name, at),
    },
    retention: { ...own.retention, ...objectPorts(env, databases) },
    reseal: resealWhenDue(resealSecrets(env.DB, vault, log), {
      rotating: settings.oldMasterKeys.length > 0,
      now,
      readDue: () => store.readMark(env.DB, "reseal"),
      writeDue: (at) => store.writeMark(env.DB, "reseal", at),
    }),
    publishChanged: async () => {
      const changed = await store.unpublishedSources(env.DB, PUBLISH_CHUNK);
      await routes.publish(changed, []);
      return changed.length;
    },
    pruneRejections: (before) => store.pruneRejections(env.DB, before, SWEEP_CHUNK_ROWS),
    watchAlerts: () => watch(runtime),
  };
}

/**
 * @param main where the states of destinations are
 * @param index of the database, from 0
 */
function databasePorts(shard: Runtime, main: Runtime, index: number): DatabasePorts {
  const { env, settings, now } = shard;
  const consumer = consumerPorts(main);
  return {
    outbox: outboxPorts(shard, main),
    overdue: {
      isRecorded: async () => (await listPending(boundBucket(env), null, 1)).length === 0,
      ...queuePorts(main.env),
      readOverdueMark: () => store.readMark(env.DB, "overdue"),
      writeOverdueMark: (at) => store.writeMark(env.DB, "overdue", at),
      takeOverdue: (...position) => store.takeOverdue(env.DB, now(), ...position),
    },
    released: releasePorts(shard, main),
    parked: {
      ...queuePorts(main.env),
      parkedDestinations: () => store.parkedDestinations(env.DB, now()),
      states: () => readStates(main.env.DB),
      takeProbe: (destination) => store.takeProbe(env.DB, destination, now()),
      readMark: (name) => store.readMark(main.env.DB, name),
      writeMark: (name, at) => store.writeMark(main.env.DB, name, at),
      sendReschedule: (message, delayMs) => sendReschedule(main.env, message, delayMs),
    },
    retention: {
      pruneDeliveries: (before, after) => store.pruneDeliveries(env.DB, before, after),
      pruneEvents: (before, after) => store.pruneEvents(env.DB, before, after),
      readMark: (name) => store.readMark(env.DB, name),
      writeMark: (name, at) => store.writeMark(env.DB, name, at),
      pruneSegments: (before) => store.pruneSegments(env.DB, before),
      deleteObjects: (keys) => bucketOf(env).delete([...keys]),
    },
    watermarks: {
      watermarks: settings.watermarks,
      databaseBytes: () => store.databaseBytes(env.DB),
      shedChunk: (before, after) => store.shedChunk(env.DB, before, after),
      readMark: (name) => store.readMark(env.DB, name),
      writeMark: (name, at) => store.writeMark(env.DB, name, at),
      deleteObjects: (keys) => bucketOf(env).delete([...keys]),
      // Ingest refuses for as long as any of the databases is full: events of all times come to all of them.
      publishFull: async (isFull) => {
        const others = databasesOf(main.env).filter((db) => db !== env.DB);
        const marks = await Promise.all(others.map((db) => store.readMark(db, FULL_MARK)));
        await publishRecordFull(env, isFull || marks.some((mark) => mark !== null));
      },
    },
    ledger: ledgerPorts(env.DB, now, consumer, shard.record.reader),
    restartReplays: async () => {
      const stalled = await store.stalledReplays(env.DB, now() - settings.sweepGraceMs, now());
      for (const { id, step } of stalled) await sendOn(env, replayMessage(partId(id, index), step), 0);
      return stalled.length;
    },
    pruneReplays: (before) => store.pruneReplays(env.DB, before),
    rollUpCounters: () => store.rollUp(env.DB, now()),
    pruneCounters: () => store.pruneCounters(env.DB, now(), SWEEP_CHUNK_ROWS),
    closeIssues: () => store.closeIssues(env.DB, now()),
    pruneIssues: (before) => store.pruneIssues(env.DB, before),
    pruneAudit: (before) => store.pruneAudit(env.DB, before, SWEEP_CHUNK_ROWS),
    pruneKeys: (answersBefore, interruptionsBefore) => store.pruneKeys(env.DB, answersBefore, interruptionsBefore),
  };
}

type ObjectPorts = Pick<SweepPorts["retention"], "listKeys" | "namedEvents" | "oldestSegmentAt" | "namedPayloads">;

const objectPorts = (env: Env, databases: readonly D1Database[]): ObjectPorts => ({
  listKeys: async (startAfter) =>
    (await bucketOf(env).list({ startAfter, limit: OBJECT_PAGE_KEYS })).objects.map(({ key }) => key),
  namedEvents: async (ids) => {
    const named = await eachPart(ids, (id) => databaseOf(env, id), store.namedEvents);
    return new Set(named.flatMap((events) => [...events]));
  },
  oldestSegmentAt: async () => {
    const oldest = await Promise.all(databases.map(store.oldestSegmentAt));
    return least(oldest);
  },
  namedPayloads: async (...of) => {
    const chunks = await Promise.all(databases.map((db) => store.namedPayloads(db, ...of)));
    // The next chunk examines again what some of them have examined beyond it.
    return { keys: chunks.flatMap(({ keys }) => keys), next: least(chunks.map(({ next }) => next)) };
  },
});

const least = <T extends string | number>(values: readonly (T | null)[]): T | null =>
  values.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);

const readStates = async (db: D1Database) => store.statesById((await store.statesStatement(db).all()).results);

const queuePorts = (env: Env): Pick<SweepPorts["overdue"], "slowDestinations" | "sendLater"> => ({
  slowDestinations: async () => {
    const states = await readStates(env.DB);
    return new Set([...states.values()].filter(({ lane }) => lane === "slow").map((state) => state.destination_id));
  },
  sendLater: (messages) => sendLater(env, messages),
});

const isListenedTo = ({ env }: Runtime, destinationId: string): Promise<boolean> =>
  countListeners(env.LISTENERS, destinationId).then(
    (count) => count > 0,
    () => false,
  );

/** @param main where the states of destinations are */
export const releasePorts = ({ env, now }: Runtime, main: Runtime): SweepPorts["released"] => ({
  ...queuePorts(main.env),
  releasableDestinations: async (of) => {
    const found = await store.releasableDestinations(env.DB, of);
    // Without a listener they would only be held again.
    const ready = await Promise.all(
      found.map(async ({ id, isListener }) => !isListener || (await isListenedTo(main, id))),
    );
    return found.filter((_, index) => ready[index] === true).map(({ id }) => id);
  },
  takeReleased: (...position) => store.takeReleased(env.DB, now(), ...position),
});

function outboxPorts({ env, settings, now }: Runtime, main: Runtime): SweepPorts["outbox"] {
  const consumer = consumerPorts(main);
  return {
    take: (after) => store.takeOutbox(env.DB, now(), settings.outboxVisibilityMs, after, OUTBOX_CHUNK),
    putBack: (ids) => store.putBackOutbox(env.DB, ids, now()),
    send: (messages) => sendEvents(env, messages),
    storeBody: async (id, bytes) => {
      const key = bodyKey(id);
      await bucketOf(env).put(key, bytes);
      return { kind: "r2", key };
    },
    deadLetter: async (id, payload) => {
      await recordPayload(id, idTime(id), payload, consumer);
      await store.deleteFromOutbox(env.DB, id);
    },
    listR2: (cursor) => store.listR2Outbox(bucketOf(env), cursor, OUTBOX_CHUNK),
    readR2: (key) => store.readR2Entry(bucketOf(env), key),
    journal: async (entries) => {
      const byDatabase = Map.groupBy(entries, ({ event }) => databaseOf(main.env, event.id));
      for (const [db, own] of byDatabase) await store.journalInD1(db, own, now());
    },
    forgetR2: (ids) => store.forgetInR2(bucketOf(env), ids),
    deadLetterR2: async (key, payload) => {
      await recordPayload(key, idTime(bodyEventId(key) ?? ""), payload, consumer);
      await bucketOf(env).delete(key);
    },
  };
}

/** Seals the secrets of the whole configuration under the current master key, a chunk at each call. */
export const resealSecrets = (db: D1Database, vault: Vault, log: Logger): (() => Promise<number>) =>
  resealer({
    kinds: store.SEALED_KINDS,
    sealedByOthers: (kind, keyId, after) => store.sealedByOthers(db, kind, keyId, after, RESEAL_CHUNK_ROWS),
    put: (record: store.SealedRecord, spec) => store.putResealed(db, record, spec),
    vault,
    log,
  });
