// One invocation of a consumer as the platform bounds it: six connections may wait for an answer at a time, the next ones wait in line.
// What a call to another part takes, and that it throws while the part is away.
import { MAX_OPEN_REQUESTS } from "../../src/config/limits.ts";
import { SECOND_MS } from "../../src/kernel/durations.ts";
import type { Part, Scenario } from "./scenario.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What calls take, half as much again at times. Milliseconds; assumptions, but for the queue's, which Cloudflare has published. */
const CALL_MS: Readonly<Record<Part, number>> = { d1: 15, r2: 40, kv: 10, gate: 10, queue: 60 };
const TAKES_CONNECTION: ReadonlySet<Part> = new Set(["r2", "kv", "queue"]);

export class Network {
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly #outages: Scenario["outages"];
  readonly #startedAt: number;

  constructor(clock: VirtualClock, random: () => number, outages: Scenario["outages"]) {
    this.clock = clock;
    this.random = random;
    this.#outages = outages;
    this.#startedAt = clock.now();
  }

  isAway(part: Part): boolean {
    const at = (this.clock.now() - this.#startedAt) / SECOND_MS;
    return this.#outages.some((outage) => outage.part === part && outage.from_s <= at && at < outage.to_s);
  }

  /** The work is done half-way. @param ms what the call takes */
  readonly call = async <T>(part: Part, work: () => T, ms = CALL_MS[part] * (1 + this.random() / 2)): Promise<T> => {
    await this.clock.sleep(ms / 2);
    if (this.isAway(part)) throw new Error(`${part} is away`);
    const result = work();
    await this.clock.sleep(ms / 2);
    return result;
  };
}

export class Invocation {
  readonly network: Network;
  #free = MAX_OPEN_REQUESTS;
  readonly #line: (() => void)[] = [];

  constructor(network: Network) {
    this.network = network;
  }

  readonly call = <T>(part: Part, work: () => T, ms?: number): Promise<T> => {
    const run = (): Promise<T> => this.network.call(part, work, ms);
    return TAKES_CONNECTION.has(part) ? this.connect(run) : run();
  };

  async connect<T>(run: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#line.push(resolve));
    try {
      return await run();
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
