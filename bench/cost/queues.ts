// Queues whose time the bench moves: a batch goes out when it is full or its first message has waited long enough, and delays of days pass at
// once. One invocation at a time.
import { moveTo } from "./clock.ts";

const SECOND_MS = 1_000;
/** As `retry_delay` in wrangler.toml. */
const RETRY_DELAY_SECONDS = 10;

interface Waiting {
  readonly id: string;
  readonly body: unknown;
  readonly sentAt: Date;
  visibleAt: number;
  attempts: number;
}

export interface BatchSettings {
  readonly size: number;
  /** How long the first message waits for company. */
  readonly waitMs: number;
}

export class MovedQueue {
  readonly name: string;
  readonly #maxSize: number;
  #waiting: Waiting[] = [];

  constructor(name: string, maxSize: number) {
    this.name = name;
    this.#maxSize = maxSize;
  }

  send(body: unknown, { delaySeconds = 0 }: QueueSendOptions = {}): Promise<void> {
    const at = Date.now();
    this.#waiting.push({
      id: crypto.randomUUID(),
      body: structuredClone(body),
      sentAt: new Date(at),
      visibleAt: at + delaySeconds * SECOND_MS,
      attempts: 1,
    });
    this.#waiting.sort((a, b) => a.visibleAt - b.visibleAt);
    return Promise.resolve();
  }

  async sendBatch(messages: Iterable<MessageSendRequest>): Promise<void> {
    for (const { body, delaySeconds = 0 } of messages) await this.send(body, { delaySeconds });
  }

  metrics(): Promise<{ backlogCount: number; backlogBytes: number }> {
    return Promise.resolve({ backlogCount: this.#waiting.length, backlogBytes: 0 });
  }

  /** When the next batch goes out; `Infinity` where nothing waits. */
  nextAt(settings: BatchSettings): number {
    const first = this.#waiting[0];
    if (first === undefined) return Infinity;
    const full = this.#waiting[this.#size(settings) - 1];
    return Math.min(first.visibleAt + settings.waitMs, full?.visibleAt ?? Infinity);
  }

  /** Hands out a batch. What the consumer decides counts when its invocation ends. */
  async handOut(settings: BatchSettings, consume: (batch: MessageBatch) => Promise<void>): Promise<void> {
    const at = Date.now();
    const taken = this.#waiting.filter(({ visibleAt }) => visibleAt <= at).slice(0, this.#size(settings));
    this.#waiting = this.#waiting.filter((one) => !taken.includes(one));
    const again: Waiting[] = [];
    const messages = taken.map((one): Message => {
      const retry = ({ delaySeconds = RETRY_DELAY_SECONDS }: QueueRetryOptions = {}): void =>
        void again.push({ ...one, attempts: one.attempts + 1, visibleAt: Date.now() + delaySeconds * SECOND_MS });
      return { id: one.id, body: one.body, timestamp: one.sentAt, attempts: one.attempts, ack: () => undefined, retry };
    });
    const batch = { queue: this.name, messages, ackAll: () => undefined, retryAll: () => undefined };
    await consume(batch as unknown as MessageBatch);
    this.#waiting = [...this.#waiting, ...again].sort((a, b) => a.visibleAt - b.visibleAt);
  }

  #size({ size }: BatchSettings): number {
    return Math.min(size, this.#maxSize);
  }
}

/** Hands out what goes out before `until`, in order, and moves the clock there. @returns whether anything waits still */
export async function runQueues(
  queues: readonly MovedQueue[],
  settings: BatchSettings,
  until: number,
  consume: (batch: MessageBatch) => Promise<void>,
): Promise<boolean> {
  for (;;) {
    const times = queues.map((queue) => queue.nextAt(settings));
    const at = Math.min(...times);
    if (at === Infinity || at > until) {
      if (until !== Infinity) moveTo(until);
      return at !== Infinity;
    }
    moveTo(at);
    await queues[times.indexOf(at)]?.handOut(settings, consume);
  }
}
