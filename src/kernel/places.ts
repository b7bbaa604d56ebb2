// A limited number of places. A task waits until one is free; tasks get places in the order in which they asked.

export class Places {
  #free: number;
  readonly #line: (() => void)[] = [];

  constructor(total: number) {
    this.#free = total;
  }

  /** Runs the work when there is a place for it. */
  async with<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#line.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
