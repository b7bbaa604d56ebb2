// Groups deliveries that share a request. Sizes are estimates; the exact size is known when the request is built. Pure.
import type { BatchPolicy } from "../../model/policies.ts";
import { batchOf } from "../../model/destination.ts";
import type { SluiceEvent } from "../../model/event.ts";
import { SECOND_MS } from "../../kernel/durations.ts";
import { deferred } from "../outcome/transitions.ts";
import type { Collecting, Job, LaterLane, Settled, RequestGroup } from "../types.ts";
/** The fields of an item besides headers and body. Bytes. */
const ITEM_BYTES = 160;
/** How much a body usually grows as a JSON string. */
const ESCAPES = 1.1;

/** The approximate size of an event in a batch. Bytes. */
const itemBytes = ({ headers, body_bytes }: Pick<SluiceEvent, "headers" | "body_bytes">): number =>
  Math.ceil(
    headers.reduce((sum, [name, value]) => sum + name.length + value.length + 6, ITEM_BYTES) + body_bytes * ESCAPES,
  );

/** Deliveries with a slot first, then the oldest; each alone if the destination takes one event per request. */
export function groupRequests(jobs: readonly Job[], batch: BatchPolicy | null): RequestGroup[] {
  if (batch === null) return jobs.map((job) => [job]);
  const order = [...jobs].sort(
    (a, b) =>
      Number(b.delivery.slot_at !== null) - Number(a.delivery.slot_at !== null) ||
      a.delivery.created_at - b.delivery.created_at ||
      (a.delivery.id < b.delivery.id ? -1 : 1),
  );
  const groups: Job[][] = [];
  let bytes = 0;
  for (const job of order) {
    const last = groups.at(-1);
    const size = itemBytes(job.event);
    if (last === undefined || last.length >= batch.max_events || bytes + size > batch.max_bytes) {
      groups.push([job]);
      bytes = size;
    } else {
      last.push(job);
      bytes += size;
    }
  }
  return groups;
}

/** How later attempts join a batch; null for deliveries that do not wait for one. Replays never wait among live traffic. */
export function collectingTerms({ destination, delivery, event }: Job): Collecting | null {
  const batch = batchOf(destination);
  if (batch === null || delivery.replay_id !== null) return null;
  return { max_events: batch.max_events, max_bytes: batch.max_bytes, bytes: itemBytes(event) };
}

/** Whether a delivery waits for a batch to fill before its first attempt. It waits once in its life. */
export const waitsForBatch = ({ destination, delivery, connection }: Job): boolean =>
  (batchOf(destination)?.max_wait_seconds ?? 0) > 0 &&
  !destination.paused &&
  connection?.paused !== true &&
  delivery.replay_id === null &&
  delivery.attempts_made === 0 &&
  delivery.deferrals === 0;

export const deferForBatch = (job: Job, lane: LaterLane, now: number): Settled => ({
  delivery: deferred(job.delivery, "batch", now + (batchOf(job.destination)?.max_wait_seconds ?? 0) * SECOND_MS),
  lane,
  collecting: collectingTerms(job),
});
