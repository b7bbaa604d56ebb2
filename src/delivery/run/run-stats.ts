// What the sends of one batch to one destination say about its health.
import type { ErrorCode } from "../../model/delivery.ts";
import type { Outcome } from "../../outbound/index.ts";

const NETWORK: ReadonlySet<ErrorCode> = new Set(["timeout", "dns", "connect_refused", "tls", "reset", "network"]);
/** A broker's words for what a server says with 429 and 5xx. */
const OF_BROKERS: ReadonlySet<ErrorCode> = new Set(["throttled", "broker_error"]);

/** Server errors, timeouts and other network errors, 408 and 429. Any other answer says something about the request, not about the destination. */
const isFailure = ({ status, error }: Outcome): boolean =>
  (error !== null && (NETWORK.has(error) || OF_BROKERS.has(error))) ||
  (status !== null && (status >= 500 || status === 408 || status === 429));

const isThrottled = ({ status, error }: Outcome): boolean => status === 429 || status === 503 || error === "throttled";

export class RunStats {
  sends = 0;
  successes = 0;
  failures = 0;
  throttled = 0;
  timeouts = 0;
  #trailing = 0;
  #throttledAt: number | null = null;
  #first = Infinity;
  #last = 0;
  #totalMs = 0;
  /** The sends in flight. */
  readonly #underWay = new Set<{ readonly startedAt: number }>();

  /** @returns a function to call when the send ends, with or without an answer */
  begin(startedAt: number): () => void {
    const send = { startedAt };
    this.#underWay.add(send);
    return () => void this.#underWay.delete(send);
  }

  /** The age of the oldest send in flight. Milliseconds; 0 without any. */
  longestUnderWay(now: number): number {
    return Math.max(0, ...[...this.#underWay].map(({ startedAt }) => now - startedAt));
  }

  /** @param startedAt when the send began; it ended `now`. Milliseconds since the epoch */
  add(outcome: Outcome & { readonly durationMs: number }, startedAt: number, now: number): void {
    this.sends += 1;
    this.#totalMs += outcome.durationMs;
    this.#first = Math.min(this.#first, startedAt);
    this.#last = Math.max(this.#last, now);
    if (outcome.error === "timeout") this.timeouts += 1;
    if (isThrottled(outcome)) {
      this.throttled += 1;
      this.#throttledAt = Math.max(this.#throttledAt ?? 0, startedAt);
    }
    if (isFailure(outcome)) {
      this.failures += 1;
      this.#trailing += 1;
    } else if (outcome.error === null) {
      this.successes += 1;
      this.#trailing = 0;
    }
  }

  summary() {
    return {
      successes: this.successes,
      failures: this.failures,
      neutral: this.sends - this.successes - this.failures,
      trailing_failures: this.#trailing,
      throttled: this.throttled,
      throttled_at: this.#throttledAt,
      span_ms: this.sends === 0 ? 0 : this.#last - this.#first,
      mean_ms: this.sends === 0 ? null : this.#totalMs / this.sends,
    };
  }
}
