// Random histories on real D1, in rows and segments, and the same as arrays.
import { env } from "cloudflare:workers";
import fc from "fast-check";
import type { FirstRecord } from "../../../src/delivery/index.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import {
  makeDeliveryId,
  replayDeliveryId,
  type ConnectionId,
  type DestinationId,
  type ReplayId,
  type SourceId,
} from "../../../src/model/ids.ts";
import { insertDeliveries } from "../../../src/store/index.ts";
import { auditEntry } from "../harness.ts";
import { writeAsOlderRelease } from "../older-release.ts";
import { AT, createRecord, first, newEventId, writes } from "./harness.ts";

export const SOURCES = ["src_01kb0000000000000000000001", "src_01kb0000000000000000000009"] as SourceId[];
export const WAYS = [
  ["con_01kb0000000000000000000002", "dst_01kb0000000000000000000003"],
  ["con_01kb0000000000000000000004", "dst_01kb0000000000000000000005"],
] as [ConnectionId, DestinationId][];

export const TYPES = ["order.paid", "Merge Request Hook"];

export interface PlannedEvent {
  /** After `AT`. Milliseconds; negative for one that comes late. */
  readonly after: number;
  readonly source: number;
  readonly type: string | null;
  /** Of its deliveries, over the first connection and the second. */
  readonly statuses: readonly ("delivered" | "cancelled" | "dead" | "retrying")[];
  readonly text: string;
  /** What comes later: a replay that delivers or waits, or rows by a consumer of an earlier release that does not know of segments. */
  readonly later: "nothing" | "replay" | "older";
}

const plannedEvent: fc.Arbitrary<PlannedEvent> = fc.record({
  after: fc.constantFrom(-600_000, -1, 0, 1, 2, 500, 4_000, 5_001, 9_000, 14_000, 60_000),
  source: fc.nat(1),
  type: fc.constantFrom(null, ...TYPES),
  statuses: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(["delivered" as const], ["delivered" as const, "delivered" as const]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom("delivered", "cancelled", "dead", "retrying"), { maxLength: 2 }) },
  ),
  text: fc.constantFrom("Apple", "pear"),
  later: fc.oneof(
    { weight: 4, arbitrary: fc.constant("nothing" as const) },
    { weight: 1, arbitrary: fc.constantFrom("replay" as const, "older" as const) },
  ),
});
export const history = fc.array(fc.array(plannedEvent, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 });

export interface Known {
  readonly planned: PlannedEvent;
  readonly first: FirstRecord;
  deliveries: readonly Delivery[];
}

function toFirst(planned: PlannedEvent): FirstRecord {
  const { after, source, type, statuses, text } = planned;
  const id = newEventId(AT + after);
  const made = first({ id, bytes: utf8(`{"fruit":"${text}"}`), event_type: type });
  const [model] = made.deliveries;
  if (model === undefined) throw new Error("no delivery");
  const source_id = SOURCES[source] ?? null;
  const deliveries = statuses.map((status, way): Delivery => {
    const [connection_id, destination_id] = WAYS[way] ?? [];
    if (connection_id === undefined || destination_id === undefined) throw new Error("no such way");
    const like = { ...model, id: makeDeliveryId(id, connection_id), source_id, connection_id, destination_id, status };
    if (status === "delivered") return like;
    if (status === "cancelled") return { ...like, attempts: [], attempts_made: 0, last_response_status: null };
    const failed = { ...like, last_response_status: 500, last_error: "http_status" };
    return status === "dead" ? failed : { ...failed, next_attempt_at: AT + 60_000, finished_at: null };
  });
  return { event: { ...made.event, source_id, headers: [["x-fruit-of", text]] }, deliveries, ignored: [] };
}

/** Makes the history on D1. @returns the same as an array */
export async function makeHistory(batches: readonly (readonly PlannedEvent[])[]): Promise<Known[]> {
  const record = createRecord();
  const all: Known[] = [];
  for (const batch of batches) {
    const known = batch.map((planned): Known => {
      const made = toFirst(planned);
      return { planned, first: made, deliveries: made.deliveries };
    });
    await record.write(writes(known.map((one) => one.first)));
    all.push(...known);
  }
  for (const one of all) {
    const { event } = one.first;
    const [model] = one.deliveries;
    if (one.planned.later === "older" && one.deliveries.every(({ status }) => status === "delivered")) {
      const again = one.deliveries.map((delivery): Delivery => ({
        ...delivery,
        status: "dead",
        last_error: "timeout",
      }));
      await writeAsOlderRelease(env.DB, [{ ...one.first, deliveries: again }]);
      one.deliveries = again;
    }
    if (one.planned.later !== "replay" || model === undefined) continue;
    const found = await record.event(event.id);
    if (!found.ok || found.value === null) throw new Error("not on record");
    const replay = "rpl_01kb0000000000000000000001" as ReplayId;
    const id = await replayDeliveryId(replay, event.id, model.connection_id ?? "");
    const made: Delivery = { ...model, id, status: "pending", next_attempt_at: AT, attempts: [], attempts_made: 0 };
    const again: Delivery = {
      ...made,
      last_response_status: null,
      last_error: null,
      finished_at: null,
      replay_id: replay,
    };
    await insertDeliveries(env.DB, [again], auditEntry(AT), found.value);
    one.deliveries = [...one.deliveries, again];
  }
  return all;
}
