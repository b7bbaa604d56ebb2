// Lists over a random history on real D1, compared with the same lists over a plain array.
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { FirstRecord } from "../../../src/delivery/index.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { eventTime, firstKeyAt, makeDeliveryId, replayDeliveryId, type EventId } from "../../../src/model/ids.ts";
import type { ConnectionId, DestinationId, ReplayId, SourceId } from "../../../src/model/ids.ts";
import { DELIVERY_STATUSES, EVENT_STATUSES, eventStatus } from "../../../src/model/lifecycle.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import {
  revived,
  type DeliveryFilter,
  type EventFilter,
  type Page,
  type RecordTables,
} from "../../../src/record/index.ts";
import { insertDeliveries, recordTables, write } from "../../../src/store/index.ts";
import { auditEntry } from "../harness.ts";
import { AT, clear, createRecord, first, newEventId, writes } from "./harness.ts";

beforeEach(clear);

const SOURCES = ["src_01kb0000000000000000000001", "src_01kb0000000000000000000009"] as SourceId[];
const WAYS = [
  ["con_01kb0000000000000000000002", "dst_01kb0000000000000000000003"],
  ["con_01kb0000000000000000000004", "dst_01kb0000000000000000000005"],
] as [ConnectionId, DestinationId][];

interface PlannedEvent {
  /** After `AT`. Milliseconds; negative for one that comes late. */
  readonly after: number;
  readonly source: number;
  /** Of its deliveries, over the first connection and the second. */
  readonly statuses: readonly ("delivered" | "cancelled" | "dead" | "retrying")[];
  readonly text: string;
  /** What comes later: a replay that delivers or waits, or rows by a consumer of an earlier release that does not know of segments. */
  readonly later: "nothing" | "replay" | "older";
}

const plannedEvent: fc.Arbitrary<PlannedEvent> = fc.record({
  after: fc.constantFrom(-600_000, 0, 1, 2, 500, 4_000, 5_001, 9_000, 14_000, 60_000),
  source: fc.nat(1),
  statuses: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(["delivered" as const], ["delivered" as const, "delivered" as const]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom("delivered", "cancelled", "dead", "retrying"), { maxLength: 2 }) },
  ),
  text: fc.constantFrom("Apple", "pear"),
  later: fc.oneof(
    { weight: 4, arbitrary: fc.constant("nothing" as const) },
    { weight: 1, arbitrary: fc.constantFrom("replay" as const, "older" as const) },
  ),
});
const history = fc.array(fc.array(plannedEvent, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 });

const optional = <T>(values: readonly T[]) => fc.oneof(fc.constant(undefined), fc.constantFrom(...values));
const TIMES = [AT - 600_000, AT, AT + 1, AT + 5_001, AT + 20_000];
const common = { source: optional(SOURCES), from: optional(TIMES), to: optional(TIMES) };
const eventFilter = fc.record({
  ...common,
  status: optional(EVENT_STATUSES),
  search: optional(["apple", "x-fruit", "no"]),
});
const deliveryFilter = fc.record({
  ...common,
  status: optional(DELIVERY_STATUSES),
  way: optional(WAYS),
  by: fc.constantFrom("connection", "destination"),
  response: optional([200, 500]),
  error: optional(["http_status"]),
  event: optional([0, 3]),
});

interface Known {
  readonly planned: PlannedEvent;
  readonly first: FirstRecord;
  deliveries: readonly Delivery[];
}

