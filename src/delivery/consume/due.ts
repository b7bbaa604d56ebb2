// Later attempts: deliveries whose time has come, in five steps. Messages carry ids, the state is in D1. Retry, deferral and schedule are
// the same thing here.
import {
  ALONE_BUDGET_MS,
  DEAD_AFTER_INTERRUPTIONS,
  EARLY_MS,
  HOLD_MS,
  MAX_BATCH_EVENTS,
  MAX_FLUSH_BYTES,
} from "../../config/limits.ts";
import type { Delivery } from "../../model/delivery.ts";
import { SECOND_MS } from "../../kernel/durations.ts";
import type { DeliveryId } from "../../model/ids.ts";
import { isFinal } from "../../model/lifecycle.ts";
import type { DueMessage, FlushMessage } from "../../model/message.ts";
import { plannedWaitMs } from "../../routing/index.ts";
import { deliveryCounts } from "../../stats/index.ts";
import { describeError } from "../../telemetry/index.ts";
import { takeFlushed } from "../batch/collect.ts";
import { deferForBatch, waitsForBatch } from "../batch/request-groups.ts";
import { deferred, ended, putOffMs } from "../outcome/transitions.ts";
import type { ConsumerPorts, Incoming, TakenDue } from "../ports.ts";
import { dispatch } from "../run/dispatch.ts";
import type { DueDelivery, Job, LaterLane, Settled } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Conclusion, Received } from "./conclusion.ts";
import { withEarlierAnswers } from "./earlier-answers.ts";
import { enqueue } from "./enqueue.ts";
import { sortInterrupted } from "./interrupted.ts";
import { settle } from "./settle.ts";

/** A time that the user asked for is kept exactly. */
const earlyMs = ({ status }: Delivery): number => (status === "scheduled" ? 0 : EARLY_MS);

export async function consumeDue(
  due: readonly Received<DueMessage>[],
  flushes: readonly Received<FlushMessage>[],
  lane: LaterLane,
  ports: ConsumerPorts,
): Promise<void> {
  if (due.length > 0) await consumeRound(due, [], lane, ports);
  // In rounds, because the number of events in one statement and in memory is limited.
  for (const round of splitIntoRounds(flushes)) await consumeRound([], round, lane, ports);
}

function splitIntoRounds(flushes: readonly Received<FlushMessage>[]): Received<FlushMessage>[][] {
  const rounds: Received<FlushMessage>[][] = [];
  let events = Infinity;
  let bytes = Infinity;
  for (const flush of flushes) {
    const { max_events, max_bytes } = flush.message;
    events += max_events;
    bytes += max_bytes;
    if (events <= MAX_BATCH_EVENTS && bytes <= MAX_FLUSH_BYTES) rounds.at(-1)?.push(flush);
    else {
      rounds.push([flush]);
      events = max_events;
      bytes = max_bytes;
    }
  }
  return rounds;
}

async function consumeRound(
  due: readonly Received<DueMessage>[],
  flushes: readonly Received<FlushMessage>[],
  lane: LaterLane,
  ports: ConsumerPorts,
): Promise<void> {
  const startedAt = ports.now();
  const flushed = await takeFromGates(flushes, lane, ports);
  const messages = [...due, ...flushed.received].map(({ incoming }) => incoming);
  const taken = await take([...due.map(({ message }) => message.id), ...flushed.ids], messages, lane, ports);
  if (taken === null) return;
  await returnEarly(taken, due, lane, ports);
  const { ready, alone } = await sortInterrupted(taken, false, ports);
  await attemptTogether(ready, taken.states, lane, ports);
  await attemptAlone(alone, startedAt + ALONE_BUDGET_MS, lane, ports);
  for (const { incoming } of flushed.received) incoming.ack();
  settleMessages(due, taken, ports.now());
}

