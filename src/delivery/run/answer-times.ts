// How long destinations took to answer recently, as seen by one isolate. Only a hint: an unknown destination is tried with one request first.
import { MAX_KNOWN_ANSWER_TIMES, QUICK_ANSWER_MS } from "../../config/limits.ts";
import { BoundedMap } from "../../kernel/bounded-map.ts";
import { MINUTE_MS, SECOND_MS } from "../../kernel/durations.ts";

/** A slow destination is tried again soon. */
const QUICK_KNOWN_MS = MINUTE_MS;
const SLOW_KNOWN_MS = 10 * SECOND_MS;
/** The weight of the latest answer in the mean. */
const WEIGHT = 0.3;

export class AnswerTimes {
  readonly #known = new BoundedMap<string, { readonly meanMs: number; readonly at: number }>(MAX_KNOWN_ANSWER_TIMES);

  /** The mean answer time in milliseconds; null if unknown. */
  of(destinationId: string, now: number): number | null {
    const known = this.#known.get(destinationId);
    if (known === undefined) return null;
    const lastsMs = known.meanMs < QUICK_ANSWER_MS ? QUICK_KNOWN_MS : SLOW_KNOWN_MS;
    return now - known.at < lastsMs ? known.meanMs : null;
  }

  /** @param ms how long an answer took, or how long it has been awaited */
  learn(destinationId: string, ms: number, now: number): void {
    const before = this.of(destinationId, now) ?? ms;
    this.#known.set(destinationId, { meanMs: before + WEIGHT * (ms - before), at: now });
  }
}
