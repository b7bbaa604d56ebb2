// Computes when a caller can start each of its sends, from how many it can have in flight and how long one takes.

export class Caller {
  /** Ascending. */
  readonly #starts: number[] = [];
  readonly #width: number | null;
  readonly #sendMs: number;
  readonly #from: number;

  /**
   * @param width sends in flight at a time; 0 if the caller starts none; null if it did not say, which counts as all at once
   * @param from when it can start the first send. Milliseconds since the epoch
   */
  constructor(width: number | null, sendMs: number, from: number) {
    this.#width = width;
    this.#sendMs = sendMs;
    this.#from = from;
  }

  /** When it has a connection for the next send; Infinity if it starts none. Milliseconds since the epoch. */
  get freeAt(): number {
    if (this.#width === 0) return Infinity;
    const before = this.#width === null ? undefined : this.#starts[this.#starts.length - this.#width];
    return before === undefined ? this.#from : before + this.#sendMs;
  }

  /** @param at not before. Milliseconds since the epoch */
  start(at: number): void {
    this.#starts.push(Math.max(at, this.freeAt));
  }

  /** The most sends in flight at once, and one to spare for sends that take longer. */
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
