// Makes the attempts of one destination's requests and decides the next step of each delivery.
import type { Random } from "../../kernel/random.ts";
import { batchOf, type Destination } from "../../model/destination.ts";
import type { ConnectionId } from "../../model/ids.ts";
import type { BatchPolicy } from "../../model/policies.ts";
import { limitsOf, outageMs, type GateSnapshot, type Grant } from "../../gate/index.ts";
import type { Answer, Outcome } from "../../outbound/index.ts";
import { plannedWaitMs } from "../../routing/index.ts";
import { describeError } from "../../telemetry/index.ts";
import { makeAttempt, withoutAnswer, withoutRequest } from "../attempt/make-attempt.ts";
import { splitAnswers } from "../batch/answers.ts";
import { buildBatch } from "../batch/build.ts";
import { decide } from "../outcome/decide.ts";
import { afterAttempt, deferred } from "../outcome/transitions.ts";
import type { DispatchPorts } from "../ports.ts";
import type { Decision, Job, RequestGroup, Settled } from "../types.ts";
import type { RunStats } from "./run-stats.ts";

interface AttemptsPorts extends DispatchPorts {
  readonly stats: RunStats;
  /** One more permit of the destination's pace. */
  readonly again: () => Promise<Grant>;
  readonly settle: (delivery: Settled["delivery"], answer?: Settled["answer"]) => void;
}

export class Attempts {
  /** Until when a 429 or 503 asked the whole destination to wait. */
  pauseUntil: number | null = null;
  /** Connections that the receiver has asked to be disabled. */
  disable: ConnectionId[] = [];
  readonly #destination: Destination;
  readonly #ports: AttemptsPorts;
  /** Read once, however many deliveries are too old. */
  #outages: Promise<GateSnapshot> | null = null;

  constructor(destination: Destination, ports: AttemptsPorts) {
    this.#destination = destination;
    this.#ports = ports;
  }

  /** Makes the request of a group. @param until when its permit expires */
  async make(group: RequestGroup, until: number | null): Promise<void> {
    const batch = batchOf(this.#destination);
    const isOver = this.#ports.stats.begin(this.#ports.now());
    try {
      if (batch !== null) await this.#sendBatch(group, batch, until);
      else for (const job of group) await this.#send(job, until);
    } finally {
      isOver();
    }
  }

  async #send(job: Job, until: number | null): Promise<void> {
    const ports = this.#ports;
    const attempted = await makeAttempt(job, { until, again: ports.again }, ports);
    if (attempted.kind === "held" && attempted.abandoned && job.connection !== null)
      this.disable.push(job.connection.id);
    if (attempted.kind !== "answered") return ports.settle(withoutAnswer(job.delivery, attempted, ports.now()));
    const { answer, startedAt } = attempted;
    const now = ports.now();
    this.#learn(answer, startedAt, now);
    const { next, decision } = await this.#afterAnswer(job, answer, startedAt, now, ports.random);
    ports.settle(next, answer.body);
    const line = {
      delivery: next.id,
      event: next.event_id,
      type: job.event.event_type ?? null,
      ...this.#logFields(answer),
      attempt: next.attempts_made,
      outcome: next.status,
    };
    if (decision.kind === "delivered") ports.log.debug("attempt", line);
    else ports.log.info("attempt failed", line);
  }

  /** One request for all of them. Deliveries that do not fit come again at once. */
  async #sendBatch(group: RequestGroup, policy: BatchPolicy, until: number | null): Promise<void> {
    const ports = this.#ports;
    const { sending, jobs, aside, left } = await buildBatch(group, policy, ports);
    for (const { delivery } of left) ports.settle(deferred(delivery, "batch", ports.now()));
    for (const { job, fault } of aside) {
      const now = ports.now();
      const came = withoutRequest(fault, job, now, ports);
      if (came.kind !== "answered") ports.settle(withoutAnswer(job.delivery, came, now));
      else ports.settle((await this.#afterAnswer(job, came.answer, now, now, ports.random)).next);
    }
    if (sending === null) return;
    const attempted = await makeAttempt(sending, { until, again: ports.again }, ports);
    const now = ports.now();
    if (attempted.kind !== "answered") {
      for (const { delivery } of jobs) ports.settle(withoutAnswer(delivery, attempted, now));
      return;
    }
    const { answer, startedAt } = attempted;
    this.#learn(answer, startedAt, now);
    // The same jitter for all of them, so that they are retried together.
    const jitter = ports.random();
    const counts: Record<string, number> = {};
    for (const [index, own] of splitAnswers(answer, jobs).entries()) {
      const job = jobs[index];
      if (job === undefined) continue;
      const { next } = await this.#afterAnswer(job, own, startedAt, now, () => jitter);
      ports.settle(next);
      counts[next.status] = (counts[next.status] ?? 0) + 1;
    }
    ports.log.info("batch sent", {
      batch: sending.event.id,
      events: jobs.length,
      ...this.#logFields(answer),
      ...counts,
    });
  }

  #learn(answer: Answer, startedAt: number, now: number): void {
    const { stats, answerTimes } = this.#ports;
    stats.add(answer, startedAt, now);
    answerTimes.learn(this.#destination.id, answer.durationMs, now);
  }

  #logFields({ status, error, durationMs }: Answer) {
    return { destination: this.#destination.slug, status, error, duration_ms: durationMs };
  }

  async #afterAnswer(job: Job, answer: Answer, startedAt: number, now: number, random: Random) {
    const decision = await this.#decide(job, answer, now, random);
    if (decision.kind !== "delivered")
      this.pauseUntil = Math.max(this.pauseUntil ?? 0, decision.pauseUntil ?? 0) || null;
    if (decision.kind !== "retry" && decision.disableConnection && job.connection !== null)
      this.disable.push(job.connection.id);
    return { next: afterAttempt(job.delivery, answer, startedAt, decision, now), decision };
  }

  async #decide({ delivery, event, connection }: Job, answer: Outcome, now: number, random: Random): Promise<Decision> {
    const { gate, log } = this.#ports;
    const standing = {
      attemptsMade: delivery.attempts_made + 1 - (delivery.attempts_before ?? 0),
      createdAt: delivery.created_at,
      ageCreditMs: delivery.age_credit_ms,
      now,
    };
    const decision = decide(answer, this.#destination.retry, standing, random);
    if (decision.kind !== "dead" || decision.reason !== "age_exceeded") return decision;
    // Too old, unless the circuit was open meanwhile: only the gate knows for how long.
    try {
      this.#outages ??= gate.inspect(this.#destination.id, limitsOf(this.#destination));
      const { outages } = await this.#outages;
      const plannedMs = delivery.replay_id === null ? plannedWaitMs(event, connection) : 0;
      const open = plannedMs + outageMs(outages, delivery.created_at + plannedMs, now);
      const age = { ...standing, ageCreditMs: Math.max(open, standing.ageCreditMs) };
      return decide(answer, this.#destination.retry, age, random);
    } catch (error) {
      log.error("gate unreachable", { destination: this.#destination.id, error: describeError(error) });
      return decision;
    }
  }
}
