// How a destination's run may send: whether it asks the gate, how many requests at a time, for how long, and in which lane the rest waits.
// Decides only; sends nothing.
import {
  BATCH_BUDGET_MS,
  BROKER_CONNECT_MS,
  FIRST_ATTEMPT_HORIZON_MS,
  GATE_ANSWER_MS,
  HOLD_MS,
  LATER_ATTEMPT_HORIZON_MS,
  LONG_BATCH_BUDGET_MS,
  MAX_OPEN_BATCHES,
  MAX_OPEN_MESSAGES,
  MAX_OPEN_REQUESTS,
  QUICK_ANSWER_MS,
  SLOW_GATE_WAIT_MS,
  SMALL_BATCH_ANSWER_MS,
  START_WITHIN_MS,
} from "../../config/limits.ts";
import type { AcquireRequest, GateSnapshot } from "../../gate/index.ts";
import { SECOND_MS } from "../../kernel/durations.ts";
import type { Delivery } from "../../model/delivery.ts";
import { batchOf, isBroker, type Destination } from "../../model/destination.ts";
import { healthyState, type DestinationState } from "../../model/destination-state.ts";
import type { DispatchPorts } from "../ports.ts";
import type { Lane, LaterLane } from "../types.ts";
import type { RunStats } from "./run-stats.ts";

export interface PlanContext {
  readonly lane: Lane;
  /** Whether the batch has no other destination, or a connection for each request: then there is no one to protect. */
  readonly alone: boolean;
  /** The recorded state; null if healthy. */
  readonly state: DestinationState | null;
  /** Whether the destination's gate did not answer last time. */
  readonly isGateLate: boolean;
  readonly ports: Pick<DispatchPorts, "answerTimes" | "now">;
}

export class SendPlan {
  /** The state including the parts taken so far. */
  state: DestinationState;
  readonly #destination: Destination;
  readonly #context: PlanContext;
  readonly #stats: RunStats;

  /** @param stats the sends so far; they change the plan while the run goes on */
  constructor(destination: Destination, context: PlanContext, stats: RunStats) {
    this.#destination = destination;
    this.#context = context;
    this.#stats = stats;
    this.state = context.state ?? healthyState(destination.id);
  }

  /** Whether the destination is known to be slow and this lane is for quick ones. */
  movesToSlowLane(): boolean {
    const { lane, alone } = this.#context;
    if (lane !== "events" && lane !== "deliveries") return false;
    return this.state.lane === "slow" || (!alone && (this.#knownMs() ?? 0) >= QUICK_ANSWER_MS);
  }

  /** Whether the gate must be asked before a send. */
  isGated(): boolean {
    const { rate_limit, max_concurrency } = this.#destination;
    const { circuit, failures, throttled, pause_until } = this.state;
    return (
      rate_limit !== null ||
      max_concurrency !== null ||
      circuit !== "closed" ||
      failures > 0 ||
      throttled ||
      pause_until !== null
    );
  }

  isPaced(): boolean {
    return this.#destination.rate_limit !== null || this.state.throttled;
  }

  isQuick(): boolean {
    if (this.#stats.timeouts > 0) return false;
    const mean = this.#stats.summary().mean_ms ?? this.#knownMs();
    return mean !== null && mean < QUICK_ANSWER_MS;
  }

  /** Requests that it may have in flight. */
  width(): number {
    if (batchOf(this.#destination) !== null) return MAX_OPEN_BATCHES;
    return this.#context.alone || this.isQuick() ? this.#openAtOnce() : 1;
  }

  /** What one invocation can have under way: messages share a connection. */
  #openAtOnce(): number {
    return isBroker(this.#destination) ? MAX_OPEN_MESSAGES : MAX_OPEN_REQUESTS;
  }

  /** What the gate is told. @param width requests that can be in flight */
  terms(width: number): Pick<AcquireRequest, "width" | "send_ms" | "horizon_ms" | "delay_ms" | "lease_ms"> {
    const { lane, isGateLate } = this.#context;
    const isLate = lane === "slow" && isGateLate;
    return {
      width,
      send_ms: this.#knownMs(),
      horizon_ms: lane === "events" || isLate ? FIRST_ATTEMPT_HORIZON_MS : LATER_ATTEMPT_HORIZON_MS,
      delay_ms: (isLate ? SLOW_GATE_WAIT_MS : GATE_ANSWER_MS) + (isBroker(this.#destination) ? BROKER_CONNECT_MS : 0),
      lease_ms: HOLD_MS + this.#destination.timeout_ms,
    };
  }

  /** How long it may start sends. */
  windowMs(): number {
    const { lane, alone } = this.#context;
    if (lane === "events") return START_WITHIN_MS;
    return alone ? LONG_BATCH_BUDGET_MS : this.isQuick() ? BATCH_BUDGET_MS : START_WITHIN_MS;
  }

  /** Whether timeouts end the starts: the slow lane protects no one from them. */
  isTimingOut(): boolean {
    return this.#context.lane !== "slow" && this.#stats.timeouts > 0;
  }

  /** Whether requests that have not started go to the slow lane: among other destinations, only a quick one may keep its lane. */
  leavesLane(): boolean {
    const isSlow = this.#stats.timeouts > 0 || !(this.#context.alone || this.isQuick());
    return isSlow && !this.#keepsToItself();
  }

  /**
   * The lane in which a delivery waits for its next attempt.
   * @param chosen decided when it was put off
   * @param gate null if it has not answered
   */
  laterLane(
    { deferred_by, replay_id }: Delivery,
    chosen: LaterLane | undefined,
    gate: Pick<GateSnapshot, "rate_in_use" | "mean_ms"> | null,
  ): LaterLane {
    if (this.state.lane === "slow" && !this.#keepsToItself()) return "slow";
    if (chosen !== undefined) return chosen;
    if (replay_id !== null) return "replays";
    if (deferred_by !== "pace" && deferred_by !== "concurrency") return "deliveries";
    const underWayMs = this.#stats.longestUnderWay(this.#context.ports.now());
    const tookMs = this.#stats.summary().mean_ms ?? Math.max(this.#knownMs() ?? gate?.mean_ms ?? 0, underWayMs);
    const rate = gate?.rate_in_use ?? null;
    // When the connections of one invocation do not use the pace to the full, several invocations must share it.
    const fillsPaceMs = rate === null ? Infinity : (this.#openAtOnce() * SECOND_MS) / rate;
    return tookMs < Math.min(SMALL_BATCH_ANSWER_MS, fillsPaceMs) ? "deliveries" : "small";
  }

  /** Replays that only take long stay in their lane: in the slow lane they would delay live traffic to the same destination. */
  #keepsToItself(): boolean {
    return this.#context.lane === "replays" && this.#stats.timeouts === 0;
  }

  #knownMs(): number | null {
    const { answerTimes, now } = this.#context.ports;
    return answerTimes.of(this.#destination.id, now());
  }
}
