// The queue bindings as the use-cases see them: by lane, in pieces that `sendBatch` takes.
import { MAX_QUEUE_DELAY_SECONDS, MAX_SEND_BATCH_MESSAGES } from "../config/limits.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { chunks } from "../kernel/pool.ts";
import type { Lane, LaterMessage } from "../delivery/index.ts";
import type {
  CancelMessage,
  DueMessage,
  EventMessage,
  FlushMessage,
  RecordMessage,
  ReplayMessage,
  RescheduleMessage,
} from "../model/message.ts";
import type { Backlog } from "../api/index.ts";

export type QueueBindings = Pick<Env, "EVENTS" | "DELIVERIES" | "SLOW" | "REPLAYS">;

const queueOf = (env: QueueBindings, lane: Exclude<Lane, "events">): Queue =>
  lane === "slow" ? env.SLOW : lane === "replays" ? env.REPLAYS : env.DELIVERIES;

/** Structured clone keeps body bytes bytes, without the third that base64 adds. @returns the queue's backlog in bytes, where it tells */
export async function sendEvent(env: Pick<QueueBindings, "EVENTS">, message: EventMessage): Promise<number | null> {
  // Older runtimes answer nothing.
  const answer = (await env.EVENTS.send(message, { contentType: "v8" })) as QueueSendResponse | undefined;
  return answer?.metadata.metrics.backlogBytes ?? null;
}

export async function sendRecord(env: QueueBindings, message: RecordMessage): Promise<void> {
  await env.DELIVERIES.send(message, { contentType: "v8" });
}

export async function sendReschedule(env: QueueBindings, message: RescheduleMessage, delayMs: number): Promise<void> {
  await env.DELIVERIES.send(message, { delaySeconds: Math.ceil(delayMs / SECOND_MS) });
}

/** Work that goes on piece by piece. */
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
  lane: Exclude<Lane, "events">,
  delayMs: number,
): Promise<void> {
  const delaySeconds = Math.min(MAX_QUEUE_DELAY_SECONDS, Math.ceil(delayMs / SECOND_MS));
  await queueOf(env, lane).send(message, { delaySeconds });
}

/** Rounds delays up to whole seconds, so that no message comes before its time; waits beyond the queue's limit come back early. */
export async function sendLater(env: QueueBindings, messages: readonly LaterMessage[]): Promise<void> {
  for (const lane of ["deliveries", "slow", "replays"] as const) {
    const batch = messages.filter((message) => message.lane === lane);
    for (const piece of chunks(batch, MAX_SEND_BATCH_MESSAGES)) {
      await queueOf(env, lane).sendBatch(
        piece.map(({ id, delayMs, at }) => ({
          body: { v: 1, kind: "due", id, ...(at === undefined ? {} : { at }) } satisfies DueMessage,
          delaySeconds: Math.min(MAX_QUEUE_DELAY_SECONDS, Math.ceil(delayMs / SECOND_MS)),
        })),
      );
    }
  }
}

/** The lane behind a queue's name, whatever prefix the deployment gives it; null for the dead letters. */
export function laneOfQueue(name: string): Lane | "dead_letters" | null {
  const match = /(?:^|-)(events|deliveries|slow|replays|dead-letters)$/.exec(name);
  switch (match?.[1]) {
    case "events":
    case "deliveries":
    case "slow":
    case "replays":
      return match[1];
    case "dead-letters":
      return "dead_letters";
    default:
      return null;
  }
}

/** Figures of the platform, which may lag behind by seconds. Never throws. */
export const readBacklogs = (env: QueueBindings & Pick<Env, "DEAD_LETTERS">): Promise<Backlog[]> =>
  Promise.all(
    (
      [
        ["events", env.EVENTS],
        ["deliveries", env.DELIVERIES],
        ["slow", env.SLOW],
        ["replays", env.REPLAYS],
        ["dead-letters", env.DEAD_LETTERS],
      ] as const
    ).map(async ([name, queue]) => {
      try {
        const { backlogCount, backlogBytes, oldestMessageTimestamp: oldest } = await queue.metrics();
        // The platform's word for none is the epoch or nothing, and it has been a number before it was a date.
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
