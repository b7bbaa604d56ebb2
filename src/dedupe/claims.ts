// Who is the first of a key. Pure; instants are those at which the events came in, so that it does not matter how long one waited in a queue.
import type { DedupeClaim } from "../model/dedupe.ts";
import type { EventId } from "../model/ids.ts";

export interface Holder {
  readonly event_id: EventId;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Judgement {
  /** The first event of the key: the claim's own, or the one before it. */
  readonly first: EventId;
  /** The claim's event is to be the holder from now on. */
  readonly takes: boolean;
}

/**
 * A holder counts for as long as the window from its own arrival; duplicates do not prolong it. Claims of events that came at
 * once may arrive in any order. An event that claims again is still what it was before.
 * @param from a holder that counts no longer: it ended dead
 */
export function judge(
  holder: Holder | null,
  claim: DedupeClaim,
  windowMs: number,
  from: EventId | null = null,
): Judgement {
  if (holder === null || holder.event_id === from) return { first: claim.event_id, takes: true };
  if (holder.event_id === claim.event_id) return { first: claim.event_id, takes: false };
  if (Math.abs(claim.at - holder.at) < windowMs) return { first: holder.event_id, takes: false };
  // One from before the holder's window was the first of its own.
  return { first: claim.event_id, takes: claim.at > holder.at };
}
