// Keys in R2 of outcomes that D1 could not record. They sort by time.
import { toInstant } from "../kernel/clock.ts";

export const PENDING_PREFIX = "pending/";

/** @param batch a name that no other batch has */
export const pendingKey = (at: number, batch: string): string => `${keysAt(at)}-${batch}`;

/** What the keys of this millisecond begin with. Those of earlier ones precede it. */
export const keysAt = (at: number): string => PENDING_PREFIX + toInstant(at);

/** Milliseconds since the epoch; null for a key that `pendingKey` has not made. */
export function pendingTime(key: string): number | null {
  const at = Date.parse(key.slice(PENDING_PREFIX.length, keysAt(0).length));
  return Number.isNaN(at) ? null : at;
}

export const ASIDE_PREFIX = "unreadable/";

/** The key under which an object that cannot be recorded is kept. */
export const keyAside = (key: string): string => ASIDE_PREFIX + key.slice(PENDING_PREFIX.length);

/** Those of earlier objects precede it. */
export const keysAsideAt = (at: number): string => keyAside(keysAt(at));

/** When the outcomes of an object that was set aside came about. Milliseconds since the epoch; null for a key that `keyAside` has not made. */
export const asideTime = (key: string): number | null => pendingTime(PENDING_PREFIX + key.slice(ASIDE_PREFIX.length));
