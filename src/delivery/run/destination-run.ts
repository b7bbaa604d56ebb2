// One destination's part of a batch: sends what the gate permits, as long as the destination's own answers leave time. The rest is deferred or
// moves on. Other destinations of the batch have no influence on this decision.
import { MAX_OPEN_REQUESTS, PERMIT_GRACE_MS, QUICK_ANSWER_MS } from "../../config/limits.ts";
import { batchOf, isBroker, type Destination } from "../../model/destination.ts";
import { partition } from "../../kernel/pool.ts";
import { differs, isHealthy } from "../../model/destination-state.ts";
import type { GateSnapshot } from "../../gate/index.ts";
import type { Channel } from "../../outbound/index.ts";
import { collectingTerms, groupRequests } from "../batch/request-groups.ts";
import { prepareSafely } from "../attempt/make-attempt.ts";
import { deferred, held } from "../outcome/transitions.ts";
import type { DispatchPorts } from "../ports.ts";
import type { Dispatched, Job, LaterLane, RequestGroup, Settled } from "../types.ts";
import { Admission, type Permitted } from "./admission.ts";
import { Attempts } from "./attempts.ts";
import type { Connections } from "./connections.ts";
import { RunStats } from "./run-stats.ts";
import { SendPlan, type PlanContext } from "./send-plan.ts";
import { stateAfter } from "./state-after.ts";

