// When a caller can start each of its sends: so many under way at a time, each for as long as sends take.

export class Caller {
  /** Ascending. */
  readonly #starts: number[] = [];
  readonly #width: number | null;
  readonly #sendMs: number;
  readonly #now: number;

  /** @param width sends under way at a time; null for a caller that has not said: it is taken to start all of them at once */
  constructor(width: number | null, sendMs: number, now: number) {
    this.#width = width;
    this.#sendMs = sendMs;
    this.#now = now;
  }

  /** When it has a connection for its next send. Milliseconds since the epoch. */
  get freeAt(): number {
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