function toFirst(planned: PlannedEvent): FirstRecord {
  const { after, source, statuses, text } = planned;
  const id = newEventId(AT + after);
  const made = first({ id, bytes: utf8(`{"fruit":"${text}"}`) });
  const [model] = made.deliveries;
  if (model === undefined) throw new Error("no delivery");
  const source_id = SOURCES[source] ?? null;
  const deliveries = statuses.map((status, way): Delivery => {
    const [connection_id, destination_id] = WAYS[way] ?? [];
    if (connection_id === undefined || destination_id === undefined) throw new Error("no such way");
    const like = { ...model, id: makeDeliveryId(id, connection_id), source_id, connection_id, destination_id, status };
    if (status === "delivered") return like;
    if (status === "cancelled") return { ...like, attempts: [], attempts_made: 0, last_response_status: null };
    const failed = { ...like, last_response_status: 500, last_error: "http_status" };
    return status === "dead" ? failed : { ...failed, next_attempt_at: AT + 60_000, finished_at: null };
  });
  return { event: { ...made.event, source_id, headers: [["x-fruit-of", text]] }, deliveries, ignored: [] };
}

/** Makes the history on D1. @returns the same as an array */
async function makeHistory(batches: readonly (readonly PlannedEvent[])[]): Promise<Known[]> {
  const record = createRecord();
  const all: Known[] = [];
  for (const batch of batches) {
    const known = batch.map((planned): Known => {
      const made = toFirst(planned);
      return { planned, first: made, deliveries: made.deliveries };
    });
    await record.write(writes(known.map((one) => one.first)));
    all.push(...known);
  }
  for (const one of all) {
    const { event } = one.first;
    const [model] = one.deliveries;
    if (one.planned.later === "older" && one.deliveries.every(({ status }) => status === "delivered")) {
      const again = one.deliveries.map((delivery): Delivery => ({
        ...delivery,
        status: "dead",
        last_error: "timeout",
      }));
      await write(env.DB, writes([{ ...one.first, deliveries: again }]), AT);
      one.deliveries = again;
    }
    if (one.planned.later !== "replay" || model === undefined) continue;
    const found = await record.event(event.id);
    if (!found.ok || found.value === null) throw new Error("not on record");
    const replay = "rpl_01kb0000000000000000000001" as ReplayId;
    const id = await replayDeliveryId(replay, event.id, model.connection_id ?? "");
    const made: Delivery = { ...model, id, status: "pending", next_attempt_at: AT, attempts: [], attempts_made: 0 };
    const again: Delivery = {
      ...made,
      last_response_status: null,
      last_error: null,
      finished_at: null,
      replay_id: replay,
    };
    const rows = found.value.segment === null ? [] : [revived(found.value)];
    await insertDeliveries(env.DB, [again], auditEntry(AT), rows);
    one.deliveries = [...one.deliveries, again];
  }
  return all;
}

const range = (prefix: "evt" | "dlv", from: number | undefined, to: number | undefined) => ({
  from: firstKeyAt(prefix, from ?? 0),
  to: to === undefined ? `${prefix}_~` : firstKeyAt(prefix, to),
});
const isWithin = (id: EventId, from: number | undefined, to: number | undefined): boolean =>
  eventTime(id) >= (from ?? 0) && (to === undefined || eventTime(id) < to);
const given = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
const newestFirst = <T extends { readonly id: string }>(items: readonly T[]): T[] =>
  [...items].sort((a, b) => (a.id < b.id ? 1 : -1));

/** All pages, one after the other. */
async function walk<T extends { readonly id: string }>(
  range: { readonly from: string; readonly to: string },
  limit: number,
  read: (range: { from: string; to: string }) => Promise<Page<T>>,
): Promise<T[]> {
  const out: T[] = [];
  let to: string | null = range.to;
  while (to !== null) {
    const page: Page<T> = await read({ from: range.from, to });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    // Every page gets on.
    expect(page.next === null || page.next < to).toBe(true);
    out.push(...page.rows);
    to = page.next;
  }
  return out;
}

/** What one page may examine: as in production, or so little that pages end everywhere. */
const BOUNDS = [
  undefined,
  { rows: 3, derived: 2, segments: 2, entries: 3 },
  { rows: 1, derived: 1, segments: 1, entries: 1 },
];

