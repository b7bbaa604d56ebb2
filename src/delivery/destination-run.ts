// One destination's part in a batch: admission by its gate, the sends, what they say of its health.
import { MAX_OPEN_BATCHES, RECOVERED_LATENCY_MS, SLOW_LATENCY_MS } from "../config/limits.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import type { Random } from "../kernel/random.ts";
import { outageMs } from "../gate/circuit.ts";
import { limitsOf } from "../gate/limits-of.ts";
import { paceOf } from "../gate/gcra.ts";
import type { AcquireResponse, GateLimits, GateSnapshot, Grant } from "../gate/protocol.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Destination } from "../model/destination.ts";
import { differs, healthyState, isHealthy, type DestinationState } from "../model/destination-state.ts";
import type { ConnectionId } from "../model/ids.ts";
import type { BatchPolicy } from "../model/policies.ts";
import { describeError } from "../telemetry/logger.ts";
import { makeAttempt, withoutAnswer, withoutRequest } from "./attempt.ts";
import { answersOf } from "./batch/batch-answers.ts";
import { buildBatch } from "./batch/build-batch.ts";
import { collectingOf, parcelsOf, type Parcel } from "./batch/parcels.ts";
import type { Permitted, Share } from "./fair-pool.ts";
import type { Answer } from "./http-sender.ts";
import { Experience } from "./experience.ts";
import { plannedWaitMs } from "../routing/match.ts";
import { decide, type Decision, type Outcome } from "./outcome.ts";
import type { Dispatched, DispatchPorts, Job, Lane, Settled } from "./ports.ts";
import { afterAttempt, deferred, held } from "./steps.ts";

export interface RunContext {
  readonly lane: Lane;
  readonly state: DestinationState | null;
  /** No send is started after this instant. */
  readonly deadline: number;
  readonly horizonMs: number;
  readonly holdMs: number;
  readonly ports: DispatchPorts;
}

const isEntitled = (parcel: Parcel): boolean => parcel.some(({ delivery }) => delivery.slot_at !== null);

export class DestinationRun {
  readonly #destination: Destination;
  readonly #before: DestinationState;
  readonly #settled: Settled[] = [];
  readonly #disable: ConnectionId[] = [];
  readonly #seen = new Experience();
  #lease: AcquireResponse["lease"] = null;
  #snapshot: GateSnapshot | null = null;
  #permits = 0;
  /** Those that the gate has not been asked for yet. */
  #line: Parcel[] = [];
  #putOff = false;
  #pauseUntil: number | null = null;
  /** Asked once, however many deliveries are too old. */
  #outages: Promise<GateSnapshot> | null = null;

  constructor(
    readonly jobs: readonly Job[],
    readonly context: RunContext,
  ) {
    const first = jobs[0];
    if (first === undefined) throw new Error("a run needs a delivery");
    this.#destination = first.destination;
    this.#before = context.state ?? healthyState(first.destination.id);
  }

