// Who has to wait when the queue fills up: first whoever fills it most. Pure; each isolate goes by what it has taken in itself lately and
// by what the queue said of its backlog at the latest send.
import {
  BACKLOG_PROBE_MS,
  FULL_SHARE,
  INTAKE_HALF_LIFE_MS,
  MAX_CACHED_ROUTES,
  MAX_QUEUE_BACKLOG_BYTES,
} from "../config/limits.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";

/**
 * Between the threshold and `FULL_SHARE` the largest sources are refused until together they make up as much of the intake as the way
 * that the queue has gone: the largest alone at the threshold, all of them at the end.
 * @param intake bytes taken in lately, by source
 * @param fill the share of the queue that is full
 */
export function hasToWait(
  source: string,
  intake: ReadonlyMap<string, number>,
  fill: number,
  threshold: number,
): boolean {
  if (fill < threshold) return false;
  if (fill >= FULL_SHARE) return true;
  const own = intake.get(source) ?? 0;
  let total = 0;
  let ahead = 0;
  for (const [name, bytes] of intake) {
    total += bytes;
    if (bytes > own || (bytes === own && name < source)) ahead += bytes;
  }
  return own > 0 && ahead / total <= (fill - threshold) / (FULL_SHARE - threshold);
}

interface Taken {
  readonly bytes: number;
  readonly at: number;
}

export class IntakeMeter {
  readonly #taken = new BoundedMap<string, Taken>(MAX_CACHED_ROUTES);
  #backlog: { readonly bytes: number; readonly at: number } | null = null;

  /** @param threshold the share of the queue's capacity from which sources are refused */
  readonly threshold: number;

  constructor(threshold: number) {
    this.threshold = threshold;
  }

  /** A message of this source has gone to the queue. @param backlogBytes what the queue then said; null when it did not */
  sent(source: string, bytes: number, backlogBytes: number | null, now: number): void {
    this.#taken.set(source, { bytes: lately(this.#taken.get(source), now) + bytes, at: now });
    if (backlogBytes !== null) this.#backlog = { bytes: backlogBytes, at: now };
  }

  /** The queue has refused a message because it is full. */
  full(now: number): void {
    this.#backlog = { bytes: MAX_QUEUE_BACKLOG_BYTES, at: now };
  }

  refuses(source: string, now: number): boolean {
    const backlog = this.#backlog;
    if (backlog === null || backlog.bytes < this.threshold * MAX_QUEUE_BACKLOG_BYTES) return false;
    if (now - backlog.at >= BACKLOG_PROBE_MS) {
      // Where all are refused nobody would learn that the queue has emptied: one request now and then goes through and asks.
      this.#backlog = { ...backlog, at: now };
      return false;
    }
    const intake = new Map([...this.#taken].map(([name, taken]) => [name, lately(taken, now)]));
    return hasToWait(source, intake, backlog.bytes / MAX_QUEUE_BACKLOG_BYTES, this.threshold);
  }
}

/** What is left of it: half after each half-life. */
const lately = (taken: Taken | undefined, now: number): number =>
  taken === undefined ? 0 : taken.bytes * 2 ** (-(now - taken.at) / INTAKE_HALF_LIFE_MS);
