// R2 as far as D1's outages need it: what is kept under `pending/`, in memory.
import { PENDING_PAGE_KEYS } from "../../src/config/record-limits.ts";
import { pendingKey } from "../../src/model/pending-key.ts";
import type { Writes } from "../../src/delivery/index.ts";

export class PendingObjects {
  readonly #objects = new Map<string, readonly Writes[]>();
  #serial = 0;

  put(outcomes: readonly Writes[], now: number): void {
    this.#objects.set(pendingKey(now, String(this.#serial++).padStart(9, "0")), outcomes);
  }

  read(key: string): readonly Writes[] | null {
    return this.#objects.get(key) ?? null;
  }

  remove(keys: readonly string[]): void {
    for (const key of keys) this.#objects.delete(key);
  }

  /** As R2 lists. */
  list(after: string | null): readonly string[] {
    const keys = [...this.#objects.keys()].filter((key) => after === null || key > after);
    return keys.sort().slice(0, PENDING_PAGE_KEYS);
  }

  *all(): Generator<Writes> {
    for (const outcomes of this.#objects.values()) yield* outcomes;
  }
}
