// What destinations' answers have taken of late, as one isolate has seen it. A hint: who is not in it is tried carefully first.
import { MAX_KNOWN_ANSWER_TIMES, QUICK_ANSWER_MS } from "../../config/limits.ts";
import { BoundedMap } from "../../kernel/bounded-map.ts";
import { MINUTE_MS, SECOND_MS } from "../../kernel/durations.ts";

/** One that was not quick is soon tried again. */
const QUICK_KNOWN_MS = MINUTE_MS;
const SLOW_KNOWN_MS = 10 * SECOND_MS;
/** How much of the mean the latest answer makes up. */
const WEIGHT = 0.3;

export class AnswerTimes {
  readonly #known = new BoundedMap<string, { readonly meanMs: number; readonly at: number }>(MAX_KNOWN_ANSWER_TIMES);

  /** Milliseconds; null where nothing is known. */
  of(destinationId: string, now: number): number | null {
    const known = this.#known.get(destinationId);
    if (known === undefined) return null;
    const lastsMs = known.meanMs < QUICK_ANSWER_MS ? QUICK_KNOWN_MS : SLOW_KNOWN_MS;
    return now - known.at < lastsMs ? known.meanMs : null;
  }

  /** @param ms what an answer took, or has taken so far */
  learn(destinationId: string, ms: number, now: number): void {
    const before = this.of(destinationId, now) ?? ms;
    this.#known.set(destinationId, { meanMs: before + WEIGHT * (ms - before), at: now });
  }
}