/** A message that comes back while its delivery is claimed belonged to a consumer that has died. It waits until that claim expires. */
function settleMessages(due: readonly Received<DueMessage>[], { deliveries, away }: TakenDue, now: number): void {
  const claimedUntil = new Map(deliveries.map((one) => [one.delivery.id, one.claimed_until]));
  for (const { incoming, message } of due) {
    if (away?.has(message.id) === true) {
      incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
      continue;
    }
    const until = claimedUntil.get(message.id) ?? null;
    if (until === null || incoming.attempts === 1) incoming.ack();
    else incoming.retry({ delaySeconds: Math.max(1, Math.ceil((until - now) / SECOND_MS)) });
  }
}

/** One batch: route, attempt, settle. */
async function attemptTogether(
  inHand: readonly DueDelivery[],
  states: TakenDue["states"],
  lane: LaterLane,
  ports: ConsumerPorts,
): Promise<void> {
  if (inHand.length === 0) return;
  const startedAt = ports.now();
  const { jobs, settled } = route(inHand, lane, startedAt);
  const all = [...settled];
  let attempts = 0;
  let unsettled: readonly Settled[] = settled;
  for await (const part of dispatch(jobs, lane, states, ports)) {
    const concluded = conclude(inHand, [...unsettled, ...part.settled]);
    await settle({ ...part, conclusions: await withEarlierAnswers(concluded, ports) }, ports);
    unsettled = [];
    all.push(...part.settled);
    attempts += part.attempts;
  }
  ports.log.info("batch", {
    lane,
    taken: inHand.length,
    attempts,
    delivered: all.filter(({ delivery }) => delivery.status === "delivered").length,
    dead: all.filter(({ delivery }) => delivery.status === "dead").length,
    waiting: all.filter(({ delivery }) => !isFinal(delivery.status)).length,
    duration_ms: ports.now() - startedAt,
  });
}

/** One after the other, those with the fewest interruptions first. Each is claimed when its turn comes, so that a crash interrupts no other. */
async function attemptAlone(
  suspects: readonly DueDelivery[],
  deadline: number,
  lane: LaterLane,
  ports: ConsumerPorts,
): Promise<void> {
  const order = [...suspects].sort((a, b) => a.interruptions - b.interruptions);
  for (const [index, { delivery }] of order.entries()) {
    if (ports.now() >= deadline) {
      const left = order.slice(index).map((one) => ({ delivery: one.delivery, lane }));
      return enqueue(left, ports);
    }
    const taken = await take([delivery.id], [], lane, ports, true);
    if (taken === null) return;
    const { ready } = await sortInterrupted(taken, true, ports);
    await attemptTogether(ready, taken.states, lane, ports);
  }
}

/** The deliveries that gates have collected for these messages. A message whose gate cannot be reached is retried. */
async function takeFromGates(flushes: readonly Received<FlushMessage>[], lane: LaterLane, ports: ConsumerPorts) {
  const ids: DeliveryId[] = [];
  const received: Received<FlushMessage>[] = [];
  for (const flush of flushes) {
    const gathered = await takeFlushed(flush.message, lane, ports);
    if (gathered === null) flush.incoming.retry({ delaySeconds: backoffSeconds(flush.incoming.attempts) });
    else {
      ids.push(...gathered);
      received.push(flush);
    }
  }
  return { ids, received };
}

/** Claims the deliveries and reads all that belongs to them. Null while D1 cannot be read: the messages are retried. */
async function take(
  ids: readonly DeliveryId[],
  messages: readonly Incoming[],
  lane: LaterLane,
  ports: ConsumerPorts,
  alone = false,
): Promise<TakenDue | null> {
  if (ids.length === 0) return { deliveries: [], states: new Map(), unreadable: [] };
  try {
    const taken = await ports.records.takeDue(ids, HOLD_MS, alone);
    // A newer release may have written them: they wait for it.
    const [first] = taken.unreadable;
    if (first !== undefined) {
      const ids = taken.unreadable.map(({ id }) => id);
      ports.log.error("unreadable deliveries put off", { lane, ids, error: describeError(first.error) });
    }
    if (taken.away !== undefined && taken.away.size > 0)
      ports.log.error("record unreadable", { lane, ids: [...taken.away], error: "one of the databases is away" });
    return taken;
  } catch (error) {
    ports.log.error("record unreadable", { lane, error: describeError(error) });
    for (const incoming of messages) incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
    return null;
  }
}

