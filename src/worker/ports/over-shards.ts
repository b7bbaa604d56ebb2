// The record over several databases: each part of a batch goes to the database of its events, and what they answer is put together.
import type { ConsumerPorts } from "../../delivery/index.ts";
import type { DeliveryId } from "../../model/ids.ts";
import type { WaitingKey } from "../../model/message.ts";
import { err, ok } from "../../kernel/result.ts";
import { eachPart, mergePages, splitWrites, type Reader } from "../../record/index.ts";
import type { Runtime } from "../runtime.ts";
import { shardsOf } from "../shards.ts";

type Records = ConsumerPorts["records"];

/**
 * @param all the first one has the configuration, the states of destinations and the live feed
 * @param of the records of an event or delivery
 */
export function recordsOverShards(all: readonly [Records, ...Records[]], of: (id: string) => Records): Records {
  const [main] = all;
  return {
    databases: all.length,
    databaseOf: (id) => all.indexOf(of(id)),
    readContext: async (events, sources, destinations) => {
      const own = events.filter((id) => of(id) === main);
      const others = events.filter((id) => of(id) !== main);
      const [context, parts] = await Promise.all([
        main.readContext(own, sources, destinations),
        eachPart(others, of, (records, ids) => records.readContext(ids, [], [])),
      ]);
      const all = [context, ...parts];
      return {
        ...context,
        known: new Set(all.flatMap(({ known }) => [...known])),
        isFull: all.some(({ isFull }) => isFull),
      };
    },
    // What is written twice changes nothing, so a batch that failed in part is written again as a whole.
    write: async (writes) => {
      const ends = await Promise.allSettled(
        [...splitWrites(writes, of, main)].map(([records, part]) => records.write(part)),
      );
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    },
    takeDue: async (ids, holdMs, alone) => {
      const away: DeliveryId[] = [];
      const faults: unknown[] = [];
      const [context, taken] = await Promise.all([
        main.readContext([], [], []),
        eachPart(ids, of, (records, own) =>
          records.takeDue(own, holdMs, alone).catch((error: unknown) => {
            away.push(...own);
            faults.push(error);
            return null;
          }),
        ),
      ]);
      const parts = taken.filter((part) => part !== null);
      if (parts.length === 0 && faults.length > 0) throw faults[0];
      return {
        away: new Set(away),
        deliveries: parts.flatMap(({ deliveries }) => deliveries),
        unreadable: parts.flatMap(({ unreadable }) => unreadable),
        states: context.states,
      };
    },
    whole: (delivery) => of(delivery.id).whole(delivery),
    noteStart: (id) => of(id).noteStart(id),
    waitingPage: async (destination, from, limit) => {
      const ask = (records: Records): ReturnType<Records["waitingPage"]> =>
        records.waitingPage(destination, from, limit);
      const [first, ...others] = await Promise.all([ask(main), ...all.slice(1).map(ask)]);
      const pages = [first, ...others];
      const reached = Math.min(...pages.map(({ next }) => next ?? Infinity));
      const found = pages
        .flatMap(({ waiting }) => waiting)
        .filter(({ at }) => at <= reached)
        .sort((a, b) => a.at - b.at);
      const waiting = found.slice(0, limit);
      const cut = found.length > limit ? Math.max(waiting.at(-1)?.at ?? 0, from + 1) : reached;
      return { ...first, waiting, next: cut === Infinity ? null : cut };
    },
    parkedPage: async (destination, limit) => {
      const [first, ...others] = await Promise.all([
        main.parkedPage(destination, limit),
        ...all.slice(1).map((records) => records.parkedPage(destination, limit)),
      ]);
      return { ...first, waiting: [first, ...others].flatMap(({ waiting }) => waiting).slice(0, limit) };
    },
    noteRelease: (destination) => main.noteRelease(destination),
    moveWaiting: async (times) => {
      const byId = new Map(times.map((time) => [time.id, time]));
      const moved = await eachPart([...byId.keys()], of, (records, ids) =>
        records.moveWaiting(ids.flatMap((id) => byId.get(id) ?? [])),
      );
      return moved.flat();
    },
    cancelPiece: async (message) => {
      const pieces = await Promise.all(all.map((records) => records.cancelPiece(message)));
      return {
        cancelled: pieces.reduce((sum, piece) => sum + piece.cancelled, 0),
        next: pieces.reduce<WaitingKey | null>((least, { next }) => earlier(least, next), null),
      };
    },
  };
}

/** Null is the end. */
function earlier(a: WaitingKey | null, b: WaitingKey | null): WaitingKey | null {
  if (a === null || b === null) return a ?? b;
  if (a.held !== b.held) return a.held ? b : a;
  const place = a.key.findIndex((part, index) => part !== b.key[index]);
  const [left, right] = [a.key[place] ?? 0, b.key[place] ?? 0];
  return left < right ? a : b;
}

/** The contents of events are in R2, whichever database names them. */
export const readerOverShards = (runtime: Runtime): Reader => ({
  ...runtime.record.reader,
  event: (id) => shardsOf(runtime).of(id).record.reader.event(id),
  attempted: async (deliveries) => {
    const { of } = shardsOf(runtime);
    const byId = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
    const parts = await eachPart([...byId.keys()], of, ({ record }, ids) =>
      record.reader.attempted(ids.flatMap((id) => byId.get(id) ?? [])),
    );
    for (const delivery of parts.flat()) byId.set(delivery.id, delivery);
    return [...byId.values()];
  },
  events: async (filter, limit, withContents) => {
    const { all } = shardsOf(runtime);
    const found = await Promise.all(all.map(({ record }) => record.reader.events(filter, limit, withContents)));
    const pages = found.flatMap((page) => (page.ok ? [page.value] : []));
    return pages.length < found.length ? err("unavailable") : ok(mergePages(pages, limit));
  },
  stored: async (filter, limit) => {
    const { all } = shardsOf(runtime);
    return mergePages(await Promise.all(all.map(({ record }) => record.reader.stored(filter, limit))), limit);
  },
  deliveries: async (filter, limit, entries) => {
    const { all } = shardsOf(runtime);
    const pages = await Promise.all(all.map(({ record }) => record.reader.deliveries(filter, limit, entries)));
    return mergePages(pages, limit);
  },
  countedEvents: async (filter) => {
    const { all } = shardsOf(runtime);
    return mergePages(await Promise.all(all.map(({ record }) => record.reader.countedEvents(filter))), Infinity);
  },
  countedDeliveries: async (filter) => {
    const { all } = shardsOf(runtime);
    return mergePages(await Promise.all(all.map(({ record }) => record.reader.countedDeliveries(filter))), Infinity);
  },
});
