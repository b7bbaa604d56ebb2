// Later attempts: deliveries whose time has come, in five steps. Messages carry ids, the state is in D1. Retry, deferral and schedule are
// the same thing here.
import { EARLY_MS, MAX_BATCH_EVENTS, MAX_FLUSH_BYTES } from "../../config/limits.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { DeliveryId } from "../../model/ids.ts";
import { isFinal } from "../../model/lifecycle.ts";
import type { DueMessage, FlushMessage } from "../../model/message.ts";
import { plannedWaitMs } from "../../routing/index.ts";
import { deliveryCounts } from "../../stats/index.ts";
import { describeError } from "../../telemetry/index.ts";
import { takeFlushed } from "../batch/collect.ts";
import { deferForBatch, waitsForBatch } from "../batch/request-groups.ts";
import { ended } from "../outcome/transitions.ts";
import type { ConsumerPorts, Incoming, TakenDue } from "../ports.ts";
import { dispatch, holdOf } from "../run/dispatch.ts";
import type { DueDelivery, Job, LaterLane, Settled } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Conclusion, Received } from "./conclusion.ts";
import { enqueue } from "./enqueue.ts";
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
  // One round after the other: no more events at a time than one statement may change, or memory holds well.
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
  const messages = [...due.map(({ incoming }) => incoming), ...flushed.incoming];
  const taken = await take([...due.map(({ message }) => message.id), ...flushed.ids], messages, lane, ports);
  if (taken === null) return;
  await returnEarly(taken, due, lane, ports);
  const inHand = taken.deliveries.filter(({ claim }) => claim !== null);
  const { jobs, settled } = route(inHand, lane, ports.now());
  const attempted = await dispatch(jobs, lane, taken.states, ports);
  const all = [...settled, ...attempted.settled];
  await settle({ ...attempted, conclusions: conclude(inHand, all) }, ports);
  for (const incoming of messages) incoming.ack();
  ports.log.info("batch", {
    lane,
    messages: due.length + flushes.length,
    taken: jobs.length,
    attempts: attempted.attempts,
    delivered: all.filter(({ delivery }) => delivery.status === "delivered").length,
    dead: all.filter(({ delivery }) => delivery.status === "dead").length,
    waiting: all.filter(({ delivery }) => !isFinal(delivery.status)).length,
    duration_ms: ports.now() - startedAt,
  });
}

/** The deliveries that gates have gathered for these messages. A message whose gate cannot be asked comes back. */
async function takeFromGates(flushes: readonly Received<FlushMessage>[], lane: LaterLane, ports: ConsumerPorts) {
  const ids: DeliveryId[] = [];
  const incoming: Incoming[] = [];
  for (const flush of flushes) {
    const gathered = await takeFlushed(flush.message, lane, ports);
    if (gathered === null) flush.incoming.retry({ delaySeconds: backoffSeconds(flush.incoming.attempts) });
    else {
      ids.push(...gathered);
      incoming.push(flush.incoming);
    }
  }
  return { ids, incoming };
}

/** Claims the deliveries and reads all that belongs to them. Null where D1 cannot be read: the messages come back. */
async function take(
  ids: readonly DeliveryId[],
  messages: readonly Incoming[],
  lane: LaterLane,
  ports: ConsumerPorts,
): Promise<TakenDue | null> {
  if (ids.length === 0) return { deliveries: [], states: new Map() };
  try {
    return await ports.records.takeDue(ids, holdOf(lane));
  } catch (error) {
    ports.log.error("record unreadable", { lane, error: describeError(error) });
    for (const incoming of messages) incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
    return null;
  }
}

/**
 * Puts back what has come before its time: waits longer than a queue can delay come back early. What is final or in other hands needs
 * nothing, nor does a delivery that waits for another message: one of a later time, or its gate's.
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

/** Ends what has lost its destination, connection or event; lets a batch's events wait for company; the rest is attempted. */
function route(inHand: readonly DueDelivery[], lane: LaterLane, now: number): { jobs: Job[]; settled: Settled[] } {
  const jobs: Job[] = [];
  const settled: Settled[] = [];
  for (const { delivery, destination, connection, event, source_slug: sourceSlug } of inHand) {
    const end = (status: "cancelled" | "dead", error: string): void =>
      void settled.push({ delivery: ended(delivery, status, error, now), lane });
    if (destination === null) end("cancelled", "destination_deleted");
    else if (delivery.connection_id !== null && connection === null) end("cancelled", "connection_deleted");
    else if (event === null) end("dead", "unprocessable: body_missing");
    else {
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
    };
  });
}