/**
 * Sends a new message for a delivery whose message came early: a wait that exceeds the queue's limit takes several messages. Final deliveries and those
 * that another consumer has claimed need nothing, nor does a delivery that waits for another message: one for a new time, or its gate's.
 */
async function returnEarly(
  { deliveries }: TakenDue,
  due: readonly Received<DueMessage>[],
  lane: LaterLane,
  ports: ConsumerPorts,
): Promise<void> {
  const sentFor = new Map(due.map(({ message }) => [message.id, message.at]));
  const now = ports.now();
  const early = deliveries.filter(({ delivery, claim }) => {
    const at = delivery.next_attempt_at ?? 0;
    const isOwn = sentFor.has(delivery.id) && (sentFor.get(delivery.id) ?? at) === at;
    return claim === null && isOwn && !isFinal(delivery.status) && at > now + earlyMs(delivery);
  });
  await enqueue(
    early.map(({ delivery }) => ({ delivery, lane })),
    ports,
  );
}

/**
 * Ends deliveries whose destination, connection or event was deleted; defers those that wait for a batch to fill or whose event cannot be read
 * now; the rest is attempted.
 */
function route(inHand: readonly DueDelivery[], lane: LaterLane, now: number): { jobs: Job[]; settled: Settled[] } {
  const jobs: Job[] = [];
  const settled: Settled[] = [];
  for (const due of inHand) {
    const { delivery, destination, connection, event, source_slug: sourceSlug } = due;
    const end = (status: "cancelled" | "dead", error: string): void =>
      void settled.push({ delivery: ended(delivery, status, error, now), lane });
    if (due.interruptions >= DEAD_AFTER_INTERRUPTIONS) end("dead", "consumer_crashed");
    else if (destination === null) end("cancelled", "destination_deleted");
    else if (delivery.connection_id !== null && connection === null) end("cancelled", "connection_deleted");
    else if (event === null) end("dead", "unprocessable: body_missing");
    else if (due.withheld !== undefined) {
      const until = now + putOffMs(now - delivery.created_at);
      settled.push({ delivery: deferred(delivery, "body_unavailable", until), lane });
    } else {
      const job = { delivery, event, sourceSlug, destination, connection };
      if (waitsForBatch(job)) settled.push(deferForBatch(job, lane, now));
      else jobs.push(job);
    }
  }
  return { jobs, settled };
}

function conclude(inHand: readonly DueDelivery[], settled: readonly Settled[]): Conclusion[] {
  const dueOf = new Map(inHand.map((due) => [due.delivery.id, due]));
  return settled.flatMap((after) => {
    const before = dueOf.get(after.delivery.id);
    if (before?.claim == null) return [];
    const { claim, event, connection } = before;
    const waitMs = event === null ? 0 : plannedWaitMs(event, connection);
    return {
      incoming: null,
      journal: null,
      first: null,
      settlement: {
        delivery: after.delivery,
        claim,
        counts: deliveryCounts(before.delivery, after.delivery, waitMs),
      },
      deliveries: [after],
      endings: [{ ...before, ...after }],
      finished: before.interruptions > 0 && hasComeThrough(before.delivery, after.delivery) ? [after.delivery.id] : [],
    };
  });
}

/** Whether it was attempted, or ended: a deferral does not prove that it no longer crashes its consumer. */
const hasComeThrough = (before: Delivery, after: Delivery): boolean =>
  after.attempts_made > before.attempts_made || isFinal(after.status);
