// The queue bindings as the use-cases see them: by lane, in batches that `sendBatch` takes, with the queue's error codes as typed faults.
import {
  MAX_OPEN_REQUESTS,
  MAX_QUEUE_DELAY_SECONDS,
  MAX_SEND_BATCH_BYTES,
  MAX_SEND_BATCH_MESSAGES,
  MESSAGE_METADATA_BYTES,
} from "../config/limits.ts";
import { encodedBytes } from "../kernel/encoded-size.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { chunks, runPool } from "../kernel/pool.ts";
import { workerBinding } from "../signing/index.ts";
import type { LaterLane, LaterMessage } from "../delivery/index.ts";
import type { EventId } from "../model/ids.ts";
import type {
  CancelMessage,
  DueMessage,
  EventMessage,
  FlushMessage,
  PendingMessage,
  ReplayMessage,
  RescheduleMessage,
} from "../model/message.ts";
import type { Backlog } from "../api/index.ts";

export type QueueBindings = Pick<Env, "EVENTS" | "SMALL" | "DELIVERIES" | "SLOW" | "REPLAYS">;

const LANES = ["small", "deliveries", "slow", "replays"] as const satisfies readonly LaterLane[];

const queueOf = ({ SMALL, DELIVERIES, SLOW, REPLAYS }: QueueBindings, lane: LaterLane): Queue =>
  ({ small: SMALL, deliveries: DELIVERIES, slow: SLOW, replays: REPLAYS })[lane];

/** Why a queue has not taken a message. `overloaded`: more than its messages a second; `full`: its backlog holds no more. */
export type QueueFault = "overloaded" | "full" | "too_large" | "unavailable";

// https://developers.cloudflare.com/queues/reference/error-codes/
const FAULTS: Readonly<Record<string, QueueFault>> = {
  10204: "too_large",
  10205: "too_large",
  10250: "overloaded",
  10251: "full",
};

/** The fault behind an error that `send` or `sendBatch` has thrown: its code ends the text, in brackets. */
export function queueFault(error: unknown): QueueFault {
  const code = error instanceof Error ? /\((\d{5})\)\s*$/.exec(error.message)?.[1] : undefined;
  return FAULTS[code ?? ""] ?? "unavailable";
}

/** The queues that share the events: `EVENTS`, then `EVENTS_2`, `EVENTS_3` … as far as they are bound without a gap. */
export function eventQueues(env: Pick<QueueBindings, "EVENTS">): readonly Queue[] {
  const bindings = env as unknown as Readonly<Record<string, Queue | undefined>>;
  const queues = [env.EVENTS];
  for (let next = bindings["EVENTS_2"]; next !== undefined; next = bindings[`EVENTS_${queues.length + 1}`])
    queues.push(next);
  return queues;
}

/** A queue's producer binding that is not one of Sluice's own; null when there is none of this name. */
export function queueBinding(env: object, name: string): Pick<Queue, "sendBatch"> | null {
  if (/^(EVENTS(_\d+)?|SMALL|DELIVERIES|SLOW|REPLAYS|DEAD_LETTERS)$/.test(name)) return null;
  const value = workerBinding(env, name);
  const isQueue = typeof value === "object" && value !== null && "sendBatch" in value && "send" in value;
  return isQueue ? (value as Queue) : null;
}

/** The same queue for the same event: its id's random digits spread events evenly. */
export function eventQueue(env: Pick<QueueBindings, "EVENTS">, id: EventId): Queue {
  const queues = eventQueues(env);
  const hash = [-1, -2, -3, -4].reduce((sum, place) => sum * 31 + id.charCodeAt(id.length + place), 0);
  return queues[hash % queues.length] ?? env.EVENTS;
}

/** Structured clone keeps body bytes bytes, without the third that base64 adds. @returns the queue's backlog in bytes, where it says so */
export async function sendEvent(env: Pick<QueueBindings, "EVENTS">, message: EventMessage): Promise<number | null> {
  // Older runtimes answer nothing.
  const queue = eventQueue(env, message.event.id);
  const answer = (await queue.send(message, { contentType: "v8" })) as QueueSendResponse | undefined;
  return answer?.metadata.metrics.backlogBytes ?? null;
}

export interface Unsent {
  readonly message: EventMessage;
  readonly fault: QueueFault;
}

/** Sends events in as few batches as their sizes allow. @returns those that were refused; a queue that is unavailable gets no further batch */
export async function sendEvents(
  env: Pick<QueueBindings, "EVENTS">,
  messages: readonly EventMessage[],
): Promise<readonly Unsent[]> {
  const unsent: Unsent[] = [];
  for (const queue of eventQueues(env)) {
    const own = messages.filter(({ event }) => eventQueue(env, event.id) === queue);
    const batches = splitBySize(own);
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const fault = await trySendBatch(queue, batch);
      if (fault === null) continue;
      // The queue may measure sizes differently: a refused batch is halved until each event is sent alone.
      if (fault === "too_large" && batch.length > 1)
        batches.unshift(...chunks(batch, Math.ceil(batch.length / 2)).map((half) => [...half]));
      else unsent.push(...batch.map((message) => ({ message, fault })));
      if (fault !== "too_large")
        unsent.push(
          ...batches
            .splice(0)
            .flat()
            .map((message) => ({ message, fault })),
        );
    }
  }
  return unsent;
}

function splitBySize(messages: readonly EventMessage[]): EventMessage[][] {
  const batches: EventMessage[][] = [];
  let bytes = Infinity;
  for (const message of messages) {
    const size = encodedBytes(message) + MESSAGE_METADATA_BYTES;
    const last = batches.at(-1);
    if (last === undefined || last.length === MAX_SEND_BATCH_MESSAGES || bytes + size > MAX_SEND_BATCH_BYTES) {
      batches.push([message]);
      bytes = size;
    } else {
      last.push(message);
      bytes += size;
    }
  }
  return batches;
}

