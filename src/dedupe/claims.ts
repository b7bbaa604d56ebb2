// Decides which event is the first with a key. Pure. Compares the times at which events came in, so that waits in a queue do not matter.
import type { DedupeClaim } from "../model/dedupe.ts";
import type { EventId } from "../model/ids.ts";

export interface Holder {
  readonly event_id: EventId;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Judgement {
  /** The first event with the key: the claiming one, or the one before it. */
  readonly first: EventId;
  /** Whether the claiming event becomes the holder. */
  readonly takes: boolean;
}

/**
 * A holder counts for the length of the window after its arrival. Duplicates do not extend it. Claims of concurrent events can arrive in any
 * order. An event that claims again gets the same judgement.
 * @param from a holder that no longer counts, because it ended dead
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
  // An event from before the holder's window is the first of its own window.
  return { first: claim.event_id, takes: claim.at > holder.at };
}
