// Limits the bytes of bodies that an isolate holds while it reads and verifies them. Without a limit, a few hundred stalled senders would
// fill its memory.

export class BodyBudget {
  readonly maxBytes: number;
  #held = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** One request's share. Its `release` must be called when the request ends, however it ends. */
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
  /** False when the budget does not suffice; then nothing is taken. */
  readonly take: (bytes: number) => boolean;
  /** @param bytes default: everything it holds */
  readonly release: (bytes?: number) => void;
}
