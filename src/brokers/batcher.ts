// Gathers messages that are sent at about the same time into the batches that a queue's API takes.
import type { BrokerPorts, Confirmed } from "./types.ts";
import { err } from "../kernel/result.ts";
import { Places } from "../kernel/places.ts";
import { fault } from "./faults.ts";

export interface BatchLimits {
  readonly messages: number;
  /** With all attributes. */
  readonly bytes: number;
}

interface Waiting<Entry> {
  readonly entry: Entry;
  readonly bytes: number;
  readonly resolve: (confirmed: Confirmed) => void;
}

/** How long a batch waits for further messages. Milliseconds. */
const GATHER_MS = 5;
/** Calls at a time, of the six that the platform allows an invocation. */
const MAX_CALLS = 3;

export class Batcher<Entry> {
  readonly #limits: BatchLimits;
  readonly #sleep: BrokerPorts["sleep"];
  readonly #send: (entries: readonly Entry[]) => Promise<readonly Confirmed[]>;
  readonly #calls = new Places(MAX_CALLS);
  #waiting: Waiting<Entry>[] = [];
  #bytes = 0;

  /** @param send answers in the order of the entries; may throw */
  constructor(
    limits: BatchLimits,
    sleep: BrokerPorts["sleep"],
    send: (entries: readonly Entry[]) => Promise<readonly Confirmed[]>,
  ) {
    this.#limits = limits;
    this.#sleep = sleep;
    this.#send = send;
  }

  async add(entry: Entry, bytes: number): Promise<Confirmed> {
    const { messages, bytes: most } = this.#limits;
    if (bytes > most) return err(fault("too_large", `The message with its attributes is larger than ${most} bytes.`));
    if (this.#waiting.length === messages || this.#bytes + bytes > most) this.#flush();
    const { promise, resolve } = Promise.withResolvers<Confirmed>();
    this.#waiting.push({ entry, bytes, resolve });
    this.#bytes += bytes;
    const batch = this.#waiting;
    if (batch.length === 1)
      void this.#sleep(GATHER_MS).then(() => (this.#waiting === batch ? this.#flush() : undefined));
    return promise;
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    if (batch.length > 0) void this.#calls.with(() => this.#settle(batch));
  }

  async #settle(batch: readonly Waiting<Entry>[]): Promise<void> {
    let confirmed: readonly Confirmed[];
    try {
      confirmed = await this.#send(batch.map(({ entry }) => entry));
    } catch (error) {
      const why = fault("network", error instanceof Error ? error.message : "The request failed.");
      confirmed = batch.map(() => err(why));
    }
    const silent = err(fault("no_result", "The answer does not say what became of this message."));
    for (const [index, { resolve }] of batch.entries()) resolve(confirmed[index] ?? silent);
  }
}

/** The same for messages that are all told the same. */
export const toAll = (entries: readonly unknown[], confirmed: Confirmed): readonly Confirmed[] =>
  entries.map(() => confirmed);
