// Which events a segment can hold, and what readers see of them.
import { makeDeliveryId } from "../model/ids.ts";
import type { Attempt, Delivery } from "../model/delivery.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { FirstRecord } from "../delivery/index.ts";
import type { AttemptAnswer, Content, Entry, EntryDelivery, EventHead, PieceRef } from "./types.ts";

/**
 * The event as an entry of a segment; null where it needs rows: a delivery waits, is dead, or has more to it than an entry holds.
 * @param piece where its content is
 */
export function toEntry({ event, deliveries, ignored = [] }: FirstRecord, piece: PieceRef): Entry | null {
  const sorted = [...deliveries].sort((a, b) => (a.id < b.id ? -1 : 1));
  const ended = sorted.map((delivery) => toEntryDelivery(event, delivery));
  const all = ended.filter((delivery) => delivery !== null);
  return all.length < ended.length ? null : { event: headOf(event), ignored, deliveries: all, piece };
}

export function headOf(event: SluiceEvent): EventHead {
  const { id, source_id, received_at, method, path, body_bytes, verified } = event;
  const { event_type = null, duplicate_of = null, options = null } = event;
  return { id, source_id, received_at, method, path, body_bytes, verified, event_type, duplicate_of, options };
}

function toEntryDelivery(event: SluiceEvent, delivery: Delivery): EntryDelivery | null {
  const { status, destination_id, connection_id, finished_at, last_error } = delivery;
  if ((status !== "delivered" && status !== "cancelled") || destination_id === null || finished_at === null)
    return null;
  const [first] = delivery.attempts;
  const attempt =
    first === undefined
      ? null
      : {
          started_at: first.started_at,
          duration_ms: first.duration_ms,
          response_status: first.response_status,
          error: first.error,
        };
  const entry: EntryDelivery = { connection_id, destination_id, status, attempt, last_error, finished_at };
  return isSame(fromEntry(event, entry), delivery) ? entry : null;
}

/** The delivery that an entry stands for. Its attempt has no answer. */
export function fromEntry(
  event: Pick<SluiceEvent, "id" | "source_id" | "event_type" | "received_at">,
  entry: EntryDelivery,
): Delivery {
  const { connection_id, destination_id, status, attempt, last_error, finished_at } = entry;
  return {
    id: makeDeliveryId(event.id, connection_id ?? destination_id),
    event_id: event.id,
    source_id: event.source_id,
    event_type: event.event_type ?? null,
    connection_id,
    destination_id,
    status,
    attempts_made: attempt === null ? 0 : 1,
    next_attempt_at: null,
    deferred_by: null,
    deferrals: 0,
    slot_at: null,
    last_response_status: attempt?.response_status ?? null,
    last_error,
    attempts: attempt === null ? [] : [{ number: 1, ...attempt, response_headers: null, response_body: null }],
    created_at: event.received_at,
    finished_at,
    replay_id: null,
    age_credit_ms: 0,
  };
}

/** Whether the entry stands for just this delivery, answers aside. */
const isSame = (made: Delivery, given: Delivery): boolean =>
  JSON.stringify(comparable(made)) === JSON.stringify(comparable(given));

/** In one order of fields. */
const comparable = ({ attempts, attempts_before = 0, event_type: _of, ...delivery }: Delivery): unknown => [
  Object.entries(delivery).sort(([a], [b]) => (a < b ? -1 : 1)),
  attempts_before,
  attempts.map(({ number, started_at, duration_ms, response_status, error }) => [
    number,
    started_at,
    duration_ms,
    response_status,
    error,
  ]),
];

/** Digits at the end of a delivery's id that tell the deliveries of one event apart. */
const suffixOf = ({ id }: Pick<Delivery, "id">): string => id.slice(4 + 32);

/** The payload of a first record: head and body of the event, and the attempts that have been made. */
export function toContent({ event, deliveries }: FirstRecord): Content {
  const attempts = deliveries
    .filter((one) => one.attempts.length > 0)
    .map((one) => [suffixOf(one), one.attempts] as const);
  return { query: event.query, headers: event.headers, body: event.body, attempts: Object.fromEntries(attempts) };
}

/** The answer to an attempt; null for one without. */
export function answerOf({ response_headers, response_body, error_detail }: Attempt): AttemptAnswer | null {
  if (response_headers === null && response_body === null && error_detail === undefined) return null;
  return { response_headers, response_body, ...(error_detail === undefined ? {} : { error_detail }) };
}

/** With the attempts that are in its event's content: whole ones instead of those that have no answer here. */
export function withFirstAttempts(delivery: Delivery, { attempts }: Pick<Content, "attempts">): Delivery {
  const first = attempts[suffixOf(delivery)] ?? [];
  const further = delivery.attempts.filter(({ number }) => first.every((one) => one.number !== number));
  return { ...delivery, attempts: [...first, ...further] };
}
