// Limits the events that an isolate puts into the outbox while the queue refuses them, so that a flood does not move to D1. Pure.
import { SPILLED_PER_MINUTE } from "../config/limits.ts";
import { MINUTE_MS } from "../kernel/durations.ts";

type Fault = keyof typeof SPILLED_PER_MINUTE;

export class SpillBudget {
  #minute = 0;
  #spilled = 0;

  /** Counts one more event, if it may go to the outbox. @param fault of the queue @param now milliseconds since the epoch */
  take(fault: Fault, now: number): boolean {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#spilled = 0;
    }
    if (this.#spilled >= SPILLED_PER_MINUTE[fault]) return false;
    this.#spilled += 1;
    return true;
  }
}