interface RunContext extends Omit<PlanContext, "isGateLate"> {
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
  readonly #plan: SendPlan;
  readonly #admission: Admission;
  readonly #attempts: Attempts;
  readonly #hasBegun: () => void;
  /** The broker's connection, which all messages share; null for HTTP. */
  readonly #channel: Channel | null;
  /** The place among the invocation's connections that the channel takes. */
  #place: Promise<() => void> | null = null;
  #connecting: Promise<void> | null = null;
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
    const isGateLate = jobs.some(({ delivery }) => delivery.deferred_by === "gate_unreachable");
    this.#plan = new SendPlan(first.destination, { ...context, isGateLate }, this.#stats);
    const { ports } = context;
    this.#admission = new Admission(first.destination, ports, (delivery, lane) => this.#decide({ delivery, lane }));
    this.#channel = isBroker(first.destination) ? ports.openChannel(first.destination) : null;
    this.#attempts = new Attempts(first.destination, {
      ...ports,
      ...(this.#channel === null ? {} : { send: this.#channel.send }),
      stats: this.#stats,
      again: () => this.#admission.again(this.#plan.terms(1)),
      settle: (delivery, answer) => this.#decide({ delivery, answer: answer ?? null }),
    });
  }

  async run(): Promise<void> {
    const groups = this.#sortOut();
    if (groups.length > 0) {
      if (this.#plan.movesToSlowLane()) await this.#passToSlowLane(groups);
      else await (this.#plan.isGated() ? this.#sendPermitted(groups) : this.#sendFreely(groups));
    }
    this.#hasBegun();
    await this.#closeChannel();
    this.#snapshot = await this.#admission.report(this.#plan.state, this.#stats, {
      unused: this.#unused,
      pause_until: this.#attempts.pauseUntil,
    });
    this.#isOver = true;
  }

  /** What was decided since the last call. */
  take(): Dispatched {
    const now = this.#context.ports.now();
    const seen = { lane: this.#context.lane, snapshot: this.#snapshot, seen: this.#stats };
    const full = stateAfter(this.#plan.state, seen, now);
    const after = this.#isOver ? full : { ...this.#plan.state, lane: full.lane };
    const isNews =
      differs(this.#plan.state, after) || (this.#isOver && this.#context.state !== null && isHealthy(after));
    const hasClosed = this.#plan.state.circuit !== "closed" && after.circuit === "closed";
    this.#plan.state = after;
    const isStale = this.#isOver && this.#snapshot?.stale === true;
    const attempts = this.#stats.sends - this.#attemptsTaken;
    this.#attemptsTaken = this.#stats.sends;
    return {
      settled: this.#decided.splice(0).map((item) => this.#settled(item)),
      states: isNews ? [after] : [],
      disable: this.#attempts.disable.splice(0),
      reschedule: isStale && !hasClosed ? [this.#destination.id] : [],
      // Only the run that has closed it: the sweep releases what another one finds closed.
      release: hasClosed && isStale ? [this.#destination.id] : [],
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
    return groupRequests(ready, batchOf(this.#destination));
  }

  /** Defers all to the slow lane. If there is a gate to ask, each gets its slot now, so that it is deferred only once. */
  async #passToSlowLane(groups: readonly RequestGroup[]): Promise<void> {
    const { ports } = this.#context;
    this.#goesToSlowLane = true;
    const open = this.#plan.isGated() ? await this.#admission.ask(groups, this.#plan.terms(0)) : unbounded(groups);
    for (const { delivery } of open.flatMap(({ group }) => group))
      this.#decide({ delivery: deferred(delivery, "slow_lane", ports.now(), delivery.slot_at) });
  }

  async #sendPermitted(groups: readonly RequestGroup[]): Promise<void> {
    const width = this.#plan.width();
    // The other half of the connections is for other destinations.
    const terms = this.#plan.terms(
      this.#context.alone || this.#channel !== null ? width : Math.min(width, MAX_OPEN_REQUESTS / 2),
    );
    this.#lineUp(await this.#admission.ask(groups, terms));
    this.#connecting = this.#connectAhead();
    await this.#send(Math.min(width, this.#admission.places ?? width), Infinity);
  }

  async #sendFreely(groups: readonly RequestGroup[]): Promise<void> {
    this.#lineUp(unbounded(groups));
    // An unknown destination gets one request first.
    if (!this.#context.alone && !this.#plan.isQuick()) await this.#send(1, 1);
    if (this.#line.length > 0) await this.#send(this.#plan.width(), Infinity);
  }

  #lineUp(permitted: readonly Permitted[]): void {
    this.#line = [...permitted];
    for (const one of permitted) this.#unstarted.add(one);
  }

  /** @param width workers, each with one send in flight @param most sends per worker */
  async #send(width: number, most: number): Promise<void> {
    const { now, endsWithin } = this.#context.ports;
    this.#deadline = Math.max(now(), this.#line.at(-1)?.at ?? 0) + this.#plan.windowMs();
    const workers = Array.from({ length: Math.min(width, this.#line.length) }, () => this.#work(most));
    const work = Promise.all(workers);
    if (!(await endsWithin(this.#deadline - now(), work))) this.#stopStarting();
    await work;
  }

  async #work(most: number): Promise<void> {
    const { now, sleep } = this.#context.ports;
    for (let made = 0; made < most; made++) {
      const next = this.#line.shift();
      if (next === undefined) return;
      if (next.at > now()) await sleep(next.at - now());
      const giveBack = await this.#connection();
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

  /** A place for one request, or the one that all messages to a broker share. @returns a function that gives it back */
  async #connection(): Promise<() => void> {
    const take = (): Promise<() => void> => this.#context.connections.take(() => this.#plan.isQuick());
    if (this.#channel === null) return take();
    await (this.#place ??= take());
    return () => undefined;
  }

  /** Opens the channel while the first message waits for its time: messages that wait for a connection would come in a burst. */
  async #connectAhead(): Promise<void> {
    const job = this.#line[0]?.group[0];
    if (this.#channel === null || job === undefined) return;
    await this.#connection();
    const first = await prepareSafely(job, this.#context.ports.now(), this.#context.ports, null);
    if (first.ok) await this.#channel.open(first.value);
  }

  async #closeChannel(): Promise<void> {
    await this.#channel?.close();
    await this.#connecting;
    (await this.#place)?.();
  }

  #mayStart(): boolean {
    return !this.#plan.isTimingOut() && this.#context.ports.now() < this.#deadline;
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
    const { lane, ports } = this.#context;
    const now = ports.now();
    const isGated = this.#plan.isGated();
    if (isGated) this.#unused += 1;
    const isSlow = this.#plan.leavesLane();
    const isFirst = lane === "events" || lane === "small";
    for (const { delivery } of group) {
      // If there is time left, the permit had expired.
      const by = this.#plan.isPaced() && !isSlow ? "pace" : "time_budget";
      const next = isSlow ? "slow" : isFirst && !isGated ? "small" : undefined;
      const untouched = isFirst && !isGated;
      this.#decide({ delivery: deferred(delivery, by, now), lane: next, ...(untouched && { untouched }) });
    }
  }

  #decide(item: Decided): void {
    this.#decided.push(item);
  }

  #settled(item: Decided): Settled {
    const job = this.#jobs.get(item.delivery.id);
    const collecting = job === undefined ? null : collectingTerms(job);
    return {
      ...item,
      lane: this.#goesToSlowLane ? "slow" : this.#plan.laterLane(item.delivery, item.lane, this.#admission.snapshot),
      ...(collecting && { collecting }),
    };
  }
}
