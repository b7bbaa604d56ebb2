// A bulk replay: deliveries that ended, chosen by a filter, delivered again at a chosen pace. Pure.
import { SECOND_MS } from "../kernel/durations.ts";
import { MAX_PIECE_DELIVERIES, MAX_PIECE_SECONDS, PIECE_SECONDS } from "../config/limits.ts";
import type { ConnectionId, DeliveryId, DestinationId, EventId, ReplayId, SourceId } from "./ids.ts";

/** What can be replayed has ended. Dead ones come back to life; of the others a further delivery is made. */
export const REPLAYABLE = ["dead", "delivered", "cancelled"] as const;
export const REPLAY_STATUSES = ["running", "done", "cancelled"] as const;

/** As it was asked for; what is null was not. */
export interface ReplayFilter {
  /** Null for dead and delivered ones. */
  readonly status: (typeof REPLAYABLE)[number] | null;
  readonly source_id: SourceId | null;
  readonly destination_id: DestinationId | null;
  readonly connection_id: ConnectionId | null;
  readonly event_id: EventId | null;
  /** Milliseconds since the epoch. */
  readonly from: number | null;
  readonly to: number | null;
}

export interface Replay {
  readonly id: ReplayId;
  readonly status: (typeof REPLAY_STATUSES)[number];
  readonly filter: ReplayFilter;
  readonly rate_per_second: number;
  /** How many deliveries the plan counted, and whether those are all. */
  readonly matched: number;
  readonly matched_exact: boolean;
  /** Taken by the run so far; all that match once `collected`. */
  readonly seen: number;
  readonly collected: boolean;
  readonly queued: number;
  readonly done: number;
  readonly failed: number;
  readonly created_at: number;
  readonly finished_at: number | null;
}

/** A run, and how far it has come. */
export interface Run extends Replay {
  /** Keys: those up to `after` have been seen to, `until` is past the last. */
  readonly after: string;
  readonly until: string;
  /** Some of the latest piece's deliveries, spread over all of it. */
  readonly latest: readonly DeliveryId[];
  /** Moves with every step: of two messages for the same one only the first finds it. */
  readonly step: number;
  /** When the next step is due, milliseconds since the epoch. */
  readonly next_at: number;
}

/** Deliveries that one step takes: some seconds' worth of the pace. */
export const pieceSize = (ratePerSecond: number): number =>
  Math.min(MAX_PIECE_DELIVERIES, Math.max(1, Math.ceil(ratePerSecond * PIECE_SECONDS)));

/** What a destination's configuration says that it can bear. */
export interface Bearable {
  readonly rate_limit: { readonly limit: number; readonly period_seconds: number } | null;
  readonly max_concurrency: number | null;
}

/**
 * Deliveries a second that a run may bring to a destination: all runs together half of what it can bear, the rest is for live traffic.
 * @param runs that may bring it some, this one among them
 */
export function shareOf({ rate_limit, max_concurrency }: Bearable, ratePerSecond: number, runs = 1): number {
  const paced = rate_limit === null ? Infinity : rate_limit.limit / rate_limit.period_seconds;
  // Nobody knows how long a request will take: a second is long.
  const concurrent = max_concurrency ?? Infinity;
  return Math.min(ratePerSecond, Math.min(paced, concurrent) / 2 / Math.max(1, runs));
}

/** So many of them at the most, from the first to the last at equal distances. */
export const spread = <T>(all: readonly T[], most: number): readonly T[] =>
  all.length <= most
    ? all
    : Array.from({ length: most }, (_, index) => all[Math.floor((index * all.length) / most)] as T);

export interface Taken {
  readonly id: DeliveryId;
  readonly destination_id: string;
}

/**
 * When each delivery of a piece goes. No more per second than the run's pace, nor than each destination's share; what would go later
 * than a piece may last is left to the next one, and all behind it.
 * @returns the instants of the first ones, at least of one, and when the piece is over; milliseconds since the epoch
 */
export function timesOf(
  piece: readonly Taken[],
  ratePerSecond: number,
  shares: ReadonlyMap<string, number>,
  begin: number,
): { readonly at: readonly number[]; readonly over: number } {
  const at: number[] = [];
  /** When the run may have the next, and when each destination may; milliseconds from the beginning. */
  let nextMs = 0;
  const free = new Map<string, number>();
  for (const { destination_id } of piece) {
    const afterMs = Math.max(nextMs, free.get(destination_id) ?? 0);
    if (at.length > 0 && afterMs > MAX_PIECE_SECONDS * SECOND_MS) break;
    at.push(Math.ceil(begin + afterMs));
    nextMs = afterMs + SECOND_MS / ratePerSecond;
    free.set(destination_id, afterMs + SECOND_MS / (shares.get(destination_id) ?? ratePerSecond));
  }
  return { at, over: Math.ceil(begin + Math.max(nextMs, ...free.values())) };
}
