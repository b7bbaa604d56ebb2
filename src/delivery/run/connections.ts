// The connections of one invocation, shared by the destinations of its batch. Half of them are reserved for destinations that are known to be
// quick, so that slow destinations never hold all of them.

interface Waiting {
  readonly isQuick: () => boolean;
  readonly resolve: (giveBack: () => void) => void;
}

export class Connections {
  #free: number;
  /** Free connections for destinations that are not known to be quick. */
  #freeForOthers: number;
  readonly #line: Waiting[] = [];

  constructor(total: number, keptForQuick: number) {
    this.#free = total;
    this.#freeForOthers = total - keptForQuick;
  }

  /** First come, first served. @param isQuick called whenever a connection is free @returns a function that gives the connection back */
  take(isQuick: () => boolean): Promise<() => void> {
    return new Promise((resolve) => {
      this.#line.push({ isQuick, resolve });
      this.#serve();
    });
  }

  #serve(): void {
    for (let place = 0; this.#free > 0 && place < this.#line.length;) {
      const waiting = this.#line[place];
      const quick = waiting?.isQuick() === true;
      if (!quick && this.#freeForOthers === 0) {
        place += 1;
        continue;
      }
      this.#line.splice(place, 1);
      this.#free -= 1;
      if (!quick) this.#freeForOthers -= 1;
      waiting?.resolve(() => {
        this.#free += 1;
        if (!quick) this.#freeForOthers += 1;
        this.#serve();
      });
    }
  }
}
