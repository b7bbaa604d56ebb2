// Counts refused requests in this isolate's memory and writes sums: a flood of forged requests costs rows by the second, not by the request.
// What is not written yet is lost with the isolate, a few seconds' worth at most.
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
import { sampleOf } from "./rejection-sample.ts";

export interface TallyPorts {
  readonly now: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  /** Adds to what is on record. May throw. */
  readonly write: (counts: readonly RejectionCount[], samples: readonly RejectionSamples[]) => Promise<void>;
  readonly report: (what: string, error: unknown) => void;
}

/** `waitUntil` lasts 30 s after the answer at the most. */
const BACKGROUND_MS = 25_000;
const LOST_MS = 35_000;

type Key = Pick<RejectionCount, "source_id" | "reason">;

export class RejectionTally {
  #counts = new Map<string, RejectionCount>();
  #samples = new Map<string, { key: Key; samples: RejectionSample[] }>();
  #pendingSamples = 0;
  #writtenAt = -Infinity;
  /** When the writing that is under way began. The platform may end it with its request, and then nobody says so. */
  #underWaySince: number | null = null;

  readonly ports: TallyPorts;

  constructor(ports: TallyPorts) {
    this.ports = ports;
  }

  /** Never throws, never waits. @param background takes the writing */
  add(rejection: Rejection, background: (work: Promise<unknown>) => void): void {
    const key: Key = { source_id: rejection.source?.id ?? null, reason: rejection.reason };
    this.#count({ ...key, hour: Math.floor(rejection.at / HOUR_MS) * HOUR_MS, count: 1 });
    this.#keepSample(key, sampleOf(rejection));
    this.settle(background);
  }

  /** Writes what is pending, now or as soon as it is time again. For every request to call: a failed write waits for the next one. */
  settle(background: (work: Promise<unknown>) => void): void {
    const now = this.ports.now();
    if (this.#counts.size === 0) return;
    if (this.#underWaySince !== null && now - this.#underWaySince < LOST_MS) return;
    this.#underWaySince = now;
    background(this.#flush());
  }

  /** Goes on while more comes in, and tries again what could not be written, for as long as the request's background lasts. */
  async #flush(): Promise<void> {
    const until = this.ports.now() + BACKGROUND_MS;
    try {
      while (this.#counts.size > 0 && this.ports.now() < until) {
        const waitMs = this.#writtenAt + REJECTION_FLUSH_MS - this.ports.now();
        if (waitMs > 0) await this.ports.sleep(waitMs);
        await this.#write();
      }
    } finally {
      this.#underWaySince = null;
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
      // Counts are worth keeping; samples of a time without a record are not.
      for (const count of counts.values()) this.#count(count);
    }
  }

  #count(count: RejectionCount): void {
    const own = `${count.source_id ?? ""} ${count.reason} ${count.hour}`;
    const full = this.#counts.size >= MAX_PENDING_REJECTION_KEYS && !this.#counts.has(own);
    // Beyond the bound the total stays right, at the price of the name.
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
