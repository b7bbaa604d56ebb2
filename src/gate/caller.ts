// When a caller can start each of its sends: so many under way at a time, each for as long as sends take.

export class Caller {
  /** Ascending. */
  readonly #starts: number[] = [];
  readonly #width: number | null;
  readonly #sendMs: number;
  readonly #now: number;

  /** @param width sends under way at a time, 0 for a caller that starts none; null where it has not said: it is taken to start all at once */
  constructor(width: number | null, sendMs: number, now: number) {
    this.#width = width;
    this.#sendMs = sendMs;
    this.#now = now;
  }

  /** When it has a connection for its next send; Infinity where it has none at all. Milliseconds since the epoch. */
  get freeAt(): number {
    if (this.#width === 0) return Infinity;
    const before = this.#width === null ? undefined : this.#starts[this.#starts.length - this.#width];
    return before === undefined ? this.#now : before + this.#sendMs;
  }

  /** @param at not before. Milliseconds since the epoch */
  start(at: number): void {
    this.#starts.push(Math.max(at, this.freeAt));
  }

  /** As many as may be under way at once by what a send takes, and one to spare. */
  get underWay(): number {
    let first = 0;
    let most = 0;
    this.#starts.forEach((at, index) => {
      while ((this.#starts[first] ?? at) < at - this.#sendMs) first += 1;
      most = Math.max(most, index - first + 1);
    });
    return Math.min(this.#starts.length, this.#width ?? Infinity, most + 1);
  }
}
