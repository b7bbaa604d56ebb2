// The next deliveries of a bulk replay of events that no connection took: over the connections that take them now. Throws while routes or a body
// cannot be read: then the step's message comes back.
import { MAX_OPEN_BODIES } from "../../config/limits.ts";
import { MAX_IGNORED_EVENTS, MAX_PIECE_PAGES } from "../../config/record-limits.ts";
import { runPool } from "../../kernel/pool.ts";
import { afterKey, replayDeliveryId } from "../../model/ids.ts";
import { pieceSize, planTimes, type ReplayFilter, type Run } from "../../model/replay.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { IgnoredEvent, IgnoredPage, IgnoredPiece, Way } from "../types.ts";
import { presentWays } from "./present-ways.ts";

export type MatchPorts = Pick<ConsumerPorts, "presentRoutes" | "readBody" | "log">;

/** What a delivery would be made of. */
interface IgnoredWay extends IgnoredEvent {
  readonly way: Way;
}

/** In the order of the events. */
export async function ignoredWays(
  found: readonly IgnoredEvent[],
  { connection_id, destination_id }: ReplayFilter,
  ports: MatchPorts,
): Promise<readonly IgnoredWay[]> {
  if (found.length === 0) return [];
  const documents = await ports.presentRoutes([...new Set(found.flatMap(({ event }) => event.source_id ?? []))]);
  const ways = new Map<IgnoredEvent, readonly Way[]>();
  await runPool(found, MAX_OPEN_BODIES, async (one) => {
    const present = await presentWays(one.event, documents.get(one.event.source_id ?? ""), ports);
    if (present === null) throw new Error(`the connections of ${one.event.id} cannot be matched now`);
    ways.set(one, present.ways);
  });
  return found.flatMap((one) =>
    (ways.get(one) ?? [])
      .filter(
        (way) =>
          (connection_id === null || way.connection_id === connection_id) &&
          (destination_id === null || way.destination_id === destination_id),
      )
      .map((way) => ({ ...one, way })),
  );
}

interface Ports extends MatchPorts {
  readonly now: () => number;
  readonly records: { readonly ignored: (run: Run, from: string, most: number) => Promise<IgnoredPage> };
}

export async function nextIgnoredPiece(run: Run, ports: Ports): Promise<IgnoredPiece> {
  const most = Math.min(MAX_IGNORED_EVENTS, pieceSize(run.rate_per_second));
  let page = await nextPage(run, run.after, most, ports);
  let ways = await ignoredWays(page.found, run.filter, ports);
  for (let pages = 1; ways.length === 0 && page.next !== null && pages < MAX_PIECE_PAGES; pages++) {
    page = await nextPage(run, page.next, most, ports);
    ways = await ignoredWays(page.found, run.filter, ports);
  }
  const destinations = ways.map(({ way }) => way);
  const { at, over } = planTimes(destinations, run.rate_per_second, page.shares, ports.now());
  const chosen = wholeEvents(ways, at.length);
  const all = chosen.length === ways.length;
  const last = chosen.at(-1)?.event.id ?? "";
  return {
    items: await Promise.all(
      chosen.map(async (one, index) => ({
        ...one,
        id: await replayDeliveryId(run.id, one.event.id, one.way.connection_id ?? one.way.destination_id),
        at: at[index] ?? over,
      })),
    ),
    after: (all ? page.next : afterKey(`dlv_${last.slice(4)}`)) ?? run.until,
    collected: all && page.next === null,
    next_at: over,
  };
}

async function nextPage(run: Run, from: string, most: number, { records, log }: Ports): Promise<IgnoredPage> {
  const page = await records.ignored(run, from, most);
  for (const { key, detail } of page.unreadable)
    log.error("segment unreadable", { segment: key, replay: run.id, detail });
  return page;
}

/** The first events whose ways are among the first `count`; at least one event. One that is begun is no longer ignored for the next piece. */
function wholeEvents(ways: readonly IgnoredWay[], count: number): readonly IgnoredWay[] {
  const cut = ways[count]?.event.id;
  if (cut === undefined) return ways;
  const before = ways.slice(
    0,
    ways.findIndex(({ event }) => event.id === cut),
  );
  return before.length > 0 ? before : ways.filter(({ event }) => event.id === cut);
}
