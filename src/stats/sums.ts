// Adds counts up by bucket of time and by group. Sums are immutable: adding to them copies what it touches. Pure.
import type { Counts } from "./counts.ts";

/** Sums by start of the bucket, milliseconds since the epoch. */
export type BucketCounts = ReadonlyMap<number, Counts>;

export interface Sums {
  readonly overall: BucketCounts;
  /** By group. */
  readonly groups: ReadonlyMap<string, BucketCounts>;
}

export const NO_SUMS: Sums = { overall: new Map(), groups: new Map() };

/** Adds to existing sums without changing them. */
export class Adder {
  readonly #overall: Buckets;
  readonly #groups = new Map<string, Buckets>();

  constructor(before: Sums) {
    this.#overall = new Buckets(before.overall);
    for (const [group, sums] of before.groups) this.#groups.set(group, new Buckets(sums));
  }

  /** @param group null: counts in the overall sums only */
  add(group: string | null, at: number, counts: Counts): void {
    this.#overall.add(at, counts);
    if (group === null) return;
    const buckets = this.#groups.get(group) ?? new Buckets(new Map());
    this.#groups.set(group, buckets);
    buckets.add(at, counts);
  }

  get groups(): number {
    return this.#groups.size;
  }

  /** The sums so far. Nothing may be added afterwards. */
  sums(): Sums {
    return {
      overall: this.#overall.sums,
      groups: new Map([...this.#groups].map(([group, buckets]) => [group, buckets.sums])),
    };
  }
}

class Buckets {
  readonly sums: Map<number, Counts>;
  /** Copies made here, which may be changed. */
  readonly #own = new Map<number, Record<string, number>>();

  constructor(before: BucketCounts) {
    this.sums = new Map(before);
  }

  add(at: number, counts: Counts): void {
    let sum = this.#own.get(at);
    if (sum === undefined) {
      sum = { ...this.sums.get(at) };
      this.#own.set(at, sum);
      this.sums.set(at, sum);
    }
    for (const name in counts) sum[name] = (sum[name] ?? 0) + (counts[name] ?? 0);
  }
}
