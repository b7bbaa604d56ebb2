// Counts refused requests in this isolate's memory and writes sums every few seconds, so that a flood of forged requests costs few rows.
// If the isolate ends, it loses the counts of a few seconds at most.
import {
  MAX_PENDING_REJECTION_KEYS,
  MAX_PENDING_SAMPLES,
  REJECTION_FLUSH_MS,
  REJECTION_SAMPLES,
} from "../config/limits.ts";
import type { Clock } from "../kernel/clock.ts";
import { HOUR_MS } from "../kernel/durations.ts";
import type { RejectionCount, RejectionSample, RejectionSamples } from "../model/rejection.ts";
import type { Rejection } from "./ports.ts";
import { buildSample } from "./rejection-sample.ts";

export interface TallyPorts {
  readonly now: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  /** Adds to the stored counts. May throw. */
  readonly write: (counts: readonly RejectionCount[], samples: readonly RejectionSamples[]) => Promise<void>;
  readonly report: (what: string, error: unknown) => void;
}

/** `waitUntil` lasts 30 s after the answer at most. */
const BACKGROUND_MS = 25_000;
/** A flush that has run for this long was cancelled together with its request. */
const LOST_MS = 35_000;

type Key = Pick<RejectionCount, "source_id" | "reason">;

export class RejectionTally {
  #counts = new Map<string, RejectionCount>();
  #samples = new Map<string, { key: Key; samples: RejectionSample[] }>();
  #pendingSamples = 0;
  #writtenAt = -Infinity;
  /** When the current flush began. The platform may cancel it together with its request, without notice. */
  #flushingSince: number | null = null;

  readonly ports: TallyPorts;

  constructor(ports: TallyPorts) {
    this.ports = ports;
  }

  /** Never throws, never waits. @param background runs the flush */
  add(rejection: Rejection, background: (work: Promise<unknown>) => void): void {
    const key: Key = { source_id: rejection.source?.id ?? null, reason: rejection.reason };
    this.#count({ ...key, hour: Math.floor(rejection.at / HOUR_MS) * HOUR_MS, count: 1 });
    this.#keepSample(key, buildSample(rejection));
    this.settle(background);
  }

  /** Starts a flush if anything is pending. Every request calls it, so that a failed write is repeated at the next request. */
  settle(background: (work: Promise<unknown>) => void): void {
    const now = this.ports.now();
    if (this.#counts.size === 0) return;
    if (this.#flushingSince !== null && now - this.#flushingSince < LOST_MS) return;
    this.#flushingSince = now;
    background(this.#flush());
  }

  /** Continues while more comes in, and repeats failed writes, for as long as the request's background work may last. */
  async #flush(): Promise<void> {
    const until = this.ports.now() + BACKGROUND_MS;
    try {
      while (this.#counts.size > 0 && this.ports.now() < until) {
        const waitMs = this.#writtenAt + REJECTION_FLUSH_MS - this.ports.now();
        if (waitMs > 0) await this.ports.sleep(waitMs);
        await this.#write();
      }
    } finally {
      this.#flushingSince = null;
    }
  }

  async #write(): Promise<void> {
    const counts = this.#counts;
    const samples = this.#samples;
    this.#counts = new Map();
    this.#samples = new Map();
    this.#pendingSamples = 0;
    this.#writtenAt = this.ports.now();
    try {
      await this.ports.write(
        [...counts.values()],
        [...samples.values()].map((entry) => ({ ...entry.key, samples: entry.samples })),
      );
    } catch (error) {
      this.ports.report("rejections", error);
      // Counts are kept for the next try; samples are not worth the memory.
      for (const count of counts.values()) this.#count(count);
    }
  }

  #count(count: RejectionCount): void {
    const own = `${count.source_id ?? ""} ${count.reason} ${count.hour}`;
    const full = this.#counts.size >= MAX_PENDING_REJECTION_KEYS && !this.#counts.has(own);
    // Beyond the limit, the total stays right but the source is not named.
    const kept = full ? { ...count, source_id: null } : count;
    const key = full ? ` ${count.reason} ${count.hour}` : own;
    this.#counts.set(key, { ...kept, count: (this.#counts.get(key)?.count ?? 0) + count.count });
  }

  #keepSample(key: Key, sample: RejectionSample): void {
    const name = `${key.source_id ?? ""} ${key.reason}`;
    const entry = this.#samples.get(name) ?? { key, samples: [] };
    if (entry.samples.length >= REJECTION_SAMPLES) {
      entry.samples.pop();
      this.#pendingSamples -= 1;
    } else if (this.#pendingSamples >= MAX_PENDING_SAMPLES) return;
    entry.samples.unshift(sample);
    this.#pendingSamples += 1;
    this.#samples.set(name, entry);
  }
}
