// How full the record's database is, and what is done about it at each level. Pure.
import type { Watermarks } from "../config/env.ts";

/**
 * `high`: alerts fire. `shedding`: history is removed before its time, the oldest first. `full`: that does not suffice, so ingest refuses and
 * consumers leave events in their queue.
 */
export const STORAGE_LEVELS = ["ok", "high", "shedding", "full"] as const;
export type StorageLevel = (typeof STORAGE_LEVELS)[number];

/** @param bytes the size of the database */
export function levelOf(bytes: number, { limitBytes, warn, shed, refuse }: Watermarks): StorageLevel {
  const share = bytes / limitBytes;
  return share >= refuse ? "full" : share >= shed ? "shedding" : share >= warn ? "high" : "ok";
}

/** The job's mark: what has ended and was accepted before it may have been removed before its time. */
export const SHED_MARK = "shed_before";

/** The job's mark: since when the database has been full; null where it is not. */
export const FULL_MARK = "record_full";

/** Whole percent of the limit, rounded down. */
export const percentOf = (bytes: number, { limitBytes }: Pick<Watermarks, "limitBytes">): number =>
  Math.floor((bytes / limitBytes) * 100);
