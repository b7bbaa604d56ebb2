// One destination's part in a batch: admission by its gate, the sends, what they say of its health.
import { RECOVERED_LATENCY_MS, SLOW_LATENCY_MS } from "../config/limits.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { outageMs } from "../gate/circuit.ts";
import { limitsOf } from "../gate/limits-of.ts";
import type { AcquireResponse, GateSnapshot, Grant } from "../gate/protocol.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Destination } from "../model/destination.ts";
import { differs, healthyState, isHealthy, type DestinationState } from "../model/destination-state.ts";
import type { ConnectionId } from "../model/ids.ts";
import { describeError } from "../telemetry/logger.ts";
import { makeAttempt } from "./attempt.ts";
import type { Permitted, Share } from "./fair-pool.ts";
import { Experience } from "./experience.ts";
import { plannedWaitMs } from "../routing/match.ts";
import { decide, type Decision, type Outcome } from "./outcome.ts";
import type { Dispatched, DispatchPorts, Job, Lane, Settled } from "./ports.ts";
import { afterAttempt, deferred, ended, held } from "./steps.ts";

export interface RunContext {
  readonly lane: Lane;
  readonly state: DestinationState | null;
  /** No send is started after this instant. */
  readonly deadline: number;
  readonly horizonMs: number;
  readonly holdMs: number;
  readonly ports: DispatchPorts;
}

