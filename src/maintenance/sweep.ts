// The sweep: deliveries that are due and not in flight go back to their queue, events of the outbox too, expired records are removed. Each job
// stands alone: it has a time budget of its own, one that fails is logged, and one that is not finished goes on at the next sweep.
import { SWEEP_BUDGETS_MS, SWEEP_CHUNK_ROWS } from "../config/record-limits.ts";
import { DAY_MS } from "../kernel/durations.ts";
import type { Clock } from "../kernel/clock.ts";
import { describeError, type Logger } from "../telemetry/index.ts";
import { checkLedger, type LedgerPorts } from "./ledger.ts";
import { drainOutbox, emptyR2Outbox, type OutboxPorts } from "./outbox.ts";
import { sendPending, type PendingPorts } from "./pending.ts";
import { releaseHeld, requeueOverdue, type OverduePorts, type ReleasePorts } from "./requeue.ts";
import { removeOrphans, type ObjectPorts } from "./orphans.ts";
import { pruneRecords, type RetentionPorts } from "./retention.ts";
import { shedHistory, type WatermarkPorts } from "./watermarks.ts";

/** Each `prune…` removes a chunk of what is older than `before` and returns how many rows. */
export interface SweepPorts {
  readonly now: Clock;
  readonly log: Logger;
  readonly retentionMs: number;
  readonly auditRetentionMs: number;
  readonly graceMs: number;
  readonly pending: PendingPorts;
  readonly outbox: Omit<OutboxPorts, "log">;
  readonly overdue: OverduePorts;
  readonly released: ReleasePorts;
  readonly retention: Omit<RetentionPorts & ObjectPorts, "now" | "retentionMs">;
  readonly watermarks: Omit<WatermarkPorts, "now" | "log">;
  readonly ledger: Omit<LedgerPorts, "now" | "log" | "retentionMs">;
  /** Seals a chunk of secrets again under the current key; how many records. */
  readonly reseal: () => Promise<number>;
  /** Publishes route documents that have changed since they were published; how many. */
  readonly publishChanged: () => Promise<number>;
  /** Continues bulk replays whose next step has lost its message; how many. */
  readonly restartReplays: () => Promise<number>;
  readonly pruneReplays: (before: number) => Promise<number>;
  readonly pruneRejections: (before: number) => Promise<number>;
  readonly pruneAudit: (before: number) => Promise<number>;
  readonly pruneKeys: (answersBefore: number, interruptionsBefore: number) => Promise<number>;
  /** Rolls up the counters of hours and days that have ended; returns how many. */
  readonly rollUpCounters: () => Promise<number>;
  readonly pruneCounters: () => Promise<number>;
  /** Checks all alerts; how many notifications were sent. */
  readonly watchAlerts: () => Promise<number>;
}

type Job = keyof typeof SWEEP_BUDGETS_MS;

export async function sweep(ports: SweepPorts): Promise<void> {
  const { now, log } = ports;
  const startedAt = now();
  const counts: Partial<Record<Job, number>> = {};
  for (const [name, chunks] of jobs(ports, startedAt)) {
    const deadline = now() + SWEEP_BUDGETS_MS[name];
    try {
      for await (const count of chunks) {
        counts[name] = (counts[name] ?? 0) + count;
        if (now() >= deadline) break;
      }
    } catch (error) {
      log.error("sweep job failed", { job: name, error: describeError(error) });
    }
  }
  if (Object.values(counts).some((count) => count > 0))
    log.info("sweep", { ...counts, duration_ms: now() - startedAt });
}

/** Each job yields its progress after each chunk, and can be stopped there. */
function jobs(ports: SweepPorts, startedAt: number): readonly (readonly [Job, AsyncIterable<number>])[] {
  const expired = startedAt - ports.retentionMs;
  const outbox = { ...ports.outbox, log: ports.log };
  const retention = { ...ports.retention, now: ports.now, retentionMs: ports.retentionMs };
  return [
    // Before the outbox: an event that is in both is not sent to its destinations again.
    ["pending", sendPending(ports.pending, startedAt)],
    ["outbox_r2", emptyR2Outbox(outbox)],
    ["outbox", drainOutbox(outbox)],
    ["resealed", repeat(ports.reseal, 1)],
    ["published", repeat(ports.publishChanged, Infinity)],
    ["released", releaseHeld(ports.released)],
    ["overdue", requeueOverdue(ports.overdue, ports.graceMs)],
    ["replays", repeat(ports.restartReplays, Infinity)],
    ["ledger", repeat(() => checkLedger({ ...ports, ...ports.ledger }), Infinity)],
    ["rolled_up", repeat(ports.rollUpCounters, 1)],
    // After the jobs that repair what it checks.
    ["alerts", repeat(ports.watchAlerts, Infinity)],
    ["pruned", pruneRecords(retention)],
    // After what is past retention has gone by itself.
    ["shed", shedHistory({ ...ports.watermarks, now: ports.now, log: ports.log })],
    ["rejections", repeat(() => ports.pruneRejections(expired))],
    ["counters", repeat(ports.pruneCounters)],
    ["audit", repeat(() => ports.pruneAudit(startedAt - ports.auditRetentionMs))],
    ["replays_gone", repeat(() => ports.pruneReplays(expired), Infinity)],
    ["keys", repeat(() => ports.pruneKeys(startedAt - DAY_MS, expired), Infinity)],
    ["orphans", removeOrphans(retention)],
  ];
}

/** Repeats a chunk until it does less than a full one. */
async function* repeat(chunk: () => Promise<number>, full = SWEEP_CHUNK_ROWS): AsyncGenerator<number> {
  let count: number;
  do {
    count = await chunk();
    yield count;
  } while (count >= full);
}
