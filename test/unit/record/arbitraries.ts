// Events and deliveries as they can come to the record.
import fc from "fast-check";
import { timeToBase32 } from "../../../src/kernel/base32.ts";
import type { FirstRecord } from "../../../src/delivery/index.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import type { SluiceEvent } from "../../../src/model/event.ts";
import {
  makeDeliveryId,
  type ConnectionId,
  type DestinationId,
  type EventId,
  type SourceId,
} from "../../../src/model/ids.ts";

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const digits = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...DIGITS.split("")), { minLength: length, maxLength: length }).map((all) => all.join(""));

export const AT = Date.UTC(2026, 10, 29, 12);

export const eventIdAt = (at: number, rest: string): EventId => `evt_${timeToBase32(at)}${rest}` as EventId;
const anyEventId = (spanMs: number): fc.Arbitrary<EventId> =>
  fc.tuple(fc.nat(spanMs), digits(22)).map(([after, rest]) => eventIdAt(AT + after, rest));
const id = <T extends string>(prefix: string): fc.Arbitrary<T> => digits(26).map((rest) => `${prefix}_${rest}` as T);

const header = fc.tuple(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }));

/** @param spanMs how far apart the times of ids can be */
const event = (spanMs: number): fc.Arbitrary<SluiceEvent> =>
  fc.record({
    id: anyEventId(spanMs),
    source_id: fc.option(id<SourceId>("src")),
    received_at: fc.integer({ min: AT - 5_000, max: AT + spanMs }),
    method: fc.constantFrom("POST", "PUT", "GET"),
    path: fc.constantFrom("", "/", "/orders/create", "/ü?"),
    query: fc.constantFrom("", "?", "?a=1&a=2"),
    headers: fc.array(header, { maxLength: 4 }),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ kind: "inline" as const, bytes: new Uint8Array(bytes) })),
      fc.constant({ kind: "r2" as const, key: "bodies/2026-11-29/evt_1" }),
    ),
    body_bytes: fc.nat(200_000),
    verified: fc.constantFrom(true, false, null),
    event_type: fc.constantFrom(null, "invoice.paid", "Merge Request Hook", "tÿpe ☃"),
    duplicate_of: fc.option(anyEventId(spanMs)),
    options: fc.constantFrom(
      null,
      null,
      { callback_url: "https://a.test/", deliver_at: AT },
      { credentials: { headers: ["x-key"], query: [] } },
    ),
  });

const ended = (of: SluiceEvent): fc.Arbitrary<Delivery> =>
  fc
    .record({
      connection_id: fc.option(id<ConnectionId>("con")),
      destination_id: id<DestinationId>("dst"),
      status: fc.constantFrom("delivered" as const, "cancelled" as const),
      attempt: fc.option(
        fc.record({
          started: fc.nat(20_000),
          duration_ms: fc.nat(30_000),
          response_status: fc.option(fc.integer({ min: 100, max: 599 })),
          error: fc.constantFrom(null, null, "http_status" as const),
          response_body: fc.option(fc.string()),
        }),
      ),
      last_error: fc.constantFrom(null, null, "destination_deleted"),
      settled: fc.nat(10_000),
    })
    .map(({ connection_id, destination_id, status, attempt, last_error, settled }): Delivery => ({
      id: makeDeliveryId(of.id, connection_id ?? destination_id),
      event_id: of.id,
      source_id: of.source_id,
      event_type: of.event_type ?? null,
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
      attempts:
        attempt === null
          ? []
          : [
              {
                number: 1,
                started_at: of.received_at + attempt.started,
                duration_ms: attempt.duration_ms,
                response_status: attempt.response_status,
                response_headers: attempt.response_status === null ? null : { "content-type": "text/plain" },
                response_body: attempt.response_body,
                error: attempt.error,
              },
            ],
      created_at: of.received_at,
      finished_at: of.received_at + settled + (attempt?.started ?? 0) + (attempt?.duration_ms ?? 0),
      replay_id: null,
      age_credit_ms: 0,
    }));

/** What a delivery can have come to that no entry can hold. */
const CHANGES: readonly Partial<Delivery>[] = [
  { status: "dead" },
  { status: "retrying", next_attempt_at: AT, finished_at: null },
  { status: "held", finished_at: null },
  { deferrals: 1 },
  { attempts_made: 2 },
  { destination_id: null },
  { age_credit_ms: 5 },
  { id: `dlv_${"0".repeat(42)}` as Delivery["id"] },
];
export const withMore = (delivery: Delivery): fc.Arbitrary<Delivery> =>
  fc.constantFrom(...CHANGES).map((change) => ({ ...delivery, ...change }));

/** An event whose deliveries have all ended at once, none dead. */
export const endedFirst = (spanMs = 5_000): fc.Arbitrary<FirstRecord> =>
  event(spanMs).chain((of) =>
    fc.record({
      event: fc.constant(of),
      deliveries: fc.uniqueArray(ended(of), { maxLength: 3, selector: (delivery) => delivery.id }),
      ignored: fc.constantFrom([], [{ connection: null, reason: "no_connection" as const, failed_clause: null }]),
    }),
  );

export const endedFirsts = (spanMs = 5_000, maxLength = 30): fc.Arbitrary<FirstRecord[]> =>
  fc.uniqueArray(endedFirst(spanMs), { maxLength, selector: (first) => first.event.id });
