// Which database records an event: decided by the time in its id, so that a message that comes again meets its first record, whatever its batch.
import { RECORD_SLOT_MS } from "../config/record-limits.ts";

/** A database, and from when on it takes its part of the events. Milliseconds since the epoch. */
export interface Shard<Database> {
  readonly since: number;
  readonly database: Database;
}

/**
 * Slots of time take turns over the databases that there were at that time.
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
