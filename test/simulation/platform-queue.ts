// A queue and its consumers as Cloudflare runs them. Messages wait until they are visible; a batch goes out when it is full or its first
// message has waited for the batch's time; what the consumer decides counts when its invocation ends.
import { SECOND_MS } from "../../src/kernel/durations.ts";
import type { Incoming } from "../../src/delivery/index.ts";
import type { QueueSettings } from "./queue-settings.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface Message {
  readonly id: string;
  readonly body: unknown;
  readonly sentAt: number;
  attempts: number;
  visibleAt: number;
}

type Verdict = { readonly kind: "ack" } | { readonly kind: "retry"; readonly delaySeconds: number };

const MOST_CONSUMERS = 250;
/** The number of consumers doubles at most once in so long. */
const GROWTH_MS = 10 * SECOND_MS;

export interface QueuePorts {
  readonly clock: VirtualClock;
  /** One invocation of the consumer. */
  readonly consume: (batch: readonly Incoming[]) => Promise<void>;
  /** Whether the queue can neither take nor hand out messages now. */
  readonly isAway: () => boolean;
  /** Takes what has been retried too often. Null: it is deleted. */
  readonly deadLetters: PlatformQueue | null;
}

export class PlatformQueue {
  readonly settings: QueueSettings;
  readonly #ports: QueuePorts;
  /** Visible, in the order in which they became so, from `#head` on. */
  #ready: Message[] = [];
  #head = 0;
  readonly #inHand = new Set<readonly Message[]>();
  /** Delayed, by the instant at which they become visible. */
  readonly #delayed = new Map<number, Message[]>();
  #allowed: number;
  #grownAt = -Infinity;
  #serial = 0;

  /** @param consumers how many the traffic so far has brought up */
  constructor(settings: QueueSettings, ports: QueuePorts, consumers = 1) {
    this.settings = settings;
    this.#ports = ports;
    this.#allowed = Math.min(MOST_CONSUMERS, Math.max(1, consumers));
  }

  /** Throws while it is away. */
  send(body: unknown, delaySeconds = 0): void {
    if (this.#ports.isAway()) throw new Error("the queue is away");
    this.take(body, delaySeconds);
  }

  /** Hands out what has become due while it was away. */
  resume(): void {
    this.#start();
  }

  /** What the platform itself moves here. */
  take(body: unknown, delaySeconds = 0): void {
    const { clock } = this.#ports;
    const now = clock.now();
    this.#put(
      { id: `${this.settings.queue}-${this.#serial++}`, body, sentAt: now, attempts: 0, visibleAt: now },
      delaySeconds,
    );
  }

  /** Everything that it holds, in hand or waiting. */
  *messages(): Generator<Message> {
    for (const messages of this.#delayed.values()) yield* messages;
    yield* this.#ready.slice(this.#head);
    for (const batch of this.#inHand) yield* batch;
  }

  #put(message: Message, delaySeconds: number): void {
    const { clock } = this.#ports;
    const at = clock.now() + delaySeconds * SECOND_MS;
    message.visibleAt = at;
    const together = this.#delayed.get(at);
    if (together !== undefined) {
      together.push(message);
      return;
    }
    const messages = [message];
    this.#delayed.set(at, messages);
    clock.at(at, () => {
      this.#delayed.delete(at);
      for (const one of messages) this.#ready.push(one);
      this.#start();
      // Where they have company by then, their batch has gone.
      clock.at(at + this.settings.maxBatchTimeout * SECOND_MS, () => this.#start());
    });
  }

  /** Whether a batch is due, full or not. */
  #isDue(): boolean {
    const first = this.#ready[this.#head];
    if (first === undefined) return false;
    const { maxBatchSize, maxBatchTimeout } = this.settings;
    const isFull = this.#ready.length - this.#head >= maxBatchSize;
    return isFull || this.#ports.clock.now() >= first.visibleAt + maxBatchTimeout * SECOND_MS;
  }

  #start(): void {
    while (!this.#ports.isAway() && this.#inHand.size < this.#allowed && this.#isDue()) {
      const end = Math.min(this.#ready.length, this.#head + this.settings.maxBatchSize);
      const batch = this.#ready.slice(this.#head, end);
      this.#head = end;
      if (this.#head > 1_000 && this.#head * 2 > this.#ready.length) {
        this.#ready = this.#ready.slice(this.#head);
        this.#head = 0;
      }
      this.#inHand.add(batch);
      void this.#invoke(batch);
    }
  }

  async #invoke(batch: readonly Message[]): Promise<void> {
    const verdicts = new Map<Message, Verdict>();
    const incoming = batch.map((message): Incoming => {
      message.attempts += 1;
      const decide = (verdict: Verdict): void => void (verdicts.has(message) || verdicts.set(message, verdict));
      return {
        id: message.id,
        timestamp: new Date(message.sentAt),
        body: message.body,
        attempts: message.attempts,
        ack: () => decide({ kind: "ack" }),
        retry: ({ delaySeconds = this.settings.retryDelay } = {}) => decide({ kind: "retry", delaySeconds }),
      };
    });
    let unmarked: Verdict = { kind: "ack" };
    try {
      await this.#ports.consume(incoming);
    } catch {
      unmarked = { kind: "retry", delaySeconds: this.settings.retryDelay };
    }
    this.#inHand.delete(batch);
    for (const message of batch) this.#settle(message, verdicts.get(message) ?? unmarked);
    this.#start();
    if (this.#isDue()) this.#grow();
  }

  #settle(message: Message, verdict: Verdict): void {
    if (verdict.kind === "ack") return;
    if (message.attempts <= this.settings.maxRetries) return this.#put(message, verdict.delaySeconds);
    this.#ports.deadLetters?.take(message.body);
  }

  /** After a batch, where another is due and finds no consumer. Asked too soon after the last time, it happens as soon as it may. */
  #grow(): void {
    const { clock } = this.#ports;
    const wait = this.#grownAt + GROWTH_MS - clock.now();
    if (wait > 0) {
      clock.at(clock.now() + wait, () => {
        if (this.#isDue() && clock.now() >= this.#grownAt + GROWTH_MS) this.#grow();
      });
      return;
    }
    this.#grownAt = clock.now();
    this.#allowed = Math.min(MOST_CONSUMERS, this.#allowed * 2);
    this.#start();
  }
}
