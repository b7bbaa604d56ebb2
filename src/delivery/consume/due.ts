// Consumer of `deliveries`, `slow` and `replays`: messages carry ids, the state is in D1. Retry, deferral and schedule are all the
// same here: a delivery whose time has come.
import type { Delivery } from "../../model/delivery.ts";
import type { DeliveryId } from "../../model/ids.ts";
import { isFinal } from "../../model/lifecycle.ts";
import {
  parseMessage,
  type CancelMessage,
  type DueMessage,
  type FlushMessage,
  type RecordMessage,
  type ReplayMessage,
  type RescheduleMessage,
} from "../../model/message.ts";
import { deliveryCounts, type Counts } from "../../stats/index.ts";
import { MAX_BATCH_EVENTS, MAX_FLUSH_BYTES } from "../../config/limits.ts";
import { takeFlushed } from "../batch/collect.ts";
import { deferForBatch, waitsForBatch } from "../batch/request-groups.ts";
import { deadLetterMessages } from "./dead-letters.ts";
import { cancelWaiting } from "../jobs/cancel.ts";
import { callbackMessages, makeCallbacks } from "../outcome/callback.ts";
import { dispatch, holdOf } from "../run/dispatch.ts";
import { askToReschedule, enqueue } from "./enqueue.ts";
import { replayStep } from "../jobs/replay.ts";
import { reschedule } from "../jobs/reschedule.ts";
import { ended } from "../outcome/transitions.ts";
import type { Job, Lane, Settled, DueDelivery } from "../types.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts, type Incoming } from "../ports.ts";
import { plannedWaitMs } from "../../routing/index.ts";
import { describeError } from "../../telemetry/index.ts";

const RETRY_SECONDS = 10;
/** A message may come this much before its time, unless the time is somebody's wish. Milliseconds. */
const EARLY_MS = 1_000;
const earlyMs = ({ status }: Delivery): number => (status === "scheduled" ? 0 : EARLY_MS);

type LaterLane = Exclude<Lane, "events">;

export async function consumeDue(batch: readonly Incoming[], lane: LaterLane, ports: ConsumerPorts): Promise<void> {
  const due: Called<DueMessage>[] = [];
  const flushes: Called<FlushMessage>[] = [];
  const unparsable: Incoming[] = [];
  for (const incoming of batch) {
    const message = parseMessage(incoming.body);
    if (message?.kind === "due") due.push({ incoming, message });
    else if (message?.kind === "flush") flushes.push({ incoming, message });
    else if (message?.kind === "retime") await rescheduleWaiting(incoming, message, ports);
    else if (message?.kind === "cancel") await cancelGone(incoming, message, ports);
    else if (message?.kind === "replay") await replayOn(incoming, message, ports);
    else if (message?.kind === "record") await catchUp(incoming, message, ports);
    else unparsable.push(incoming);
  }
  if (unparsable.length > 0) await deadLetterMessages(unparsable, lane, ports);
  if (due.length > 0) await bring(due, [], lane, ports);
  // A round after the other: no more events at a time than one statement may change, or memory holds well.
  for (const round of splitIntoRounds(flushes)) await bring([], round, lane, ports);
}

interface Called<Message> {
  readonly incoming: Incoming;
  readonly message: Message;
}

