// One destination's part of a batch: sends what the gate permits, as long as the destination's own answers leave time. The rest is deferred or
// moves on. Other destinations of the batch have no influence on this decision.
import {
  BATCH_BUDGET_MS,
  FIRST_ATTEMPT_HORIZON_MS,
  HOLD_MS,
  LATER_ATTEMPT_HORIZON_MS,
  LONG_BATCH_BUDGET_MS,
  MAX_OPEN_BATCHES,
  MAX_OPEN_REQUESTS,
  PERMIT_GRACE_MS,
  QUICK_ANSWER_MS,
  SMALL_BATCH_ANSWER_MS,
  START_WITHIN_MS,
} from "../../config/limits.ts";
import type { Destination } from "../../model/destination.ts";
import { partition } from "../../kernel/pool.ts";
import { differs, healthyState, isHealthy, type DestinationState } from "../../model/destination-state.ts";
import type { GateSnapshot } from "../../gate/index.ts";
import { collectingTerms, groupRequests } from "../batch/request-groups.ts";
import { deferred, held } from "../outcome/transitions.ts";
import type { DispatchPorts } from "../ports.ts";
import type { Dispatched, Job, Lane, LaterLane, RequestGroup, Settled } from "../types.ts";
import { Admission, type Permitted } from "./admission.ts";
import { Attempts } from "./attempts.ts";
import type { Connections } from "./connections.ts";
import { RunStats } from "./run-stats.ts";
import { stateAfter } from "./state-after.ts";

interface RunContext {
  readonly lane: Lane;
  /** Whether the batch has no other destination, or a connection for each request: then there is no one to protect. */
  readonly alone: boolean;
  /** The recorded state; null if healthy. */
  readonly state: DestinationState | null;
  readonly connections: Connections;
  readonly ports: DispatchPorts;
}

/** Without a gate every time is permitted. */
const unbounded = (groups: readonly RequestGroup[]): Permitted[] =>
  groups.map((group) => ({ group, at: 0, until: null }));

type Decided = Omit<Settled, "lane"> & { readonly lane?: LaterLane | undefined };

export class DestinationRun {
  /** Resolves when no further send will be started. */
  readonly begun: Promise<void>;
  readonly #destination: Destination;
  readonly #jobs: ReadonlyMap<string, Job>;
  readonly #context: RunContext;
  readonly #stats = new RunStats();
  readonly #admission: Admission;
  readonly #attempts: Attempts;
  readonly #hasBegun: () => void;
  /** The state including the parts taken so far. */
  #state: DestinationState;
  /** Permitted requests that were not started yet; in `#line`, those that no worker has picked up. */
  readonly #unstarted = new Set<Permitted>();
  #line: Permitted[] = [];
  /** No send is started after this instant. */
  #deadline = Infinity;
  #unused = 0;
  /** Whether everything that waits goes to the slow lane. */
  #goesToSlowLane = false;
  #decided: Decided[] = [];
  #snapshot: GateSnapshot | null = null;
  #isOver = false;
  #attemptsTaken = 0;