const toBatch = (messages: readonly EventMessage[]): MessageSendRequest<EventMessage>[] =>
  messages.map((body) => ({ body, contentType: "v8" }));

async function trySendBatch(queue: Queue, batch: readonly EventMessage[]): Promise<QueueFault | null> {
  try {
    await queue.sendBatch(toBatch(batch));
    return null;
  } catch (error) {
    return queueFault(error);
  }
}

/** Asks consumers to record what these objects of R2 hold. */
export async function sendPending(env: QueueBindings, keys: readonly string[]): Promise<void> {
  await runPool(chunks(keys, MAX_SEND_BATCH_MESSAGES), MAX_OPEN_REQUESTS, async (batch) => {
    await env.DELIVERIES.sendBatch(
      batch.map((key) => ({ body: { v: 1, kind: "pending", key } satisfies PendingMessage })),
    );
  });
}

/** Sends the messages of events, unchanged, to a lane of small batches. */
export async function sendOnEvents(env: QueueBindings, messages: readonly EventMessage[], lane: "small" | "slow") {
  for (const batch of splitBySize(messages)) await queueOf(env, lane).sendBatch(toBatch(batch));
}

export async function sendReschedule(env: QueueBindings, message: RescheduleMessage, delayMs: number): Promise<void> {
  await env.DELIVERIES.send(message, { delaySeconds: Math.ceil(delayMs / SECOND_MS) });
}

/** The next piece of work that is done piece by piece. */
export async function sendOn(
  env: QueueBindings,
  message: CancelMessage | ReplayMessage,
  delayMs: number,
): Promise<void> {
  const queue = message.kind === "replay" ? env.REPLAYS : env.DELIVERIES;
  await queue.send(message, { delaySeconds: Math.ceil(delayMs / SECOND_MS) });
}

export async function sendFlush(
  env: QueueBindings,
  message: FlushMessage,
  lane: LaterLane,
  delayMs: number,
): Promise<void> {
  const delaySeconds = Math.min(MAX_QUEUE_DELAY_SECONDS, Math.ceil(delayMs / SECOND_MS));
  await queueOf(env, lane).send(message, { delaySeconds });
}

/** Rounds delays up to whole seconds, so that no message comes early. A wait beyond the queue's limit comes back before its time. */
export async function sendLater(env: QueueBindings, messages: readonly LaterMessage[]): Promise<void> {
  const batches = LANES.flatMap((lane) =>
    chunks(
      messages.filter((message) => message.lane === lane),
      MAX_SEND_BATCH_MESSAGES,
    ).map((batch) => ({ queue: queueOf(env, lane), batch })),
  );
  await runPool(batches, MAX_OPEN_REQUESTS, async ({ queue, batch }) => {
    await queue.sendBatch(
      batch.map(({ id, delayMs, at }) => ({
        body: { v: 1, kind: "due", id, ...(at === undefined ? {} : { at }) } satisfies DueMessage,
        delaySeconds: Math.min(MAX_QUEUE_DELAY_SECONDS, Math.ceil(delayMs / SECOND_MS)),
      })),
    );
  });
}

/**
 * The lane in which a queue's due deliveries travel, whatever prefix the deployment gives its name; `dead_letters` for what other queues
 * gave up on. It says nothing about the kinds of messages: any queue may carry events.
 */
export function laneOfQueue(name: string): LaterLane | "dead_letters" {
  const last = /(?:^|-)(small|slow|replays|dead-letters)$/.exec(name)?.[1];
  if (last === "dead-letters") return "dead_letters";
  return LANES.find((lane) => lane === last) ?? "deliveries";
}

/** Figures of the platform, which may lag behind by seconds. Never throws. */
export const readBacklogs = (env: QueueBindings & Pick<Env, "DEAD_LETTERS">): Promise<Backlog[]> =>
  Promise.all(
    [
      ...eventQueues(env).map((queue, index) => [index === 0 ? "events" : `events-${index + 1}`, queue] as const),
      ["small", env.SMALL] as const,
      ["deliveries", env.DELIVERIES] as const,
      ["slow", env.SLOW] as const,
      ["replays", env.REPLAYS] as const,
      ["unprocessable", env.DEAD_LETTERS] as const,
    ].map(async ([name, queue]) => {
      try {
        const { backlogCount, backlogBytes, oldestMessageTimestamp: oldest } = await queue.metrics();
        // The platform reports an empty queue as the epoch or not at all, and older runtimes give a number instead of a date.
        const oldest_at = Number(oldest ?? 0);
        return {
          name,
          backlog_count: backlogCount,
          backlog_bytes: backlogBytes,
          oldest_at: oldest_at > 0 ? oldest_at : null,
        };
      } catch {
        return { name, backlog_count: null, backlog_bytes: null, oldest_at: null };
      }
    }),
  );

/** The queues that share the events as one; null figures where none of them answers. */
export function eventBacklog(backlogs: readonly Backlog[]): Pick<Backlog, "backlog_count" | "oldest_at"> {
  const events = backlogs.filter(({ name }) => name === "events" || name.startsWith("events-"));
  const counts = events.flatMap(({ backlog_count }) => backlog_count ?? []);
  const oldest = events.flatMap(({ oldest_at }) => oldest_at ?? []);
  return {
    backlog_count: counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0),
    oldest_at: oldest.length === 0 ? null : Math.min(...oldest),
  };
}