function splitIntoRounds(flushes: readonly Called<FlushMessage>[]): Called<FlushMessage>[][] {
  const rounds: Called<FlushMessage>[][] = [];
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

async function bring(
  due: readonly Called<DueMessage>[],
  flushes: readonly Called<FlushMessage>[],
  lane: LaterLane,
  ports: ConsumerPorts,
): Promise<void> {
  const startedAt = ports.now();
  const called: DeliveryId[] = [];
  const asked: Incoming[] = due.map(({ incoming }) => incoming);
  for (const { incoming, message } of flushes) {
    const ids = await takeFlushed(message, lane, ports);
    if (ids === null) incoming.retry({ delaySeconds: RETRY_SECONDS });
    else {
      called.push(...ids);
      asked.push(incoming);
    }
  }
  const ids = [...due.map(({ message }) => message.id), ...called];
  if (ids.length === 0) return asked.forEach((incoming) => incoming.ack());

  let taken: Awaited<ReturnType<ConsumerPorts["records"]["takeDue"]>>;
  try {
    taken = await ports.records.takeDue(ids, holdOf(lane));
  } catch (error) {
    ports.log.error("record unreadable", { lane, error: describeError(error) });
    for (const incoming of asked) incoming.retry({ delaySeconds: RETRY_SECONDS });
    return;
  }
  const sentFor = new Map(due.map(({ message }) => [message.id, message.at]));
  const { jobs, settled, early } = sort(taken.deliveries, lane, ports.now(), sentFor);
  const result = await dispatch(jobs, lane, taken.states, ports);
  const claims = new Map(taken.deliveries.map(({ delivery, claim }) => [delivery.id, claim]));
  const all = [...settled, ...result.settled];
  const dueOf = new Map(taken.deliveries.map((one) => [one.delivery.id, one]));
  const callbacks = await makeCallbacks(
    all.flatMap((one) => {
      const due = dueOf.get(one.delivery.id);
      return due === undefined ? [] : [{ ...due, ...one }];
    }),
    ports.completeId,
  );
  try {
    await ports.records.write({
      ...NOTHING_TO_WRITE,
      settlements: all.map(({ delivery }) => ({
        delivery,
        claim: claims.get(delivery.id) ?? 0,
        counts: countsOf(dueOf.get(delivery.id), delivery),
      })),
      states: result.states,
      disable: result.disable,
      callbacks,
    });
    await enqueue([...all, ...early, ...callbackMessages(callbacks)], ports);
    await askToReschedule(result.reschedule, ports);
  } catch (error) {
    // The claims expire and the sweep puts the deliveries back: sent once more rather than forgotten.
    ports.log.error("record unwritable", { lane, deliveries: all.length, error: describeError(error) });
  }
  for (const incoming of asked) incoming.ack();
  ports.log.info("batch", {
    lane,
    messages: due.length + flushes.length,
    taken: jobs.length,
    attempts: result.attempts,
    delivered: all.filter(({ delivery }) => delivery.status === "delivered").length,
    dead: all.filter(({ delivery }) => delivery.status === "dead").length,
    waiting: all.filter(({ delivery }) => !isFinal(delivery.status)).length,
    duration_ms: ports.now() - startedAt,
  });
}

function sort(
  deliveries: readonly DueDelivery[],
  lane: LaterLane,
  now: number,
  sentFor: ReadonlyMap<DeliveryId, number | undefined>,
) {
  const jobs: Job[] = [];
  const settled: Settled[] = [];
  const early: { delivery: Delivery; lane: LaterLane }[] = [];
  for (const due of deliveries) {
    const { delivery, destination, event } = due;
    if (due.claim === null) {
      // Waits longer than a queue can delay come back early; what is final or in other hands needs nothing.
      const at = delivery.next_attempt_at ?? 0;
      // What a gate named has messages of its own, or none yet.
      const superseded = !sentFor.has(delivery.id) || (sentFor.get(delivery.id) ?? at) !== at;
      if (!isFinal(delivery.status) && at > now + earlyMs(delivery) && !superseded) early.push({ delivery, lane });
    } else if (destination === null)
      settled.push({ delivery: ended(delivery, "cancelled", "destination_deleted", now), lane });
    else if (delivery.connection_id !== null && due.connection === null)
      settled.push({ delivery: ended(delivery, "cancelled", "connection_deleted", now), lane });
    else if (event === null)
      settled.push({ delivery: ended(delivery, "dead", "unprocessable: body_missing", now), lane });
    else {
      const job = { delivery, event, sourceSlug: due.source_slug, destination, connection: due.connection };
      if (waitsForBatch(job)) settled.push(deferForBatch(job, lane, now));
      else jobs.push(job);
    }
  }
  return { jobs, settled, early };
}

function countsOf(due: DueDelivery | undefined, after: Delivery): Counts {
  if (due === undefined) return {};
  return deliveryCounts(due.delivery, after, due.event === null ? 0 : plannedWaitMs(due.event, due.connection));
}

async function rescheduleWaiting(incoming: Incoming, message: RescheduleMessage, ports: ConsumerPorts): Promise<void> {
  try {
    const { waitingPage, moveWaiting } = ports.records;
    const moved = await reschedule(message, { ...ports, waitingPage, moveWaiting });
    incoming.ack();
    ports.log.info("retimed", { destination: message.destination_id, deliveries: moved, round: message.round });
  } catch (error) {
    ports.log.error("not retimed", { destination: message.destination_id, error: describeError(error) });
    incoming.retry({ delaySeconds: RETRY_SECONDS });
  }
}

async function replayOn(incoming: Incoming, message: ReplayMessage, ports: ConsumerPorts): Promise<void> {
  try {
    await replayStep(message, { ...ports, records: ports.replays });
    incoming.ack();
  } catch (error) {
    ports.log.error("replay stopped short", { replay: message.id, error: describeError(error) });
    incoming.retry({ delaySeconds: RETRY_SECONDS });
  }
}

async function cancelGone(incoming: Incoming, message: CancelMessage, ports: ConsumerPorts): Promise<void> {
  try {
    const { cancelPiece } = ports.records;
    const cancelled = await cancelWaiting(message, { cancelPiece, sendOn: ports.sendOn });
    incoming.ack();
    ports.log.info("cancelled", { [message.of]: message.id, deliveries: cancelled });
  } catch (error) {
    ports.log.error("not cancelled", { [message.of]: message.id, error: describeError(error) });
    incoming.retry({ delaySeconds: RETRY_SECONDS });
  }
}

/** Writes a record that D1 could not take at its time. */
async function catchUp(incoming: Incoming, message: RecordMessage, ports: ConsumerPorts): Promise<void> {
  try {
    await ports.records.write({
      ...NOTHING_TO_WRITE,
      firsts: [{ event: message.event, deliveries: message.deliveries, ignored: message.ignored ?? [] }],
      callbacks: message.callbacks ?? [],
      forget: message.journal === "d1" ? [message.event.id] : [],
    });
    if (message.journal === "r2") await ports.forgetJournal([message.event.id]);
    incoming.ack();
    await enqueue(
      [
        ...message.deliveries.map((delivery) => ({ delivery, lane: "deliveries" as const })),
        ...callbackMessages(message.callbacks ?? []),
      ],
      ports,
    );
  } catch (error) {
    ports.log.error("record unwritable", { event: message.event.id, error: describeError(error) });
    incoming.retry({ delaySeconds: 3 * RETRY_SECONDS });
  }
}
