// Which database records an event: decided by the time in its id, so that a message that comes again meets its first record, whatever its batch.
// A delivery, and the callback of its end, are where its event is. Pure.
import { RECORD_SLOT_MS } from "../config/record-limits.ts";
import { NOTHING_TO_WRITE, type Writes } from "../delivery/index.ts";
import type { Page } from "./types.ts";

/** A database, and from when on it takes its part of the events. Milliseconds since the epoch. */
export interface Shard<Database> {
  readonly since: number;
  readonly database: Database;
}

/**
 * Time is cut into slots, which the databases that existed at that time take in turn.
 * @param shards at least one, the first for all time; in an order that never changes
 * @param at the time in the event's id
 */
export function shardAt<Database>(shards: readonly Shard<Database>[], at: number): Database {
  // A slot belongs to one database as a whole, also the one in which a database was added.
  const slot = Math.floor(at / RECORD_SLOT_MS);
  const open = shards.filter(({ since }, index) => index === 0 || since <= slot * RECORD_SLOT_MS);
  const chosen = open[slot % open.length];
  if (chosen === undefined) throw new Error("the record has no database");
  return chosen.database;
}

/**
 * The latest time up to `at` whose events are in the same database as those of `beside`: a callback's id has it, so that it is recorded in the
 * transaction that ends the delivery which it reports.
 */
export function timeBeside<Database>(shards: readonly Shard<Database>[], beside: number, at: number): number {
  const database = shardAt(shards, beside);
  let time = at;
  while (time > beside && shardAt(shards, time) !== database)
    time = Math.floor(time / RECORD_SLOT_MS) * RECORD_SLOT_MS - 1;
  return Math.max(time, beside);
}

/**
 * What each database has to write.
 * @param of the database of an event or delivery
 * @param main has the configuration, and with it the states of destinations
 */
export function splitWrites<Database>(
  writes: Writes,
  of: (id: string) => Database,
  main: Database,
): ReadonlyMap<Database, Writes> {
  const parts = new Map<Database, Writes>();
  const add = <K extends keyof Writes>(key: K, where: (item: Writes[K][number]) => Database): void => {
    for (const item of writes[key]) {
      const database = where(item);
      const part = parts.get(database) ?? NOTHING_TO_WRITE;
      parts.set(database, { ...part, [key]: [...part[key], item] });
    }
  };
  add("firsts", ({ event }) => of(event.id));
  add("settlements", ({ delivery }) => of(delivery.id));
  add("callbacks", ({ event }) => of(event.id));
  add("forget", of);
  add("interrupted", ({ id }) => of(id));
  add("finished", of);
  add("states", () => main);
  add("disable", () => main);
  return parts;
}

/** Calls `ask` once for each database of these ids, side by side. */
export const eachPart = <Id extends string, Database, T>(
  ids: readonly Id[],
  of: (id: Id) => Database,
  ask: (database: Database, ids: readonly Id[]) => Promise<T>,
): Promise<T[]> => Promise.all([...Map.groupBy(ids, of)].map(([database, own]) => ask(database, own)));

/** One page of the pages that several databases have given for the same range: newest first, and complete down to where the first of them ended. */
export function mergePages<T extends { readonly id: string }>(pages: readonly Page<T>[], limit: number): Page<T> {
  const end = pages.reduce<string | null>(
    (high, { next }) => (next !== null && next > (high ?? "") ? next : high),
    null,
  );
  const rows = pages
    .flatMap((page) => page.rows)
    .filter(({ id }) => end === null || id >= end)
    .sort((a, b) => (a.id < b.id ? 1 : -1));
  const shown = rows.slice(0, limit);
  return { rows: shown, next: rows.length > limit ? (shown.at(-1)?.id ?? null) : end };
}
