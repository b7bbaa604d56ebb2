// The sweep: deliveries that are due and not in flight go back to their queue, events of the outbox too, expired records are removed. Each job
// stands alone: it has a time budget of its own, one that fails is logged, and one that is not finished goes on at the next sweep.
import { SWEEP_BUDGETS_MS, SWEEP_CHUNK_CALLS, SWEEP_CHUNK_ROWS, SWEEP_JOB_CALLS } from "../config/record-limits.ts";
import { DAY_MS, MINUTE_MS } from "../kernel/durations.ts";
import type { Clock } from "../kernel/clock.ts";
import { isTooManySubrequests } from "../kernel/subrequests.ts";
import { describeError, type Logger } from "../telemetry/index.ts";
import { checkLedger, type LedgerPorts } from "./ledger.ts";
import { drainOutbox, emptyR2Outbox, type OutboxPorts } from "./outbox.ts";
import { sendPending, type PendingPorts } from "./pending.ts";
import { watchParked, type ParkedPorts } from "./parked.ts";
import { releaseHeld, requeueOverdue, type OverduePorts, type ReleasePorts } from "./requeue.ts";
import { removeOrphans, type ObjectPorts } from "./orphans.ts";
import { pruneRecords, type RetentionPorts } from "./retention.ts";
import { shedHistory, type WatermarkPorts } from "./watermarks.ts";

/** The jobs of one database of the record. Each `prune…` removes a chunk of rows older than `before` and returns their number. */
export interface DatabasePorts {
  readonly outbox: Omit<OutboxPorts, "log">;
  readonly overdue: OverduePorts;
  readonly released: ReleasePorts;
  readonly parked: ParkedPorts;
  readonly retention: Omit<RetentionPorts, "now" | "retentionMs">;
  readonly watermarks: Omit<WatermarkPorts, "now" | "log">;
  readonly ledger: Omit<LedgerPorts, "now" | "log" | "retentionMs">;
  /** Continues bulk replays whose next step has lost its message; how many. */
  readonly restartReplays: () => Promise<number>;
  readonly pruneReplays: (before: number) => Promise<number>;
  readonly pruneAudit: (before: number) => Promise<number>;
  readonly pruneKeys: (answersBefore: number, interruptionsBefore: number) => Promise<number>;
  /** Rolls up the counters of hours and days that have ended; returns how many. */
  readonly rollUpCounters: () => Promise<number>;
  readonly pruneCounters: () => Promise<number>;
  /** Closes issues that are over; how many. */
  readonly closeIssues: () => Promise<number>;
  readonly pruneIssues: (before: number) => Promise<number>;
}

/** Of the first database, and of the deployment as a whole. */
export interface SweepPorts extends DatabasePorts {
  readonly now: Clock;
  readonly log: Logger;
  readonly retentionMs: number;
  readonly auditRetentionMs: number;
  readonly graceMs: number;
  /** How many calls this invocation may still make; Infinity without a limit. */
  readonly callsLeft: () => number;
  /** Empty for most: each further database, with the copy of the configuration that it gets; how many records have changed. */
  readonly further: readonly (DatabasePorts & { readonly copyConfig: () => Promise<number> })[];
  readonly pending: PendingPorts;
  /** Objects of R2 are named by any of the databases. */
  readonly retention: Omit<RetentionPorts & ObjectPorts, "now" | "retentionMs">;
  /** Seals a chunk of secrets again under the current key; how many records. */
  readonly reseal: () => Promise<number>;
  /** Publishes route documents that have changed since they were published; how many. */
  readonly publishChanged: () => Promise<number>;
  readonly pruneRejections: (before: number) => Promise<number>;
  /** Checks all alerts; how many notifications were sent. */
  readonly watchAlerts: () => Promise<number>;
}

type Job = keyof typeof SWEEP_BUDGETS_MS;

