// What became of each webhook, as its sender, its destination and the record saw it, and the figures of a run.
import type { Delivery } from "../../src/model/delivery.ts";
import type { Destination } from "../../src/model/destination.ts";
import type { DeliveryId } from "../../src/model/ids.ts";
import { isFinal } from "../../src/model/lifecycle.ts";
import { DEFAULT_SCHEDULE_SECONDS } from "../../src/model/policies.ts";
import { SECOND_MS } from "../../src/kernel/durations.ts";
import { mostBeyondPace } from "./beyond-pace.ts";

/** One webhook on its way to its one destination. Instants in milliseconds since the epoch. */
interface Webhook {
  readonly acceptedAt: number;
  sends: number;
  /** When the destination answered with success first. */
  deliveredAt: number | null;
  deferrals: number;
  /** Whether the record shows all that has happened to it. */
  isRecorded: boolean;
}

export interface DestinationFigures {
  readonly accepted: number;
  readonly delivered_during: number;
  readonly delivered: number;
  readonly first_try: number;
  readonly attempts: number;
  readonly attempts_over_policy: number;
  readonly deferrals_per_webhook: number;
  readonly lane_changes: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly p99_after_30s_ms: number | null;
  readonly worst_over_pace: number;
}

export const POLICY_ATTEMPTS = DEFAULT_SCHEDULE_SECONDS.length + 1;
/** Ends that the destination's answers and its policy lead to. Any other is the fault of Sluice. */
const ENDS_BY_POLICY = /^(attempts_exhausted|age_exceeded|not_retryable|gone|aborted_by_receiver)/;

export class DestinationMeasure {
  readonly webhooks: Webhook[] = [];
  readonly sentAt: number[] = [];
  laneChanges = 0;
  lane = "normal";
  underWay = 0;
  mostUnderWay = 0;
  readonly #destination: Destination;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  /** The share of what came in before an instant that was delivered by another. */
  shareDelivered(acceptedBefore: number, deliveredBy: number): number {
    const came = this.webhooks.filter(({ acceptedAt }) => acceptedAt < acceptedBefore);
    return came.filter(({ deliveredAt }) => deliveredAt !== null && deliveredAt <= deliveredBy).length / came.length;
  }

  figures(startedAt: number, trafficEndsAt: number): DestinationFigures {
    const { rate_limit } = this.#destination;
    const delivered = this.webhooks.filter(({ deliveredAt }) => deliveredAt !== null);
    const attempts = this.webhooks.reduce((sum, { sends }) => sum + sends, 0);
    const deferrals = this.webhooks.reduce((sum, one) => sum + one.deferrals, 0);
    const lateOnes = delivered.filter(({ acceptedAt }) => acceptedAt >= startedAt + 30 * SECOND_MS);
    return {
      accepted: this.webhooks.length,
      delivered_during: delivered.filter(({ deliveredAt }) => (deliveredAt ?? Infinity) <= trafficEndsAt).length,
      delivered: delivered.length,
      first_try: delivered.filter((one) => one.sends === 1 && one.deferrals === 0).length,
      attempts,
      attempts_over_policy: this.webhooks.reduce((most, { sends }) => Math.max(most, sends - POLICY_ATTEMPTS), 0),
      deferrals_per_webhook: rounded(deferrals / Math.max(1, this.webhooks.length)),
      lane_changes: this.laneChanges,
      p50_ms: percentile(delivered, 0.5),
      p99_ms: percentile(delivered, 0.99),
      p99_after_30s_ms: percentile(lateOnes, 0.99),
      worst_over_pace: rate_limit === null ? 0 : rounded(mostBeyondPace(this.sentAt, rate_limit)),
    };
  }
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

/** Of the time from acceptance to the answer. Milliseconds; null without any. */
function percentile(delivered: readonly Webhook[], share: number): number | null {
  const delays = delivered.map(({ acceptedAt, deliveredAt }) => (deliveredAt ?? acceptedAt) - acceptedAt);
  const sorted = Float64Array.from(delays).sort();
  const found = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
  return found === undefined ? null : Math.round(found);
}

export class Measure {
  readonly byDestination: ReadonlyMap<string, DestinationMeasure>;
  readonly #webhooks = new Map<DeliveryId, Webhook>();
  /** What was not on record yet when `watchRecord` was called. */
  #unrecorded = new Set<Webhook>();
  #watchedAt: number | null = null;
  #recordedAt: number | null = null;
  /** Transactions that have put something of it on record. */
  lateTransactions = 0;
  #isLate = false;