function recordWith(bounds: (typeof BOUNDS)[number]) {
  if (bounds === undefined) return createRecord();
  const tables = recordTables(env.DB, () => AT, bounds);
  const narrow: Pick<RecordTables, "eventPage" | "deliveryPage"> = {
    eventPage: (filter, { limit }) => tables.eventPage(filter, { limit, entries: bounds.entries }),
    deliveryPage: (filter, { limit }) => tables.deliveryPage(filter, { limit, entries: bounds.entries }),
  };
  return createRecord({ tables: narrow });
}

describe("lists over rows and segments", () => {
  it("have each event and each delivery once, newest first, whatever the filter and the size of pages", async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        fc.array(fc.tuple(eventFilter, fc.constantFrom(1, 2, 5, 200)), { minLength: 4, maxLength: 4 }),
        fc.array(fc.tuple(deliveryFilter, fc.constantFrom(1, 2, 5, 200)), { minLength: 4, maxLength: 4 }),
        fc.constantFrom(...BOUNDS),
        async (batches, eventQueries, deliveryQueries, bounds) => {
          await clear();
          const all = await makeHistory(batches);
          const record = recordWith(bounds);
          for (const [{ source, from, to, status, search }, limit] of eventQueries) {
            const listed = await walk(range("evt", from, to), limit, async (keys) => {
              const filter: EventFilter = { ...keys, ...given({ source_id: source, status, search }) };
              const page = await record.events(filter, limit);
              if (!page.ok) throw new Error(page.error);
              return page.value;
            });
            const wanted = all.filter(
              ({ first: { event }, deliveries, planned: { text } }) =>
                isWithin(event.id, from, to) &&
                (source === undefined || event.source_id === source) &&
                (status === undefined ||
                  eventStatus(
                    true,
                    deliveries.map((one) => one.status),
                  ) === status) &&
                (search === undefined || `x-fruit ${text.toLowerCase()}`.includes(search)),
            );
            expect(
              listed.map(({ id, headers, query, statuses }) => [id, headers, query, [...statuses].sort()]),
            ).toEqual(
              newestFirst(wanted.map((one) => ({ ...one, id: one.first.event.id }))).map(
                ({ id, deliveries, first: { event } }) => [
                  id,
                  event.headers,
                  event.query,
                  deliveries.map((one) => one.status).sort(),
                ],
              ),
            );
          }
          for (const [{ source, from, to, status, way, by, response, error, event }, limit] of deliveryQueries) {
            const chosen = event === undefined ? undefined : all[event]?.first.event.id;
            const ofEvent = chosen === undefined ? undefined : `dlv_${chosen.slice(4)}`;
            const keys = ofEvent === undefined ? range("dlv", from, to) : { from: ofEvent, to: `${ofEvent}~` };
            const conditions = given({
              source_id: source,
              status,
              connection_id: by === "connection" ? way?.[0] : undefined,
              destination_id: by === "destination" ? way?.[1] : undefined,
              response_status: response,
              error,
            });
            const listed = await walk(keys, limit, (within) =>
              record.deliveries({ ...within, ...conditions } satisfies DeliveryFilter, limit),
            );
            const wanted = all
              .flatMap(({ deliveries }) => deliveries)
              .filter(
                (one) =>
                  (ofEvent === undefined ? isWithin(one.event_id, from, to) : one.event_id === chosen) &&
                  (source === undefined || one.source_id === source) &&
                  (status === undefined || one.status === status) &&
                  (way === undefined ||
                    (by === "connection" ? one.connection_id === way[0] : one.destination_id === way[1])) &&
                  (response === undefined || one.last_response_status === response) &&
                  (error === undefined || one.last_error === error),
              );
            expect(listed.map(shown)).toEqual(newestFirst(wanted).map(shown));
          }
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);
});

const shown = ({ id, status, connection_id, last_response_status, last_error, finished_at, replay_id }: Delivery) => [
  id,
  status,
  connection_id,
  last_response_status,
  last_error,
  finished_at,
  replay_id,
];
