// One destination's part in a batch: admission by its gate, the sends, what they say of its health.
import { MAX_OPEN_BATCHES } from "../../config/limits.ts";
import type { Random } from "../../kernel/random.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { Destination } from "../../model/destination.ts";
import { differs, healthyState, isHealthy, type DestinationState } from "../../model/destination-state.ts";
import type { ConnectionId } from "../../model/ids.ts";
import type { BatchPolicy } from "../../model/policies.ts";
import { Admission } from "./admission.ts";
import { makeAttempt, withoutAnswer, withoutRequest } from "../attempt/make-attempt.ts";
import { splitAnswers } from "../batch/answers.ts";
import { buildBatch } from "../batch/build.ts";
import { collectingTerms, groupRequests } from "../batch/request-groups.ts";
import type { Share } from "./shared-connections.ts";
import { RunStats } from "./run-stats.ts";
import { decide } from "../outcome/decide.ts";
import { stateAfter } from "./state-after.ts";
import { afterAttempt, deferred, held } from "../outcome/transitions.ts";
import type { Dispatched, Job, Settled, Decision, RequestGroup } from "../types.ts";
import type { RunContext } from "../ports.ts";
import { outageMs, limitsOf, type GateSnapshot } from "../../gate/index.ts";
import { describeError } from "../../telemetry/index.ts";
import { plannedWaitMs } from "../../routing/index.ts";
import type { Outcome, Answer } from "../../outbound/index.ts";

export class DestinationRun {
  readonly jobs: readonly Job[];
  readonly context: RunContext;
  readonly #destination: Destination;
  readonly #before: DestinationState;
  readonly #settled: Settled[] = [];
  readonly #disable: ConnectionId[] = [];
  readonly #seen = new RunStats();
  readonly #admission: Admission;
  #pauseUntil: number | null = null;
  /** Asked once, however many deliveries are too old. */
  #outages: Promise<GateSnapshot> | null = null;

  constructor(jobs: readonly Job[], context: RunContext) {
    this.jobs = jobs;
    this.context = context;
    const first = jobs[0];
    if (first === undefined) throw new Error("a run needs a delivery");
    this.#destination = first.destination;
    this.#before = context.state ?? healthyState(first.destination.id);
    this.#admission = new Admission(first.destination, context, (waiting) => this.#settle(waiting));
  }

  /** Sorts out what cannot go now and asks the gate for the rest. @param width sends at a time that the batch can spare */
  async admit(width: number): Promise<Share<RequestGroup>> {
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
    const groups = groupRequests(ready, batch);
    const places = Math.min(batch === null ? width : MAX_OPEN_BATCHES, width);
    this.#admission.lineUp(groups, this.#needsGate());
    const next = () => this.#admission.next(places, this.#seen.summary().mean_ms);
    return {
      items: await next(),
      more: async () => (this.#inTime() ? next() : []),
      width: Math.min(places, this.#admission.lease?.width ?? places),
      keepGoing: () => this.#inTime(),
      send: async (group, until) => {
        if (batch !== null) await this.#sendBatch(group, batch, until);
        else for (const job of group) await this.#send(job, until);
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

  async #send(job: Job, until: number | null): Promise<void> {
    const { ports } = this.context;
    const attempted = await makeAttempt(job, { until, again: () => this.#admission.again() }, ports);
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
  async #sendBatch(group: RequestGroup, policy: BatchPolicy, until: number | null): Promise<void> {
    const { ports } = this.context;
    const { sending, jobs, aside, left } = await buildBatch(group, policy, ports);
    for (const { delivery } of left) this.#settle(deferred(delivery, "batch", ports.now()));
    for (const { job, fault } of aside) {
      const now = ports.now();
      const came = withoutRequest(fault, job, now, ports);
      if (came.kind !== "answered") this.#settle(withoutAnswer(job.delivery, came, now));
      else this.#settle((await this.#afterAnswer(job, came.answer, now, now, ports.random)).next);
    }
    if (sending === null) return;
    const attempted = await makeAttempt(sending, { until, again: () => this.#admission.again() }, ports);
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
    for (const [index, own] of splitAnswers(answer, jobs).entries()) {
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
  async close(unsent: readonly RequestGroup[]): Promise<Dispatched> {
    const { ports } = this.context;
    const left = unsent.flat();
    // With time left, what was not started had come too late for its permit.
    const outOfTime = left.length > 0 && !this.#inTime();
    for (const { delivery } of this.#admission.line.flat())
      this.#settle(deferred(delivery, "pace", ports.now(), delivery.slot_at));
    for (const job of left) {
      if (outOfTime)
        this.#settle(deferred(job.delivery, "time_budget", ports.now()), this.#keepsToItself() ? undefined : "slow");
      else this.#settle(deferred(job.delivery, "pace", ports.now()));
    }
    const snapshot = await this.#report(unsent.length);
    const { lane, deadline } = this.context;
    const standing = {
      lane,
      snapshot,
      seen: this.#seen,
      outOfTime: outOfTime && !this.#keepsToItself(),
      deadline,
    };
    const after = stateAfter(this.#before, standing, ports.now());
    const jobs = new Map(this.jobs.map((job) => [job.delivery.id, job]));
    const settled = this.#settled.map((item): Settled => {
      const job = jobs.get(item.delivery.id);
      const collecting = job === undefined ? null : collectingTerms(job);
      const slow = after.lane === "slow" && !this.#keepsToItself();
      return { ...item, ...(slow ? { lane: "slow" } : {}), ...(collecting && { collecting }) };
    });
    return {
      settled,
      states: differs(this.#before, after) || (this.context.state !== null && isHealthy(after)) ? [after] : [],
      disable: this.#disable,
      reschedule: snapshot?.stale === true ? [this.#destination.id] : [],
      attempts: this.#seen.sends,
    };
  }

  async #report(unused: number): Promise<GateSnapshot | null> {
    const { ports } = this.context;
    const { lease, snapshot, permits } = this.#admission;
    const tellsNothing =
      lease === null &&
      this.#seen.failures === 0 &&
      this.#seen.throttled === 0 &&
      !(snapshot !== null && (this.#before.failures > 0 || this.#before.throttled)) &&
      this.#before.circuit === "closed";
    if (permits === 0 || tellsNothing) return snapshot;
    try {
      return await ports.gate.report(this.#destination.id, {
        limits: limitsOf(this.#destination),
        lease_id: lease?.id ?? null,
        ...this.#seen.summary(),
        unused,
        pause_until: this.#pauseUntil,
      });
    } catch (error) {
      // Leases expire by themselves; the next batch reports again.
      ports.log.error("gate report lost", { destination: this.#destination.id, error: describeError(error) });
      return snapshot;
    }
  }

  #settle(delivery: Delivery, lane?: "slow", answer: Settled["answer"] = null): void {
    this.#settled.push({ delivery, lane: lane ?? (delivery.replay_id === null ? "deliveries" : "replays"), answer });
  }
}
