// Whether the record has no room left. The sweep finds out and publishes it; an isolate asks once in a while, so that ingest never waits for D1.
import { RECORD_FULL_ASK_MS } from "../config/limits.ts";
import type { Clock } from "../kernel/clock.ts";

export class RecordFull {
  #isFull = false;
  #askedAt = -Infinity;

  readonly #now: Clock;
  /** What the sweep has published. May throw. */
  readonly #read: () => Promise<boolean>;
  readonly #report: (error: unknown) => void;

  constructor(now: Clock, read: () => Promise<boolean>, report: (error: unknown) => void) {
    this.#now = now;
    this.#read = read;
    this.#report = report;
  }

  /** While it cannot be asked, the last answer counts. Never throws. */
  async refuses(): Promise<boolean> {
    const now = this.#now();
    if (now - this.#askedAt < RECORD_FULL_ASK_MS) return this.#isFull;
    this.#askedAt = now;
    try {
      this.#isFull = await this.#read();
    } catch (error) {
      this.#report(error);
    }
    return this.#isFull;
  }
}
