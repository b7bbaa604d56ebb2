// Logs refused requests at a bounded rate, so that a flood of them floods neither the log nor its bill. Requests to unknown sources get no
// line each. Requests without a line are counted, and the counts are logged once a minute.
import { REFUSAL_LINES_PER_MINUTE } from "../config/limits.ts";
import type { Clock } from "../kernel/clock.ts";
import { MINUTE_MS } from "../kernel/durations.ts";
import type { RefusalReason } from "../model/rejection.ts";

export interface RefusalLogPorts {
  readonly now: Clock;
  readonly info: (message: string, fields: Readonly<Record<string, string | number | null>>) => void;
}

export class RefusalLog {
  readonly ports: RefusalLogPorts;
  #since = -Infinity;
  #lines = 0;
  #counts: Partial<Record<RefusalReason, number>> = {};

  constructor(ports: RefusalLogPorts) {
    this.ports = ports;
  }

  add(reason: RefusalReason, fields: Readonly<Record<string, string | null>>): void {
    const now = this.ports.now();
    if (now - this.#since >= MINUTE_MS) this.#startMinute(now);
    if (reason === "unknown_source" || this.#lines >= REFUSAL_LINES_PER_MINUTE) {
      this.#counts[reason] = (this.#counts[reason] ?? 0) + 1;
      return;
    }
    this.#lines += 1;
    this.ports.info("refused", { reason, ...fields });
  }

  #startMinute(now: number): void {
    if (Object.keys(this.#counts).length > 0) this.ports.info("refused without a line each", this.#counts);
    this.#since = now;
    this.#lines = 0;
    this.#counts = {};
  }
}
