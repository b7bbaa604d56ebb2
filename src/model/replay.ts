// A bulk replay: deliveries that ended, chosen by a filter, delivered again at a chosen pace. Pure.
import { SECOND_MS } from "../kernel/durations.ts";
import { MAX_PIECE_DELIVERIES, MAX_PIECE_SECONDS, PIECE_SECONDS } from "../config/record-limits.ts";
import type { ConnectionId, DeliveryId, DestinationId, EventId, ReplayId, SourceId } from "./ids.ts";

/**
 * Deliveries that have ended: dead ones are redriven; for the others a further delivery is made. `ignored`: events that no connection took, over the
 * connections that take them now.
 */
export const REPLAYABLE = ["dead", "delivered", "cancelled", "ignored"] as const;
export const REPLAY_STATUSES = ["running", "done", "cancelled"] as const;

/** As requested. Null means no restriction. */
export interface ReplayFilter {
  /** Null: dead and delivered ones. */
  readonly status: (typeof REPLAYABLE)[number] | null;
  readonly source_id: SourceId | null;
  readonly destination_id: DestinationId | null;
  readonly connection_id: ConnectionId | null;
  readonly event_id: EventId | null;
  /** Absent in what earlier releases stored. */
  readonly event_type?: string | null;
  /** Of dead ones alone: the cause of the issue that they belong to. Absent in what earlier releases stored. */
  readonly cause?: string | null;
  /** Milliseconds since the epoch. */
  readonly from: number | null;
  readonly to: number | null;
}

export interface Replay {
  readonly id: ReplayId;
  readonly status: (typeof REPLAY_STATUSES)[number];
  readonly filter: ReplayFilter;
  readonly rate_per_second: number;
  /** Deliveries that the plan counted, and whether it could count all. */
  readonly matched: number;
  readonly matched_exact: boolean;
  /** Deliveries taken by the run so far: all that match once `collected`. */
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
  /** Keys: those up to `after` are done, and `until` is beyond the last. */
  readonly after: string;
  readonly until: string;
  /** A sample of the latest piece's deliveries. */
  readonly latest: readonly DeliveryId[];
  /** Increases with every step, so that only the first of two messages for a step takes effect. */
  readonly step: number;
  /** When the next step is due. Milliseconds since the epoch. */
  readonly next_at: number;
}

/** Deliveries that one step takes: a few seconds' worth of the pace. */
export const pieceSize = (ratePerSecond: number): number =>
  Math.min(MAX_PIECE_DELIVERIES, Math.max(1, Math.ceil(ratePerSecond * PIECE_SECONDS)));

/** The configured limits of a destination. */
export interface Bearable {
  readonly rate_limit: { readonly limit: number; readonly period_seconds: number } | null;
  readonly max_concurrency: number | null;
}

/**
 * Deliveries a second that a run may send to a destination. All runs together get half of its limits; the rest is for live traffic.
 * @param runs the runs that may send to it, this one included
 */
export function replayShare({ rate_limit, max_concurrency }: Bearable, ratePerSecond: number, runs = 1): number {
  const paced = rate_limit === null ? Infinity : rate_limit.limit / rate_limit.period_seconds;
  // The duration of a request is unknown here: a second is a long one.
  const concurrent = max_concurrency ?? Infinity;
  return Math.min(ratePerSecond, Math.min(paced, concurrent) / 2 / Math.max(1, runs));
}

/** At most `most` of them, from the first to the last at equal distances. */
export const spread = <T>(all: readonly T[], most: number): readonly T[] =>
  all.length <= most
    ? all
    : Array.from({ length: most }, (_, index) => all[Math.floor((index * all.length) / most)] as T);

/**
 * When each delivery of a piece is sent: no faster than the run's pace, nor than each destination's share. Deliveries that would exceed
 * the longest duration of a piece, and all after them, are left to the next piece.
 * @returns the times of the first ones, at least of one, and the end of the piece; milliseconds since the epoch
 */
export function planTimes(
  piece: readonly { readonly destination_id: string }[],
  ratePerSecond: number,
  shares: ReadonlyMap<string, number>,
  begin: number,
): { readonly at: readonly number[]; readonly over: number } {
  const at: number[] = [];
  /** The earliest time of the next delivery of the run, and of each destination. Milliseconds from the beginning. */
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