  /** Sorts out what cannot go now and asks the gate for the rest. @param width sends at a time that the batch can spare */
  async admit(width: number): Promise<Share<Parcel>> {
    const { lane, ports } = this.context;
    const ready: Job[] = [];
    for (const job of this.jobs) {
      if (this.#destination.paused || job.connection?.paused === true) this.#settle(held(job.delivery));
      else if (lane !== "slow" && lane !== "replays" && this.#before.lane === "slow") {
        this.#settle(deferred(job.delivery, "slow_lane", ports.now(), job.delivery.slot_at), "slow");
      } else ready.push(job);
    }
    // Pace and concurrency count requests, however many events are in one.
    const { batch } = this.#destination;
    const parcels = parcelsOf(ready, batch);
    const places = Math.min(batch === null ? width : MAX_OPEN_BATCHES, width);
    const gated = parcels.length > 0 && this.#needsGate();
    if (gated) this.#line = [...parcels.filter(isEntitled), ...parcels.filter((parcel) => !isEntitled(parcel))];
    else this.#permits = parcels.length;
    return {
      items: gated ? await this.#askOn(places) : parcels.map((parcel) => ({ item: parcel, at: 0, until: null })),
      more: async () => (this.#inTime() ? this.#askOn(places) : []),
      width: Math.min(places, this.#lease?.width ?? places),
      keepGoing: () => this.#inTime(),
      send: async (parcel, until) => {
        if (batch !== null) await this.#sendBatch(parcel, batch, until);
        else for (const job of parcel) await this.#send(job, until);
      },
    };
  }

  #inTime(): boolean {
    return (
      this.context.ports.now() < this.context.deadline && (this.context.lane === "slow" || this.#seen.timeouts === 0)
    );
  }

  /** Replays that only take long stay in their lane: in the slow one they would stand before live traffic to the same destination. */
  #keepsToItself(): boolean {
    return this.context.lane === "replays" && this.#seen.timeouts === 0;
  }

  #needsGate(): boolean {
    const { rate_limit, max_concurrency } = this.#destination;
    return (
      rate_limit !== null ||
      max_concurrency !== null ||
      this.#before.circuit !== "closed" ||
      this.#before.failures > 0 ||
      this.#before.throttled ||
      this.#before.pause_until !== null
    );
  }

  /** As many as can be sent while a permit lasts: one that comes too late for its permit has used up the pace for nothing. */
  #portion(width: number): number {
    const { rate_limit } = this.#destination;
    const { lane } = this.context;
    // What has been put off needs its slot, and in the other lanes nobody must wait for rounds.
    if (rate_limit === null || this.#putOff || lane === "events" || lane === "deliveries") return this.#line.length;
    const mean = this.#seen.summary().mean_ms;
    return mean === null ? 2 * width : Math.max(width, Math.floor((width * paceOf(rate_limit).slackMs) / (mean + 1)));
  }

  /** The next that may go; none when all have been asked for. */
  async #askOn(width: number): Promise<Permitted<Parcel>[]> {
    const going: Permitted<Parcel>[] = [];
    while (this.#line.length > 0 && (going.length === 0 || this.#putOff))
      going.push(...(await this.#acquire(this.#line.splice(0, this.#portion(width)))));
    this.#permits += going.length;
    return going;
  }

  async #acquire(line: readonly Parcel[]): Promise<Permitted<Parcel>[]> {
    const { ports, horizonMs, holdMs } = this.context;
    let response: AcquireResponse;
    try {
      response = await ports.gate.acquire(this.#destination.id, {
        // Its places are held already.
        limits: this.#lease === null ? limitsOf(this.#destination) : this.#paceOnly(),
        entitled: line.filter(isEntitled).length,
        fresh: line.filter((parcel) => !isEntitled(parcel)).length,
        horizon_ms: horizonMs,
        lease_ms: holdMs + this.#destination.timeout_ms,
      });
    } catch (error) {
      // An unreachable gate defers; it never drops and never lets a limit be passed [G7].
      ports.log.error("gate unreachable", { destination: this.#destination.id, error: describeError(error) });
      this.#putOff = true;
      for (const job of line.flat()) {
        this.#settle(
          deferred(
            job.delivery,
            "gate_unreachable",
            ports.now() + (5 + 10 * ports.random()) * SECOND_MS,
            job.delivery.slot_at,
          ),
        );
      }
      return [];
    }
    this.#snapshot = response.snapshot;
    this.#lease ??= response.lease;
    this.#putOff ||= response.grants.some(({ kind }) => kind === "defer");
    const going: Permitted<Parcel>[] = [];
    line.forEach((parcel, index) => {
      const grant = response.grants[index];
      if (grant?.kind === "go") return going.push({ item: parcel, at: grant.at, until: grant.until });
      const until = grant?.until ?? ports.now() + SECOND_MS;
      const { outages } = response.snapshot;
      for (const { delivery } of parcel) {
        const credit = grant?.by === "circuit" ? outageMs(outages, delivery.created_at, until) : 0;
        this.#settle(deferred(delivery, grant?.by ?? "pace", until, until, credit));
      }
    });
    return going;
  }

  #paceOnly(): GateLimits {
    return { ...limitsOf(this.#destination), max_concurrency: null };
  }

  /** One more permit of the pace: this send has its place already. */
  async #permitAgain(): Promise<Grant> {
    const { ports, horizonMs, holdMs } = this.context;
    const later = { kind: "defer", until: ports.now() + SECOND_MS, by: "pace" } as const;
    const request = { limits: this.#paceOnly(), entitled: 0, fresh: 1, horizon_ms: horizonMs, lease_ms: holdMs };
    return ports.gate.acquire(this.#destination.id, request).then(
      (response) => response.grants[0] ?? later,
      () => later,
    );
  }

  async #send(job: Job, until: number | null): Promise<void> {
    const { ports } = this.context;
    const attempted = await makeAttempt(job, { until, again: () => this.#permitAgain() }, ports);
    if (attempted.kind !== "answered") return this.#settle(withoutAnswer(job.delivery, attempted, ports.now()));
    const { answer, startedAt } = attempted;
    const now = ports.now();
    this.#seen.add(answer, startedAt, now);
    const { next, decision } = await this.#afterAnswer(job, answer, startedAt, now, ports.random);
    this.#settle(next, undefined, answer.body);
    const line = {
      delivery: next.id,
      event: next.event_id,
      ...this.#lineOf(answer),
      attempt: next.attempts_made,
      outcome: next.status,
    };
    if (decision.kind === "delivered") ports.log.debug("attempt", line);
    else ports.log.info("attempt failed", line);
  }

  /** One request for all of them; what has no room in it goes with the next one, at once. */
  async #sendBatch(parcel: Parcel, policy: BatchPolicy, until: number | null): Promise<void> {
    const { ports } = this.context;
    const { sending, jobs, aside, left } = await buildBatch(parcel, policy, ports);
    for (const { delivery } of left) this.#settle(deferred(delivery, "batch", ports.now()));
    for (const { job, fault } of aside) {
      const now = ports.now();
      const came = withoutRequest(fault, job, now, ports);
      if (came.kind !== "answered") this.#settle(withoutAnswer(job.delivery, came, now));
      else this.#settle((await this.#afterAnswer(job, came.answer, now, now, ports.random)).next);
    }
    if (sending === null) return;
    const attempted = await makeAttempt(sending, { until, again: () => this.#permitAgain() }, ports);
    const now = ports.now();
    if (attempted.kind !== "answered") {
      for (const { delivery } of jobs) this.#settle(withoutAnswer(delivery, attempted, now));
      return;
    }
    const { answer, startedAt } = attempted;
    this.#seen.add(answer, startedAt, now);
    // The same jitter for all, so that they stay together.
    const jitter = ports.random();
    const counts: Record<string, number> = {};
    for (const [index, own] of answersOf(answer, jobs).entries()) {
      const job = jobs[index];
      if (job === undefined) continue;
      const { next } = await this.#afterAnswer(job, own, startedAt, now, () => jitter);
      this.#settle(next);
      counts[next.status] = (counts[next.status] ?? 0) + 1;
    }
    ports.log.info("batch sent", { batch: sending.event.id, events: jobs.length, ...this.#lineOf(answer), ...counts });
  }

  #lineOf({ status, error, durationMs }: Answer) {
    return { destination: this.#destination.slug, status, error, duration_ms: durationMs };
  }

  async #afterAnswer(job: Job, answer: Answer, startedAt: number, now: number, random: Random) {
    const decision = await this.#decide(job, answer, now, random);
    if (decision.kind !== "delivered")
      this.#pauseUntil = Math.max(this.#pauseUntil ?? 0, decision.pauseUntil ?? 0) || null;
    if (decision.kind !== "retry" && decision.disableConnection && job.connection !== null)
      this.#disable.push(job.connection.id);
    return { next: afterAttempt(job.delivery, answer, startedAt, decision, now), decision };
  }

  async #decide({ delivery, event, connection }: Job, answer: Outcome, now: number, random: Random): Promise<Decision> {
    const { ports } = this.context;
    const standing = {
      attemptsMade: delivery.attempts_made + 1 - (delivery.attempts_before ?? 0),
      createdAt: delivery.created_at,
      ageCreditMs: delivery.age_credit_ms,
      now,
    };
    const decision = decide(answer, this.#destination.retry, standing, random);
    if (decision.kind !== "dead" || decision.reason !== "age_exceeded") return decision;
    // Too old, unless a circuit was open meanwhile: only the gate knows for how long.
    try {
      this.#outages ??= ports.gate.inspect(this.#destination.id, limitsOf(this.#destination));
      const { outages } = await this.#outages;
      const plannedMs = delivery.replay_id === null ? plannedWaitMs(event, connection) : 0;
      const open = plannedMs + outageMs(outages, delivery.created_at + plannedMs, now);
      return decide(
        answer,
        this.#destination.retry,
        { ...standing, ageCreditMs: Math.max(open, standing.ageCreditMs) },
        random,
      );
    } catch (error) {
      ports.log.error("gate unreachable", { destination: this.#destination.id, error: describeError(error) });
      return decision;
    }
  }

  /** Reports to the gate what happened and sums up. @param left permitted, but never started */
  async close(unsent: readonly Parcel[]): Promise<Dispatched> {
    const { ports } = this.context;
    const left = unsent.flat();
    // With time left, what was not started had come too late for its permit.
    const outOfTime = left.length > 0 && !this.#inTime();
    for (const { delivery } of this.#line.flat())
      this.#settle(deferred(delivery, "pace", ports.now(), delivery.slot_at));
    for (const job of left) {
      if (outOfTime)
        this.#settle(deferred(job.delivery, "time_budget", ports.now()), this.#keepsToItself() ? undefined : "slow");
      else this.#settle(deferred(job.delivery, "pace", ports.now()));
    }
    const snapshot = await this.#report(unsent.length);
    const after = this.#judge(snapshot, outOfTime && !this.#keepsToItself());
    const jobs = new Map(this.jobs.map((job) => [job.delivery.id, job]));
    const settled = this.#settled.map((item): Settled => {
      const job = jobs.get(item.delivery.id);
      const collecting = job === undefined ? null : collectingOf(job);
      const slow = after.lane === "slow" && !this.#keepsToItself();
      return { ...item, ...(slow ? { lane: "slow" } : {}), ...(collecting && { collecting }) };
    });
    return {
      settled,
      states: differs(this.#before, after) || (this.context.state !== null && isHealthy(after)) ? [after] : [],
      disable: this.#disable,
      retime: snapshot?.stale === true ? [this.#destination.id] : [],
      attempts: this.#seen.sends,
    };
  }

  async #report(unused: number): Promise<GateSnapshot | null> {
    const { ports } = this.context;
    const tellsNothing =
      this.#lease === null &&
      this.#seen.failures === 0 &&
      this.#seen.throttled === 0 &&
      !(this.#snapshot !== null && (this.#before.failures > 0 || this.#before.throttled)) &&
      this.#before.circuit === "closed";
    if (this.#permits === 0 || tellsNothing) return this.#snapshot;
    try {
      return await ports.gate.report(this.#destination.id, {
        limits: limitsOf(this.#destination),
        lease_id: this.#lease?.id ?? null,
        ...this.#seen.summary(),
        unused,
        pause_until: this.#pauseUntil,
      });
    } catch (error) {
      // Leases expire by themselves; the next batch reports again.
      ports.log.error("gate report lost", { destination: this.#destination.id, error: describeError(error) });
      return this.#snapshot;
    }
  }

  /** The state that the next consumer should know. */
  #judge(snapshot: GateSnapshot | null, outOfTime: boolean): DestinationState {
    const now = this.context.ports.now();
    const before = this.#before;
    const sent = this.#seen.sends;
    const mean = this.#seen.summary().mean_ms;
    const turnsSlow = this.#seen.timeouts > 0 || outOfTime || (mean !== null && mean >= SLOW_LATENCY_MS);
    const budgetLeft = this.context.deadline - now;
    const recovered =
      this.context.lane === "slow" && sent > 0 && mean !== null && mean < RECOVERED_LATENCY_MS && budgetLeft > 0;
    const pause = snapshot === null ? before.pause_until : snapshot.pause_until;
    return {
      destination_id: this.#destination.id,
      lane: turnsSlow ? "slow" : before.lane === "slow" && recovered ? "normal" : before.lane,
      circuit: snapshot?.circuit ?? before.circuit,
      open_until: snapshot === null ? before.open_until : snapshot.open_until,
      pause_until: pause !== null && pause <= now ? null : pause,
      failures: snapshot?.recent_failures ?? before.failures,
      throttled: snapshot?.throttled ?? before.throttled,
    };
  }

  #settle(delivery: Delivery, lane?: "slow", answer: Settled["answer"] = null): void {
    this.#settled.push({ delivery, lane: lane ?? (delivery.replay_id === null ? "deliveries" : "replays"), answer });
  }
}
