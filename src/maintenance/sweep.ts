// The sweep: whatever is due and in nobody's hands goes back to its queue, expired records leave. Each step stands alone: one that
// fails is logged and the others run; what is left over waits for the next sweep.
import { OUTBOX_CHUNK, RELEASE_CHUNKS, SWEEP_BUDGET_MS, SWEEP_CHUNK_ROWS, SWEEP_REPEAT_MS } from "../config/limits.ts";
import { DAY_MS } from "../kernel/durations.ts";
import type { Clock } from "../kernel/clock.ts";
import type { LaterMessage, Lane } from "../delivery/index.ts";
import type { DeliveryId } from "../model/ids.ts";
import { checkLedger, type LedgerPorts } from "./ledger.ts";
import { describeError, type Logger } from "../telemetry/index.ts";

export interface Waiting {
  readonly id: DeliveryId;
  readonly destination_id: string | null;
  readonly replay_id: string | null;
}

export interface SweepPorts {
  readonly now: Clock;
  readonly log: Logger;
  readonly retentionMs: number;
  readonly auditRetentionMs: number;
  readonly graceMs: number;
  /** Sends a chunk of journaled events to the queue again; how many there were. */
  readonly drainOutbox: () => Promise<number>;
  /** Events that had to be kept in R2. */
  readonly drainR2Outbox: () => Promise<number>;
  readonly takeOverdue: (graceMs: number, repeatMs: number) => Promise<Waiting[]>;
  readonly takeReleased: () => Promise<Waiting[]>;
  /** Destinations whose deliveries travel in the slow lane. */
  readonly slowDestinations: () => Promise<ReadonlySet<string>>;
  readonly sendLater: (messages: readonly LaterMessage[]) => Promise<void>;
  /** Seals a chunk of secrets again under the current key; how many records. */
  readonly reseal: () => Promise<number>;
  readonly publishChanged: () => Promise<number>;
  /** Sends bulk replays on whose next step has lost its message; how many. */
  readonly restartReplays: () => Promise<number>;
  readonly pruneReplays: (before: number) => Promise<void>;
  /** Removes a chunk of what is older than `before`; how many rows. */
  readonly prune: (before: number) => Promise<number>;
  /** The same of refused requests. */
  readonly pruneRejections: (before: number) => Promise<number>;
  /** The same of the record of changes. */
  readonly pruneAudit: (before: number) => Promise<number>;
  /** Looks at all alerts; how many notices went out. */
  readonly watchAlerts: () => Promise<number>;
  readonly pruneIdempotencyKeys: (before: number) => Promise<void>;
  /** Adds up the next of the counters' hours and days that are over; how many there were. */
  readonly rollUpCounters: () => Promise<number>;
  readonly pruneCounters: () => Promise<number>;
  readonly ledger: Omit<LedgerPorts, "now" | "log" | "retentionMs">;
}

export async function sweep(ports: SweepPorts): Promise<void> {
  const startedAt = ports.now();
  const deadline = startedAt + SWEEP_BUDGET_MS;
  const counts: Record<string, number> = {};
  /** Runs a chunked step until a chunk comes back short, or time is up. */
  const step = async (name: string, chunk: () => Promise<number>, full = SWEEP_CHUNK_ROWS): Promise<void> => {
    try {
      let rows: number;
      do {
        rows = await chunk();
        counts[name] = (counts[name] ?? 0) + rows;
      } while (rows >= full && ports.now() < deadline);
    } catch (error) {
      ports.log.error("sweep step failed", { step: name, error: describeError(error) });
    }
  };
  await step("outbox", ports.drainOutbox, OUTBOX_CHUNK);
  await step("outbox_r2", ports.drainR2Outbox, Infinity);
  await step("resealed", ports.reseal, 1);
  await step("published", ports.publishChanged, Infinity);
  await step("released", async () => requeue(await ports.takeReleased(), ports));
  await step("overdue", async () => requeue(await ports.takeOverdue(ports.graceMs, SWEEP_REPEAT_MS), ports));
  await step("replays", ports.restartReplays, Infinity);
  await step("pruned", () => ports.prune(startedAt - ports.retentionMs));
  await step("rejections", () => ports.pruneRejections(startedAt - ports.retentionMs));
  await step("ledger", () => checkLedger({ ...ports, ...ports.ledger }), Infinity);
  await step("rolled_up", ports.rollUpCounters, 1);
  await step("counters", ports.pruneCounters);
  await step("audit", () => ports.pruneAudit(startedAt - ports.auditRetentionMs));
  await step("replays_gone", async () => (await ports.pruneReplays(startedAt - ports.retentionMs), 0));
  await step("keys", async () => (await ports.pruneIdempotencyKeys(startedAt - DAY_MS), 0));
  // After what this very sweep puts right.
  await step("alerts", ports.watchAlerts, Infinity);
  if (Object.values(counts).some((count) => count > 0)) {
    ports.log.info("sweep", { ...counts, duration_ms: ports.now() - startedAt });
  }
}

/** Puts deliveries that are due now into the queue of their lane; how many. */
async function requeue(
  waiting: readonly Waiting[],
  ports: Pick<SweepPorts, "slowDestinations" | "sendLater">,
): Promise<number> {
  if (waiting.length === 0) return 0;
  const slow = await ports.slowDestinations();
  const laneOf = (item: Waiting): Exclude<Lane, "events"> =>
    item.replay_id !== null ? "replays" : slow.has(item.destination_id ?? "") ? "slow" : "deliveries";
  await ports.sendLater(waiting.map((item) => ({ id: item.id, lane: laneOf(item), delayMs: 0 })));
  return waiting.length;
}

/** Returns what a pause held to its queue: the first chunks now, the sweep takes the rest. */
export async function releaseHeld(
  take: () => Promise<readonly Waiting[]>,
  ports: Pick<SweepPorts, "slowDestinations" | "sendLater">,
): Promise<void> {
  for (let chunk = 0; chunk < RELEASE_CHUNKS; chunk++)
    if ((await requeue(await take(), ports)) < SWEEP_CHUNK_ROWS) return;
}
