// Sends a batch of deliveries to their destinations. Each destination has a run of its own, and results come in parts, so that quick destinations
// are settled while slow answers are awaited. Uses neither the queue nor the record.
import { GATE_WAIT_MS, MAX_OPEN_REQUESTS, SLOW_GATE_WAIT_MS, START_WITHIN_MS } from "../../config/limits.ts";
import type { DestinationState } from "../../model/destination-state.ts";
import type { DispatchPorts } from "../ports.ts";
import type { Dispatched, Job, Lane } from "../types.ts";
import { boundedGate } from "./bounded-gate.ts";
import { Connections } from "./connections.ts";
import { DestinationRun } from "./destination-run.ts";

/** The wait before each further part grows by this factor. */
const PART_FACTOR = 3;

/** Yields at least one part. Each job is in exactly one of them. */
export async function* dispatch(
  jobs: readonly Job[],
  lane: Lane,
  states: ReadonlyMap<string, DestinationState>,
  given: DispatchPorts,
): AsyncGenerator<Dispatched> {
  const ports = { ...given, gate: boundedGate(given, lane === "slow" ? SLOW_GATE_WAIT_MS : GATE_WAIT_MS) };
  const byDestination = new Map<string, Job[]>();
  for (const job of jobs)
    byDestination.set(job.destination.id, [...(byDestination.get(job.destination.id) ?? []), job]);
  const alone = byDestination.size <= 1 || hasSmallBatches(lane);
  const connections = new Connections(MAX_OPEN_REQUESTS, alone ? 0 : MAX_OPEN_REQUESTS / 2);
  // If not all can be tried at once, those with the most deliveries come first.
  const order = [...byDestination].sort(([, a], [, b]) => b.length - a.length);
  const runs = order.map(
    ([id, own]) => new DestinationRun(own, { lane, alone, state: states.get(id) ?? null, connections, ports }),
  );
  const over = Promise.all(runs.map((run) => run.run()));
  if (!(await ports.endsWithin(START_WITHIN_MS, over))) {
    await ports.endsWithin(START_WITHIN_MS, Promise.race([over, Promise.all(runs.map((run) => run.begun))]));
    yield takePart(runs);
    for (let waitMs = PART_FACTOR * START_WITHIN_MS; !(await ports.endsWithin(waitMs, over)); waitMs *= PART_FACTOR)
      yield takePart(runs);
  }
  await over;
  yield takePart(runs);
}

/** Whether a batch of this lane has a connection for each of its requests. */
const hasSmallBatches = (lane: Lane): boolean => lane === "slow" || lane === "small";

function takePart(runs: readonly DestinationRun[]): Dispatched {
  const parts = runs.map((run) => run.take());
  return {
    settled: parts.flatMap((part) => part.settled),
    states: parts.flatMap((part) => part.states),
    disable: parts.flatMap((part) => part.disable),
    reschedule: parts.flatMap((part) => part.reschedule),
    release: parts.flatMap((part) => part.release),
    attempts: parts.reduce((sum, part) => sum + part.attempts, 0),
  };
}
