// How many bytes of bodies an isolate holds at a time while it reads and checks them: without a bound, some hundred senders that stall would
// fill its memory.

export class BodyBudget {
  readonly maxBytes: number;
  #held = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The part of one request. `release` is called when the request ends, however it ends. */
  hold(): BodyHold {
    let own = 0;
    return {
      take: (bytes) => {
        if (this.#held + bytes > this.maxBytes) return false;
        this.#held += bytes;
        own += bytes;
        return true;
      },
      release: (bytes = own) => {
        this.#held -= bytes;
        own -= bytes;
      },
    };
  }
}

export interface BodyHold {
  /** False where there is no room; then nothing is taken. */
  readonly take: (bytes: number) => boolean;
  /** @param bytes all of it where they are not given */
  readonly release: (bytes?: number) => void;
}
