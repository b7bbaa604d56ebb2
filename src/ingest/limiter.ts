// An isolate's side of a source's limit. It leases permits in chunks, uses them while they are valid, and remembers a refusal until it
// ends. While the limit's object is unreachable, requests are accepted: too many are better than a lost one.
import { LIMITER_REST_MS, MAX_CACHED_ROUTES, MAX_LEASE } from "../config/limits.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Clock } from "../kernel/clock.ts";
import type { RateLimit } from "../model/policies.ts";
import { largestLease, type LeaseAnswer } from "./source-pace.ts";

export interface LimiterPorts {
  readonly now: Clock;
  /** Throws when the object cannot be reached. */
  readonly lease: (source: string, limit: RateLimit, wanted: number) => Promise<LeaseAnswer>;
  readonly report: (error: unknown) => void;
}

interface SourceLease {
  readonly limit: RateLimit;
  permits: number;
  validUntil: number;
  /** How many permits to request next. */
  chunk: number;
  asking: boolean;
  refusedUntil: number;
  unreachableUntil: number;
}

export class SourceLimiter {
  readonly #leases = new BoundedMap<string, SourceLease>(MAX_CACHED_ROUTES);

  readonly ports: LimiterPorts;

  constructor(ports: LimiterPorts) {
    this.ports = ports;
  }

  /** How long the sender must wait, in milliseconds; null when the request is admitted. Never throws. */
  async waitFor(source: string, limit: RateLimit): Promise<number | null> {
    const lease = this.#lease(source, limit);
    const askedAt = this.ports.now();
    if (askedAt < lease.validUntil && lease.permits > 0) {
      lease.permits -= 1;
      return null;
    }
    if (askedAt < lease.refusedUntil) return lease.refusedUntil - askedAt;
    if (askedAt < lease.unreachableUntil) return null;
    return this.#ask(source, lease, askedAt);
  }

  async #ask(source: string, lease: SourceLease, askedAt: number): Promise<number | null> {
    // One request leases the chunk; concurrent requests lease one permit each.
    const leads = !lease.asking;
    if (leads) {
      lease.asking = true;
      // Grows if all permits were used in time. Shrinks if some expired, because other isolates could have used them.
      lease.chunk = lease.permits === 0 ? lease.chunk * 2 : Math.ceil(lease.chunk / 2);
      lease.chunk = Math.min(lease.chunk, largestLease(lease.limit, MAX_LEASE));
    }
    try {
      const answer = await this.ports.lease(source, lease.limit, leads ? lease.chunk : 1);
      if (answer.granted === 0) {
        lease.refusedUntil = this.ports.now() + answer.retry_ms;
        return Math.max(1, answer.retry_ms);
      }
      if (leads) {
        lease.permits = answer.granted - 1;
        // Measured on this isolate's clock from before the call, so never longer than the object allows.
        lease.validUntil = askedAt + answer.valid_ms;
      }
      return null;
    } catch (error) {
      this.ports.report(error);
      lease.unreachableUntil = this.ports.now() + LIMITER_REST_MS;
      return null;
    } finally {
      if (leads) lease.asking = false;
    }
  }

  #lease(source: string, limit: RateLimit): SourceLease {
    const known = this.#leases.get(source);
    const { limit: count, period_seconds, burst } = limit;
    if (known?.limit.limit === count && known.limit.period_seconds === period_seconds && known.limit.burst === burst)
      return known;
    const lease: SourceLease = {
      limit,
      permits: 0,
      validUntil: 0,
      chunk: 1,
      asking: false,
      refusedUntil: 0,
      unreachableUntil: 0,
    };
    this.#leases.set(source, lease);
    return lease;
  }
}
