// What a bulk replay would take, over all databases of the record.
import { MAX_IGNORED_EVENTS, MAX_PLANNED_IGNORED, MAX_PLANNED_WALKS } from "../config/record-limits.ts";
import { ignoredWays, replayDelivery } from "../delivery/index.ts";
import type { Delivery } from "../model/delivery.ts";
import { makeDeliveryId } from "../model/ids.ts";
import type { ReplayFilter } from "../model/replay.ts";
import { withContents } from "../record/index.ts";
import { ignoredRecords, planWhole, planReplay, replayRange, type Plan, type WholePlan } from "../store/index.ts";
import type { ApiDeps } from "./deps.ts";
import { matchPorts } from "./matching.ts";

/**
 * Counts deliveries as `planReplay` does; for events that no connection took those that the connections of now would make.
 * @param sample how many to show at most
 */
export const planWithFilter = (deps: ApiDeps, filter: ReplayFilter, now: number, sample: number): Promise<WholePlan> =>
  planWhole(
    deps.databases(),
    (db) =>
      filter.status === "ignored" ? planIgnored(deps, db, filter, now, sample) : planReplay(db, filter, now, sample),
    sample,
  );

async function planIgnored(
  deps: ApiDeps,
  db: D1Database,
  filter: ReplayFilter,
  now: number,
  sample: number,
): Promise<Plan> {
  const ports = matchPorts(deps);
  const { from, to } = replayRange(filter, now);
  const first: Delivery[] = [];
  let next: string | null = from;
  let [matched, events, walks, isWhole] = [0, 0, 0, true];
  while (next !== null && walks < MAX_PLANNED_WALKS && events < MAX_PLANNED_IGNORED) {
    const page = await ignoredRecords(db, filter, { from: next, to }, MAX_IGNORED_EVENTS);
    const { found, lost } = await withContents(page.found, deps.record);
    const ways = await ignoredWays(found, filter, ports);
    // Their ids are known once they are made: until then these stand for event and connection.
    for (const { event, way } of ways.slice(0, sample - first.length))
      first.push(
        replayDelivery(event, way, makeDeliveryId(event.id, way.connection_id ?? way.destination_id), null, now),
      );
    matched += ways.length;
    events += page.found.length;
    walks += 1;
    isWhole &&= page.unreadable.length + lost.length === 0;
    next = page.next;
  }
  return { matched, exact: next === null && isWhole, sample: first };
}
