// Time that moves only when nothing is left to do at its present instant. The real code runs on it as it stands, promises and all.

interface Timer {
  readonly at: number;
  /** Timers of one instant fire in the order in which they were set. */
  readonly serial: number;
  readonly fire: () => void;
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.serial < b.serial);

/** A turn of the event loop begins after all promises have been followed to their end: nothing here waits for anything else. */
const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class VirtualClock {
  #now: number;
  #serial = 0;
  /** A binary heap, the earliest first. */
  readonly #timers: Timer[] = [];

  constructor(startAt: number) {
    this.#now = startAt;
  }

  readonly now = (): number => this.#now;

  readonly sleep = (ms: number): Promise<void> => new Promise((resolve) => this.at(this.#now + ms, resolve));

  readonly endsWithin = (ms: number, work: Promise<unknown>): Promise<boolean> =>
    new Promise((resolve) => {
      this.at(this.#now + ms, () => resolve(false));
      work.then(
        () => resolve(true),
        () => resolve(true),
      );
    });

  /** Whole milliseconds, rounded up, as a clock shows them. */
  at(ms: number, fire: () => void): void {
    const timers = this.#timers;
    timers.push({ at: Math.max(Math.ceil(ms), this.#now), serial: this.#serial++, fire });
    let child = timers.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#swapUnlessOrdered(parent, child)) break;
      child = parent;
    }
  }

  /** Lets time pass until `end`, or until nothing is left to happen. */
  async run(end: number): Promise<void> {
    for (;;) {
      await drained();
      const next = this.#timers[0];
      if (next === undefined || next.at > end) break;
      this.#now = next.at;
      for (let first = this.#timers[0]; first !== undefined && first.at <= this.#now; first = this.#timers[0]) {
        this.#removeFirst();
        first.fire();
      }
    }
    this.#now = Math.max(this.#now, end);
  }

  #removeFirst(): void {
    const timers = this.#timers;
    const last = timers.pop();
    if (last === undefined || timers.length === 0) return;
    timers[0] = last;
    for (let parent = 0; ;) {
      const left = 2 * parent + 1;
      const right = left + 1;
      const [a, b] = [timers[left], timers[right]];
      if (a === undefined) return;
      const child = b !== undefined && isBefore(b, a) ? right : left;
      if (!this.#swapUnlessOrdered(parent, child)) return;
      parent = child;
    }
  }

  #swapUnlessOrdered(parent: number, child: number): boolean {
    const [a, b] = [this.#timers[parent], this.#timers[child]];
    if (a === undefined || b === undefined || !isBefore(b, a)) return false;
    this.#timers[parent] = b;
    this.#timers[child] = a;
    return true;
  }
}