  constructor(destinations: readonly Destination[]) {
    this.byDestination = new Map(destinations.map((one) => [one.id, new DestinationMeasure(one)]));
  }

  of(destinationId: string): DestinationMeasure {
    const found = this.byDestination.get(destinationId);
    if (found === undefined) throw new Error(`${destinationId} is no destination of this run`);
    return found;
  }

  accepted(id: DeliveryId, destinationId: string, at: number): void {
    const webhook: Webhook = { acceptedAt: at, sends: 0, deliveredAt: null, deferrals: 0, isRecorded: false };
    this.#webhooks.set(id, webhook);
    this.of(destinationId).webhooks.push(webhook);
  }

  /** A request has reached the destination. @returns to be called with its answer */
  sent(id: DeliveryId, destinationId: string, at: number): (status: number | null, at: number) => void {
    const measure = this.of(destinationId);
    const webhook = this.#webhook(id);
    webhook.sends += 1;
    measure.sentAt.push(at);
    measure.underWay += 1;
    measure.mostUnderWay = Math.max(measure.mostUnderWay, measure.underWay);
    return (status, answeredAt) => {
      measure.underWay -= 1;
      webhook.isRecorded = false;
      if (status !== null && status >= 200 && status < 300) webhook.deliveredAt ??= answeredAt;
    };
  }

  written(delivery: Delivery, at: number): void {
    const webhook = this.#webhook(delivery.id);
    webhook.deferrals = delivery.deferrals;
    webhook.isRecorded = true;
    if (this.#unrecorded.delete(webhook)) this.#isLate = true;
    if (this.#unrecorded.size === 0 && this.#watchedAt !== null) this.#recordedAt ??= at;
  }

  /** Called with the end of each, after `written` for all that it holds. */
  committed(): void {
    if (this.#isLate) this.lateTransactions += 1;
    this.#isLate = false;
  }

  laneIs(destinationId: string, lane: string): void {
    const measure = this.of(destinationId);
    if (lane !== measure.lane) measure.laneChanges += 1;
    measure.lane = lane;
  }

  /** From now on waits for what is not on record at this moment. */
  watchRecord(at: number): void {
    this.#watchedAt = at;
    this.#unrecorded = new Set([...this.#webhooks.values()].filter(({ isRecorded }) => !isRecorded));
    if (this.#unrecorded.size === 0) this.#recordedAt = at;
  }

  /** Seconds; null where it is not all on record to the end. */
  get recordedAfterS(): number | null {
    return this.#recordedAt === null || this.#watchedAt === null
      ? null
      : rounded((this.#recordedAt - this.#watchedAt) / SECOND_MS);
  }

  /** Webhooks that are neither on record nor anywhere on their way to it. */
  lost(hasOwner: (id: DeliveryId) => boolean): number {
    return [...this.#webhooks.keys()].filter((id) => !hasOwner(id)).length;
  }

  /** Whether an end is none that the destination's answers have led to. */
  isEndedByFault({ id, status, last_error }: Delivery): boolean {
    if (!isFinal(status) || status === "delivered") return false;
    if (status === "cancelled" || !ENDS_BY_POLICY.test(last_error ?? "")) return true;
    return last_error?.startsWith("attempts_exhausted") === true && this.#webhook(id).sends < POLICY_ATTEMPTS;
  }

  #webhook(id: DeliveryId): Webhook {
    const found = this.#webhooks.get(id);
    if (found === undefined) throw new Error(`${id} was never accepted`);
    return found;
  }
}