  constructor(jobs: readonly Job[], context: RunContext) {
    const [first] = jobs;
    if (first === undefined) throw new Error("a run needs a delivery");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.begun = promise;
    this.#hasBegun = resolve;
    this.#destination = first.destination;
    this.#jobs = new Map(jobs.map((job) => [job.delivery.id, job]));
    this.#context = context;
    this.#state = context.state ?? healthyState(first.destination.id);
    const { ports } = context;
    this.#admission = new Admission(first.destination, ports, (delivery) => this.#decide({ delivery }));
    this.#attempts = new Attempts(first.destination, {
      ...ports,
      stats: this.#stats,
      again: () => this.#admission.again(this.#terms(1)),
      settle: (delivery, answer) => this.#decide({ delivery, answer: answer ?? null }),
    });
  }

  async run(): Promise<void> {
    const groups = this.#sortOut();
    if (groups.length > 0) {
      if (this.#movesToSlowLane()) await this.#passToSlowLane(groups);
      else await (this.#isGated() ? this.#sendPermitted(groups) : this.#sendFreely(groups));
    }
    this.#hasBegun();
    this.#snapshot = await this.#admission.report(this.#state, this.#stats, {
      unused: this.#unused,
      pause_until: this.#attempts.pauseUntil,
    });
    this.#isOver = true;
  }

  /** What was decided since the last call. */
  take(): Dispatched {
    const now = this.#context.ports.now();
    const seen = { lane: this.#context.lane, snapshot: this.#snapshot, seen: this.#stats };
    const full = stateAfter(this.#state, seen, now);
    const after = this.#isOver ? full : { ...this.#state, lane: full.lane };
    const isNews = differs(this.#state, after) || (this.#isOver && this.#context.state !== null && isHealthy(after));
    this.#state = after;
    const attempts = this.#stats.sends - this.#attemptsTaken;
    this.#attemptsTaken = this.#stats.sends;
    return {
      settled: this.#decided.splice(0).map((item) => this.#settled(item)),
      states: isNews ? [after] : [],
      disable: this.#attempts.disable.splice(0),
      reschedule: this.#isOver && this.#snapshot?.stale === true ? [this.#destination.id] : [],
      attempts,
    };
  }

  /** The requests to make. Pace and concurrency count requests, not events. */
  #sortOut(): RequestGroup[] {
    const [waiting, ready] = partition(
      [...this.#jobs.values()],
      ({ connection }) => this.#destination.paused || connection?.paused === true,
    );
    for (const { delivery } of waiting) this.#decide({ delivery: held(delivery) });
    return groupRequests(ready, this.#destination.batch);
  }

  /** Whether the destination is known to be slow and this lane is for quick ones. */
  #movesToSlowLane(): boolean {
    const { lane, alone } = this.#context;
    if (lane !== "events" && lane !== "deliveries") return false;
    return this.#state.lane === "slow" || (!alone && (this.#knownMs() ?? 0) >= QUICK_ANSWER_MS);
  }

  /** Defers all to the slow lane. If there is a gate to ask, each gets its slot now, so that it is deferred only once. */
  async #passToSlowLane(groups: readonly RequestGroup[]): Promise<void> {
    const { ports } = this.#context;
    this.#goesToSlowLane = true;
    const open = this.#isGated() ? await this.#admission.ask(groups, this.#terms(0)) : unbounded(groups);
    for (const { delivery } of open.flatMap(({ group }) => group))
      this.#decide({ delivery: deferred(delivery, "slow_lane", ports.now(), delivery.slot_at) });
  }

  #knownMs(): number | null {
    return this.#context.ports.answerTimes.of(this.#destination.id, this.#context.ports.now());
  }

  #isGated(): boolean {
    const { rate_limit, max_concurrency } = this.#destination;
    const { circuit, failures, throttled, pause_until } = this.#state;
    return (
      rate_limit !== null ||
      max_concurrency !== null ||
      circuit !== "closed" ||
      failures > 0 ||
      throttled ||
      pause_until !== null
    );
  }

  #isPaced(): boolean {
    return this.#destination.rate_limit !== null || this.#state.throttled;
  }

  /** Requests that it may have in flight. */
  #width(): number {
    if (this.#destination.batch !== null) return MAX_OPEN_BATCHES;
    return this.#context.alone || this.#isQuick() ? MAX_OPEN_REQUESTS : 1;
  }

  #terms(width: number) {
    return {
      width,
      send_ms: this.#knownMs(),
      horizon_ms: this.#context.lane === "events" ? FIRST_ATTEMPT_HORIZON_MS : LATER_ATTEMPT_HORIZON_MS,
      lease_ms: HOLD_MS + this.#destination.timeout_ms,
    };
  }

  async #sendPermitted(groups: readonly RequestGroup[]): Promise<void> {
    const width = this.#width();
    // The other half of the connections is for other destinations.
    const terms = this.#terms(this.#context.alone ? width : Math.min(width, MAX_OPEN_REQUESTS / 2));
    this.#lineUp(await this.#admission.ask(groups, terms));
    await this.#send(Math.min(width, this.#admission.places ?? width), Infinity);
  }

  async #sendFreely(groups: readonly RequestGroup[]): Promise<void> {
    this.#lineUp(unbounded(groups));
    // An unknown destination gets one request first.
    if (!this.#context.alone && !this.#isQuick()) await this.#send(1, 1);
    if (this.#line.length > 0) await this.#send(this.#width(), Infinity);
  }

  #lineUp(permitted: readonly Permitted[]): void {
    this.#line = [...permitted];
    for (const one of permitted) this.#unstarted.add(one);
  }

  /** @param width workers, each with one send in flight @param most sends per worker */
  async #send(width: number, most: number): Promise<void> {
    const { now, endsWithin } = this.#context.ports;
    this.#deadline = Math.max(now(), this.#line.at(-1)?.at ?? 0) + this.#windowMs();
    const workers = Array.from({ length: Math.min(width, this.#line.length) }, () => this.#work(most));
    const work = Promise.all(workers);
    if (!(await endsWithin(this.#deadline - now(), work))) this.#stopStarting();
    await work;
  }

  /** How long it may start sends. */
  #windowMs(): number {
    const { lane, alone } = this.#context;
    if (lane === "events") return START_WITHIN_MS;
    return alone ? LONG_BATCH_BUDGET_MS : this.#isQuick() ? BATCH_BUDGET_MS : START_WITHIN_MS;
  }

  async #work(most: number): Promise<void> {
    const { now, sleep } = this.#context.ports;
    for (let made = 0; made < most; made++) {
      const next = this.#line.shift();
      if (next === undefined) return;
      if (next.at > now()) await sleep(next.at - now());
      const giveBack = await this.#context.connections.take(() => this.#isQuick());
      try {
        if (!this.#mayStart()) this.#stopStarting();
        // It has moved on while this worker waited.
        if (!this.#unstarted.delete(next)) return;
        if (this.#unstarted.size === 0) this.#hasBegun();
        const isLate = next.until !== null && now() > next.until + PERMIT_GRACE_MS;
        if (isLate) this.#putOff(next);
        else await this.#attempts.make(next.group, next.until);
      } finally {
        giveBack();
      }
    }
  }

  #mayStart(): boolean {
    const isTimingOut = this.#context.lane !== "slow" && this.#stats.timeouts > 0;
    return !isTimingOut && this.#context.ports.now() < this.#deadline;
  }

  #isQuick(): boolean {
    if (this.#stats.timeouts > 0) return false;
    const mean = this.#stats.summary().mean_ms ?? this.#knownMs();
    return mean !== null && mean < QUICK_ANSWER_MS;
  }

  /** Defers or moves on everything that was not started. */
  #stopStarting(): void {
    const { answerTimes, now } = this.#context.ports;
    // A destination whose first request is unanswered is not quick, unless the request was started only just now.
    const tookMs = this.#stats.longestUnderWay(now());
    if (tookMs > QUICK_ANSWER_MS / 2 && this.#stats.sends === 0)
      answerTimes.learn(this.#destination.id, Math.max(tookMs, QUICK_ANSWER_MS), now());
    for (const permitted of this.#unstarted) this.#putOff(permitted);
    this.#unstarted.clear();
    this.#line = [];
    this.#hasBegun();
  }

  #putOff({ group }: Permitted): void {
    const { lane, alone, ports } = this.#context;
    const now = ports.now();
    const isGated = this.#isGated();
    if (isGated) this.#unused += 1;
    // In a batch with other destinations, only a quick one may keep its lane.
    const isSlow = (this.#stats.timeouts > 0 || !(alone || this.#isQuick())) && !this.#keepsToItself();
    const isFirst = lane === "events" || lane === "small";
    for (const { delivery } of group) {
      // If there is time left, the permit had expired.
      const by = this.#isPaced() && !isSlow ? "pace" : "time_budget";
      const next = isSlow ? "slow" : isFirst && !isGated ? "small" : undefined;
      const untouched = isFirst && !isGated;
      this.#decide({ delivery: deferred(delivery, by, now), lane: next, ...(untouched && { untouched }) });
    }
  }

  /** Replays that only take long stay in their lane: in the slow lane they would delay live traffic to the same destination. */
  #keepsToItself(): boolean {
    return this.#context.lane === "replays" && this.#stats.timeouts === 0;
  }

  #decide(item: Decided): void {
    this.#decided.push(item);
  }

  #settled(item: Decided): Settled {
    const job = this.#jobs.get(item.delivery.id);
    const collecting = job === undefined ? null : collectingTerms(job);
    return { ...item, lane: this.#laneOf(item), ...(collecting && { collecting }) };
  }

  #laneOf({ delivery, lane }: Decided): LaterLane {
    if (this.#goesToSlowLane || (this.#state.lane === "slow" && !this.#keepsToItself())) return "slow";
    if (lane !== undefined) return lane;
    if (delivery.replay_id !== null) return "replays";
    const underWayMs = this.#stats.longestUnderWay(this.#context.ports.now());
    const tookMs = this.#stats.summary().mean_ms ?? Math.max(this.#knownMs() ?? 0, underWayMs);
    const returnsWithOthers = delivery.deferred_by === "pace" || delivery.deferred_by === "concurrency";
    return returnsWithOthers && tookMs >= SMALL_BATCH_ANSWER_MS ? "small" : "deliveries";
  }
}