export async function sweep(ports: SweepPorts): Promise<void> {
  const { now, log, callsLeft } = ports;
  const startedAt = now();
  const counts: Partial<Record<Job, number>> = {};
  const all = inTurn(jobs(ports, startedAt), startedAt, callsLeft());
  for (const [name, chunks] of all) {
    // Databases share the time, so that a sweep ends before the next one begins.
    const deadline = now() + SWEEP_BUDGETS_MS[name] / all.filter(([other]) => other === name).length;
    const before = callsLeft();
    if (before < SWEEP_CHUNK_CALLS) break;
    try {
      for await (const count of chunks) {
        counts[name] = (counts[name] ?? 0) + count;
        if (now() >= deadline || callsLeft() < Math.max(SWEEP_CHUNK_CALLS, before - SWEEP_JOB_CALLS)) break;
      }
    } catch (error) {
      // The chunk was longer than what was left. It comes first in a later sweep.
      if (!isTooManySubrequests(error)) log.error("sweep job failed", { job: name, error: describeError(error) });
    }
  }
  if (Object.values(counts).some((count) => count > 0))
    log.info("sweep", { ...counts, duration_ms: now() - startedAt });
}

/** The jobs up to this one come first in each sweep: deliveries wait for them. */
const LAST_OF_DELIVERING: Job = "replays";

/** Where calls are limited, a sweep may not come to its end: the jobs after those of deliveries begin with another one each minute. */
function inTurn(all: Jobs, startedAt: number, callsLeft: number): Jobs {
  if (callsLeft === Infinity) return all;
  const delivering = all.findLastIndex(([name]) => name === LAST_OF_DELIVERING) + 1;
  const upkeep = all.slice(delivering);
  const first = Math.floor(startedAt / MINUTE_MS) % upkeep.length;
  return [...all.slice(0, delivering), ...upkeep.slice(first), ...upkeep.slice(0, first)];
}

type Jobs = readonly (readonly [Job, AsyncIterable<number>])[];

/** Each job yields its progress after each chunk, and can be stopped there. */
function jobs(ports: SweepPorts, startedAt: number): Jobs {
  const { now, log, retentionMs } = ports;
  const expired = startedAt - retentionMs;
  /** For each database a job of its own, so that none starves another. */
  const each = (name: Job, begin: (database: DatabasePorts) => AsyncIterable<number>): Jobs =>
    [ports, ...ports.further].map((database) => [name, begin(database)]);
  return [
    // Before the outbox: an event that is in both is not sent to its destinations again.
    ["pending", sendPending(ports.pending, startedAt)],
    ["outbox_r2", emptyR2Outbox({ ...ports.outbox, log })],
    ...each("outbox", ({ outbox }) => drainOutbox({ ...outbox, log })),
    // Before the routes are published, which carry secrets.
    ["resealed", repeat(ports.reseal, 1)],
    ["published", repeat(ports.publishChanged, Infinity)],
    ...ports.further.map(({ copyConfig }) => ["copied", repeat(copyConfig, Infinity)] as const),
    ...each("released", ({ released }) => releaseHeld(released)),
    ...each("parked", ({ parked }) => watchParked(parked, startedAt)),
    ...each("overdue", ({ overdue }) => requeueOverdue(overdue, ports.graceMs)),
    ...each("replays", ({ restartReplays }) => repeat(restartReplays, Infinity)),
    ...each("ledger", ({ ledger }) => repeat(() => checkLedger({ now, log, retentionMs, ...ledger }), Infinity)),
    ...each("rolled_up", ({ rollUpCounters }) => repeat(rollUpCounters, 1)),
    ...each("issues", ({ closeIssues, pruneIssues }) =>
      repeat(async () => (await closeIssues()) + (await pruneIssues(expired)), Infinity),
    ),
    // After the jobs that repair what it checks.
    ["alerts", repeat(ports.watchAlerts, Infinity)],
    ...each("pruned", ({ retention }) => pruneRecords({ ...retention, now, retentionMs })),
    // After what is past retention has gone by itself.
    ...each("shed", ({ watermarks }) => shedHistory({ ...watermarks, now, log })),
    ["rejections", repeat(() => ports.pruneRejections(expired))],
    ...each("counters", ({ pruneCounters }) => repeat(pruneCounters)),
    ...each("audit", ({ pruneAudit }) => repeat(() => pruneAudit(startedAt - ports.auditRetentionMs))),
    ...each("replays_gone", ({ pruneReplays }) => repeat(() => pruneReplays(expired), Infinity)),
    ...each("keys", ({ pruneKeys }) => repeat(() => pruneKeys(startedAt - DAY_MS, expired), Infinity)),
    ["orphans", removeOrphans({ ...ports.retention, now, retentionMs })],
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
