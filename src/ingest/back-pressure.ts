// Which sources are refused while the queue fills up: first those that fill it most. Pure. Each isolate decides from its own recent intake
// and from the backlog that the queue reported at the latest send.
import {
  BACKLOG_PROBE_MS,
  FULL_SHARE,
  INTAKE_HALF_LIFE_MS,
  MAX_CACHED_ROUTES,
  MAX_QUEUE_BACKLOG_BYTES,
} from "../config/limits.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";

/**
 * Between the threshold and `FULL_SHARE`, the refused share of the intake grows from zero to one, the largest sources first: at the
 * threshold only the largest source is refused, at `FULL_SHARE` all are.
 * @param intake recently accepted bytes, by source
 * @param fill how full the queue is, 0 to 1
 */
export function mustWait(
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

  /** A message of this source was sent. @param backlogBytes the backlog that the queue reported; null if it did not */
  sent(source: string, bytes: number, backlogBytes: number | null, now: number): void {
    this.#taken.set(source, { bytes: decayed(this.#taken.get(source), now) + bytes, at: now });
    if (backlogBytes !== null) this.#backlog = { bytes: backlogBytes, at: now };
  }

  /** The queue refused a message because it is full. */
  queueFull(now: number): void {
    this.#backlog = { bytes: MAX_QUEUE_BACKLOG_BYTES, at: now };
  }

  refuses(source: string, now: number): boolean {
    const backlog = this.#backlog;
    if (backlog === null || backlog.bytes < this.threshold * MAX_QUEUE_BACKLOG_BYTES) return false;
    if (now - backlog.at >= BACKLOG_PROBE_MS) {
      // If all were refused, the isolate would never learn that the queue has emptied: one request now and then goes through.
      this.#backlog = { ...backlog, at: now };
      return false;
    }
    const intake = new Map([...this.#taken].map(([name, taken]) => [name, decayed(taken, now)]));
    return mustWait(source, intake, backlog.bytes / MAX_QUEUE_BACKLOG_BYTES, this.threshold);
  }
}

/** The bytes that still count: half of them after each half-life. */
const decayed = (taken: Taken | undefined, now: number): number =>
  taken === undefined ? 0 : taken.bytes * 2 ** (-(now - taken.at) / INTAKE_HALF_LIFE_MS);
