// Returns deliveries to the queue of their lane: those that are overdue, and those that a pause no longer holds.
import { RELEASE_CHUNKS, SWEEP_REPEAT_MS } from "../config/record-limits.ts";
import type { LaterLane, LaterMessage } from "../delivery/index.ts";
import type { DeliveryId } from "../model/ids.ts";

interface Waiting {
  readonly id: DeliveryId;
  readonly destination_id: string | null;
  readonly replay_id: string | null;
}

/** By time, destination, state and id. */
type DuePosition = readonly [number, string, string, string];

interface HeldBy {
  readonly destination_id?: string | null;
  readonly connection_id?: string | null;
}

interface QueuePorts {
  /** Destinations whose deliveries travel in the slow lane. */
  readonly slowDestinations: () => Promise<ReadonlySet<string>>;
  readonly sendLater: (messages: readonly LaterMessage[]) => Promise<void>;
}

export interface OverduePorts extends QueuePorts {
  /** Whether all outcomes are on record. Those that are not may be of deliveries that look overdue. */
  readonly isRecorded: () => Promise<boolean>;
  /** Where the last sweep stopped: milliseconds since the epoch; null for the beginning. */
  readonly readOverdueMark: () => Promise<number | null>;
  readonly writeOverdueMark: (at: number | null) => Promise<void>;
  /** @returns some of the overdue deliveries, and where to go on; null at the end */
  readonly takeOverdue: (
    graceMs: number,
    repeatMs: number,
    after: DuePosition,
  ) => Promise<{ readonly taken: readonly Waiting[]; readonly next: DuePosition | null }>;
}

export interface ReleasePorts extends QueuePorts {
  readonly releasableDestinations: (of: HeldBy) => Promise<readonly string[]>;
  /** @param connection only its deliveries; null for all of the destination @returns like `takeOverdue` */
  readonly takeReleased: (
    destination: string,
    connection: string | null,
    after: string,
  ) => Promise<{ readonly taken: readonly Waiting[]; readonly next: string | null }>;
}

/** Yields how many after each chunk. A pass that is stopped goes on at the next sweep. */
export async function* requeueOverdue(ports: OverduePorts, graceMs: number): AsyncGenerator<number> {
  if (!(await ports.isRecorded())) return;
  const began = await ports.readOverdueMark();
  let position: DuePosition | null = [began ?? 0, "", "", ""];
  try {
    while (position !== null) {
      const { taken, next }: Awaited<ReturnType<OverduePorts["takeOverdue"]>> = await ports.takeOverdue(
        graceMs,
        SWEEP_REPEAT_MS,
        position,
      );
      await requeue(taken, ports);
      position = next;
      yield taken.length;
    }
  } finally {
    const stopped = position === null ? null : position[0];
    if (stopped !== began) await ports.writeOverdueMark(stopped);
  }
}

/** Yields how many after each chunk. */
export async function* releaseHeld(ports: ReleasePorts, of: HeldBy = {}): AsyncGenerator<number> {
  for (const destination of await ports.releasableDestinations(of)) {
    let after: string | null = "";
    while (after !== null) {
      const { taken, next }: Awaited<ReturnType<ReleasePorts["takeReleased"]>> = await ports.takeReleased(
        destination,
        of.connection_id ?? null,
        after,
      );
      await requeue(taken, ports);
      after = next;
      yield taken.length;
    }
  }
}

/** The first chunks of what the pause of a destination or connection held. The sweep does the rest. */
export async function releaseFirst(ports: ReleasePorts, of: HeldBy): Promise<void> {
  let chunks = 0;
  for await (const _count of releaseHeld(ports, of)) if (++chunks === RELEASE_CHUNKS) return;
}

export async function requeue(waiting: readonly Waiting[], { slowDestinations, sendLater }: QueuePorts): Promise<void> {
  if (waiting.length === 0) return;
  const slow = await slowDestinations();
  const laneOf = ({ replay_id, destination_id }: Waiting): LaterLane =>
    replay_id !== null ? "replays" : slow.has(destination_id ?? "") ? "slow" : "deliveries";
  await sendLater(waiting.map((one) => ({ id: one.id, lane: laneOf(one), delayMs: 0 })));
}
