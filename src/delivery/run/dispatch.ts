// Brings a batch of deliveries to their destinations: asks each gate once, sends what is permitted, decides each outcome.
// Touches neither the queue nor the record: what it answers is for its caller to write down.
import {
  BATCH_BUDGET_MS,
  FIRST_ATTEMPT_HORIZON_MS,
  LATER_ATTEMPT_HORIZON_MS,
  MAX_OPEN_REQUESTS,
  SLOW_BATCH_BUDGET_MS,
} from "../../config/limits.ts";
import { SECOND_MS } from "../../kernel/durations.ts";
import type { DestinationState } from "../../model/destination-state.ts";
import { DestinationRun } from "./destination-run.ts";
import { runShares } from "./shared-connections.ts";
import type { DispatchPorts } from "../ports.ts";
import type { Dispatched, Job, Lane } from "../types.ts";

/** How long a batch of this lane may go on starting sends. Milliseconds. */
const budgetOf = (lane: Lane): number => (lane === "slow" ? SLOW_BATCH_BUDGET_MS : BATCH_BUDGET_MS);

/** How long a consumer may have a delivery in hand besides the destination's own timeout. Milliseconds. */
export const holdOf = (lane: Lane): number => budgetOf(lane) + LATER_ATTEMPT_HORIZON_MS + 15 * SECOND_MS;

export async function dispatch(
  jobs: readonly Job[],
  lane: Lane,
  states: ReadonlyMap<string, DestinationState>,
  ports: DispatchPorts,
): Promise<Dispatched> {
  const startedAt = ports.now();
  const groups = new Map<string, Job[]>();
  for (const job of jobs) groups.set(job.destination.id, [...(groups.get(job.destination.id) ?? []), job]);
  const width = groups.size <= 1 ? MAX_OPEN_REQUESTS : Math.max(1, Math.floor(MAX_OPEN_REQUESTS / groups.size));
  const runs = [...groups.values()].map(
    (group) =>
      new DestinationRun(group, {
        lane,
        state: states.get(group[0]?.destination.id ?? "") ?? null,
        deadline: startedAt + budgetOf(lane),
        horizonMs: lane === "events" ? FIRST_ATTEMPT_HORIZON_MS : LATER_ATTEMPT_HORIZON_MS,
        holdMs: holdOf(lane),
        ports,
      }),
  );
  const shares = await Promise.all(runs.map((run) => run.admit(width)));
  const left = await runShares(shares, MAX_OPEN_REQUESTS, ports.now, ports.sleep);
  const results = await Promise.all(runs.map((run, index) => run.close(left[index] ?? [])));
  return {
    settled: results.flatMap((result) => result.settled),
    states: results.flatMap((result) => result.states),
    disable: results.flatMap((result) => result.disable),
    reschedule: results.flatMap((result) => result.reschedule),
    attempts: results.reduce((sum, result) => sum + result.attempts, 0),
  };
}
