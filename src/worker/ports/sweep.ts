import * as store from "../../store/index.ts";
import { ledgerPorts } from "./ledger.ts";
import { watch } from "./alerts.ts";
import { OUTBOX_CHUNK, RESEAL_CHUNK_ROWS, SWEEP_CHUNK_ROWS } from "../../config/limits.ts";
import { replayMessage } from "../../delivery/index.ts";
import { type SweepPorts, resealer, resealWhenDue } from "../../maintenance/index.ts";
import { sendEvent, sendLater, sendOn } from "../queues.ts";
import { consumerPorts } from "./consumer.ts";
import type { Runtime } from "../runtime.ts";
import type { Vault } from "../../signing/index.ts";
import type { Logger } from "../../telemetry/index.ts";

// Puts the real bindings behind the sweep. Wiring only.

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
    reseal: resealWhenDue(resealSecrets(env.DB, vault, log), {
      rotating: settings.oldMasterKeys.length > 0,
      now,
      readDue: () => store.readMark(env.DB, "reseal"),
      writeDue: (at) => store.writeMark(env.DB, "reseal", at),
    }),
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
    ledger: ledgerPorts(env.DB, now, consumerPorts(runtime)),
    rollUpCounters: () => store.rollUp(env.DB, now()),
    pruneCounters: () => store.pruneCounters(env.DB, now(), SWEEP_CHUNK_ROWS),
    pruneAudit: (before) => store.pruneAudit(env.DB, before, SWEEP_CHUNK_ROWS),
    watchAlerts: () => watch(runtime),
    pruneIdempotencyKeys: (before) => store.pruneIdempotencyKeys(env.DB, before),
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