export class DestinationRun {
  readonly #destination: Destination;
  readonly #before: DestinationState;
  readonly #settled: Settled[] = [];
  readonly #disable: ConnectionId[] = [];
  readonly #seen = new Experience();
  #lease: AcquireResponse["lease"] = null;
  #snapshot: GateSnapshot | null = null;
  #permits = 0;
  #pauseUntil: number | null = null;

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
  async admit(width: number): Promise<Share<Job>> {
    const { lane, ports } = this.context;
    const ready: Job[] = [];
    for (const job of this.jobs) {
      if (this.#destination.paused || job.connection?.paused === true) this.#settle(held(job.delivery));
      else if (lane !== "slow" && lane !== "replays" && this.#before.lane === "slow") {
        this.#settle(deferred(job.delivery, "slow_lane", ports.now(), job.delivery.slot_at), "slow");
      } else ready.push(job);
    }
    const granted =
      ready.length > 0 && this.#needsGate()
        ? await this.#acquire(ready)
        : ready.map((job) => ({ item: job, at: 0, until: null }));
    this.#permits = granted.length;
    return {
      items: granted,
      width: Math.min(width, this.#lease?.width ?? width),
      keepGoing: () => this.#inTime(),
      send: (job, until) => this.#send(job, until),
    };
  }

  #inTime(): boolean {
    return (
      this.context.ports.now() < this.context.deadline && (this.context.lane === "slow" || this.#seen.timeouts === 0)
    );
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

  async #acquire(ready: readonly Job[]): Promise<Permitted<Job>[]> {
    const { ports, horizonMs, holdMs } = this.context;
    const isEntitled = (job: Job): boolean => job.delivery.slot_at !== null;
    const line = [...ready.filter(isEntitled), ...ready.filter((job) => !isEntitled(job))];
    let response: AcquireResponse;
    try {
      response = await ports.gate.acquire(this.#destination.id, {
        limits: limitsOf(this.#destination),
        entitled: line.filter(isEntitled).length,
        fresh: line.filter((job) => !isEntitled(job)).length,
        horizon_ms: horizonMs,
        lease_ms: holdMs + this.#destination.timeout_ms,
      });
    } catch (error) {
      // An unreachable gate defers; it never drops and never lets a limit be passed [G7].
      ports.log.error("gate unreachable", { destination: this.#destination.id, error: describeError(error) });
      for (const job of line) {
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
    this.#lease = response.lease;
    const going: Permitted<Job>[] = [];
    line.forEach((job, index) => {
      const grant = response.grants[index];
      if (grant?.kind === "go") going.push({ item: job, at: grant.at, until: grant.until });
      else {
        const until = grant?.until ?? ports.now() + SECOND_MS;
        const { outages } = response.snapshot;
        const credit = grant?.by === "circuit" ? outageMs(outages, job.delivery.created_at, until) : 0;
        this.#settle(deferred(job.delivery, grant?.by ?? "pace", until, until, credit));
      }
    });
    return going;
  }

  /** One more permit of the pace: this send has its place already. */
  async #permitAgain(): Promise<Grant> {
    const { ports, horizonMs, holdMs } = this.context;
    const later = { kind: "defer", until: ports.now() + SECOND_MS, by: "pace" } as const;
    const limits = { ...limitsOf(this.#destination), max_concurrency: null };
    const request = { limits, entitled: 0, fresh: 1, horizon_ms: horizonMs, lease_ms: holdMs };
    return ports.gate.acquire(this.#destination.id, request).then(
      (response) => response.grants[0] ?? later,
      () => later,
    );
  }

  async #send(job: Job, until: number | null): Promise<void> {
    const { ports } = this.context;
    const attempted = await makeAttempt(job, { until, again: () => this.#permitAgain() }, ports);
    if (attempted.kind === "put_off") {
      const waiting = deferred(job.delivery, attempted.by, attempted.until, attempted.slotAt);
      return this.#settle(attempted.error === null ? waiting : { ...waiting, last_error: attempted.error });
    }
    const now = ports.now();
    if (attempted.kind === "dead") return this.#settle(ended(job.delivery, "dead", attempted.error, now));
    const { answer, startedAt } = attempted;
    const decision = await this.#decide(job, answer, now);
    this.#seen.add(answer, startedAt, now);
    if (decision.kind !== "delivered")
      this.#pauseUntil = Math.max(this.#pauseUntil ?? 0, decision.pauseUntil ?? 0) || null;
    if (decision.kind !== "retry" && decision.disableConnection && job.connection !== null)
      this.#disable.push(job.connection.id);
    const next = afterAttempt(job.delivery, answer, startedAt, decision, now);
    this.#settle(next, undefined, answer.body);
    const line = {
      delivery: next.id,
      event: next.event_id,
      destination: this.#destination.slug,
      attempt: next.attempts_made,
      outcome: next.status,
      status: answer.status,
      error: answer.error,
      duration_ms: answer.durationMs,
    };
    if (decision.kind === "delivered") ports.log.debug("attempt", line);
    else ports.log.info("attempt failed", line);
  }

  async #decide({ delivery, event, connection }: Job, answer: Outcome, now: number): Promise<Decision> {
    const { ports } = this.context;
    const standing = {
      attemptsMade: delivery.attempts_made + 1,
      createdAt: delivery.created_at,
      ageCreditMs: delivery.age_credit_ms,
      now,
    };
    const decision = decide(answer, this.#destination.retry, standing, ports.random);
    if (decision.kind !== "dead" || decision.reason !== "age_exceeded") return decision;
    // Too old, unless a circuit was open meanwhile: only the gate knows for how long.
    try {
      const { outages } = await ports.gate.inspect(this.#destination.id, limitsOf(this.#destination));
      const plannedMs = delivery.replay_id === null ? plannedWaitMs(event, connection) : 0;
      const open = plannedMs + outageMs(outages, delivery.created_at + plannedMs, now);
      return decide(answer, this.#destination.retry, { ...standing, ageCreditMs: open }, ports.random);
    } catch (error) {
      ports.log.error("gate unreachable", { destination: this.#destination.id, error: describeError(error) });
      return decision;
    }
  }

  /** Reports to the gate what happened and sums up. @param left permitted, but never started */
  async close(left: readonly Job[]): Promise<Dispatched> {
    const { ports } = this.context;
    // With time left, what was not started had come too late for its permit.
    const outOfTime = left.length > 0 && !this.#inTime();
    for (const job of left) {
      if (outOfTime) this.#settle(deferred(job.delivery, "time_budget", ports.now()), "slow");
      else this.#settle(deferred(job.delivery, "pace", ports.now()));
    }
    const snapshot = await this.#report(left.length);
    const after = this.#judge(snapshot, outOfTime);
    const settled =
      after.lane === "slow" ? this.#settled.map((item) => ({ ...item, lane: "slow" as const })) : this.#settled;
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
