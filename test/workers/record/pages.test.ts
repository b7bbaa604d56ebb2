// Lists over a random history on real D1, compared with the same lists over a plain array.
import { env } from "cloudflare:workers";
import fc from "../../property.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { eventTime, firstKeyAt, type EventId } from "../../../src/model/ids.ts";
import { EVENT_STATUSES, eventStatus, STATUS_FILTERS, statusesIn } from "../../../src/model/lifecycle.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import { type DeliveryFilter, type EventFilter, type Page, type RecordTables } from "../../../src/record/index.ts";
import { recordTables } from "../../../src/store/index.ts";
import { AT, clear, createRecord } from "./harness.ts";
import { history, makeHistory, SOURCES, TYPES, WAYS } from "./history.ts";

beforeEach(clear);

const optional = <T>(values: readonly T[]) => fc.oneof(fc.constant(undefined), fc.constantFrom(...values));
const TIMES = [AT - 600_000, AT, AT + 1, AT + 5_001, AT + 20_000];
const common = {
  source: optional(SOURCES),
  type: optional([...TYPES, "none has it"]),
  from: optional(TIMES),
  to: optional(TIMES),
};
const eventFilter = fc.record({
  ...common,
  status: optional(EVENT_STATUSES),
  search: optional(["apple", "x-fruit", "no"]),
});
const deliveryFilter = fc.record({
  ...common,
  status: optional(STATUS_FILTERS),
  way: optional(WAYS),
  by: fc.constantFrom("connection", "destination"),
  response: optional([200, 500]),
  error: optional(["http_status"]),
  event: optional([0, 3]),
});

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
          for (const [{ source, type, from, to, status, search }, limit] of eventQueries) {
            const listed = await walk(range("evt", from, to), limit, async (keys) => {
              const filter: EventFilter = {
                ...keys,
                ...given({ source_id: source, event_type: type, status, search }),
              };
              const page = await record.events(filter, limit);
              if (!page.ok) throw new Error(page.error);
              return page.value;
            });
            const wanted = all.filter(
              ({ first: { event }, deliveries, planned: { text } }) =>
                isWithin(event.id, from, to) &&
                (source === undefined || event.source_id === source) &&
                (type === undefined || event.event_type === type) &&
                (status === undefined ||
                  eventStatus(
                    true,
                    deliveries.map((one) => one.status),
                  ) === status) &&
                (search === undefined || `x-fruit ${text.toLowerCase()}`.includes(search)),
            );
            expect(
              listed.map(({ id, event_type, headers, query, statuses }) => [
                id,
                event_type,
                headers,
                query,
                [...statuses].sort(),
              ]),
            ).toEqual(
              newestFirst(wanted.map((one) => ({ ...one, id: one.first.event.id }))).map(
                ({ id, deliveries, first: { event } }) => [
                  id,
                  event.event_type,
                  event.headers,
                  event.query,
                  deliveries.map((one) => one.status).sort(),
                ],
              ),
            );
            if (search === undefined) {
              const filter = { ...range("evt", from, to), ...given({ source_id: source, event_type: type, status }) };
              const counted = await record.countedEvents(filter);
              const ids = newestFirst(wanted.map(({ first: { event } }) => ({ id: event.id }))).map(({ id }) => id);
              expect([counted.next, counted.rows.map(({ id }) => id)]).toEqual([null, ids]);
            }
          }
          for (const [{ source, type, from, to, status, way, by, response, error, event }, limit] of deliveryQueries) {
            const chosen = event === undefined ? undefined : all[event]?.first.event.id;
            const ofEvent = chosen === undefined ? undefined : `dlv_${chosen.slice(4)}`;
            const keys = ofEvent === undefined ? range("dlv", from, to) : { from: ofEvent, to: `${ofEvent}~` };
            const conditions = given({
              source_id: source,
              event_type: type,
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
                  (type === undefined || one.event_type === type) &&
                  (status === undefined || statusesIn(status).includes(one.status)) &&
                  (way === undefined ||
                    (by === "connection" ? one.connection_id === way[0] : one.destination_id === way[1])) &&
                  (response === undefined || one.last_response_status === response) &&
                  (error === undefined || one.last_error === error),
              );
            expect(listed.map(shown)).toEqual(newestFirst(wanted).map(shown));
            expect(await record.countedDeliveries({ ...keys, ...conditions })).toMatchObject({
              rows: newestFirst(wanted).map(({ id, status: kind }) => ({ id, kind })),
              next: null,
            });
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

const shown = ({
  id,
  event_type,
  status,
  connection_id,
  last_response_status,
  last_error,
  finished_at,
  replay_id,
}: Delivery) => [id, event_type, status, connection_id, last_response_status, last_error, finished_at, replay_id];
