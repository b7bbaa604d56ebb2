// The events that a bulk replay of ignored events goes through, over a random history on real D1, compared with the same over a plain array.
import { env } from "cloudflare:workers";
import fc from "../../property.ts";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventTime } from "../../../src/model/ids.ts";
import type { ReplayFilter } from "../../../src/model/replay.ts";
import { ignoredRecords, replayRange } from "../../../src/store/index.ts";
import { AT, clear } from "./harness.ts";
import { history, makeHistory, SOURCES, TYPES, WAYS, type Known } from "./history.ts";

beforeEach(clear);
beforeAll(async () => {
  const row = "(id, slug, spec, created_at, updated_at) VALUES (?1, ?1, '{}', 0, 0)";
  const link =
    "INSERT INTO connections (id, slug, source_id, destination_id, spec, created_at, updated_at) VALUES (?1, ?1, ?2, ?3, ?4, 0, 0)";
  await env.DB.batch([
    ...WAYS.map(([, id]) => env.DB.prepare(`INSERT INTO destinations ${row}`).bind(id)),
    // The second source has a connection that is disabled.
    ...WAYS.map(([id, destination], way) =>
      env.DB.prepare(link).bind(id, SOURCES[way], destination, JSON.stringify({ enabled: way === 0 })),
    ),
  ]);
});

const NOW = AT + 3_600_000;
const orNull = <T>(...values: readonly T[]) => fc.oneof(fc.constant(null), fc.constantFrom(...values));
const TIMES = [AT - 600_000, AT, AT + 1, AT + 5_001, AT + 20_000];
const asked = fc.record({
  source_id: orNull(...SOURCES),
  connection_id: orNull(...WAYS.map(([id]) => id)),
  event_type: orNull(...TYPES),
  event: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(5) }),
  from: orNull(...TIMES),
  to: orNull(...TIMES),
});
/** Every other event is ignored. */
const mixed = history.map((batches) =>
  batches.map((batch) => batch.map((event, i) => (i % 2 === 0 ? { ...event, statuses: [] } : event))),
);
const SCANS = [undefined, { rows: 3, segments: 2, entries: 3 }, { rows: 1, segments: 1, entries: 1 }];

const isWanted = (filter: ReplayFilter, { first: { event }, deliveries }: Known): boolean =>
  deliveries.length === 0 &&
  event.source_id === SOURCES[0] &&
  (filter.source_id ?? event.source_id) === event.source_id &&
  (filter.connection_id ?? WAYS[0]?.[0]) === WAYS[0]?.[0] &&
  (filter.event_type ?? event.event_type) === event.event_type &&
  (filter.event_id ?? event.id) === event.id &&
  eventTime(event.id) >= (filter.from ?? 0) &&
  eventTime(event.id) < (filter.to ?? Infinity);

/** All pages, one after the other. */
async function collect(
  filter: ReplayFilter,
  most: number,
  scan: Parameters<typeof ignoredRecords>[4],
): Promise<string[]> {
  const { from, to } = replayRange(filter, NOW);
  const out: string[] = [];
  let next: string | null = from;
  while (next !== null) {
    const page: Awaited<ReturnType<typeof ignoredRecords>> = await ignoredRecords(
      env.DB,
      filter,
      { from: next, to },
      most,
      scan,
    );
    expect(page.found.length).toBeLessThanOrEqual(most);
    expect(page.next === null || page.next > next).toBe(true);
    out.push(...page.found.map(({ event }) => event.id));
    next = page.next;
  }
  return out;
}

describe("the events that no connection took", () => {
  it("are found once each, oldest first, in rows or segments, whatever the filter and the size of pages", async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(
        mixed,
        fc.array(fc.tuple(asked, fc.constantFrom(1, 2, 5, 200)), { minLength: 5, maxLength: 5 }),
        fc.constantFrom(...SCANS),
        async (batches, queries, scan) => {
          await clear();
          const all = await makeHistory(batches);
          for (const [{ event, ...given }, most] of queries) {
            const event_id = event === null ? null : (all[event]?.first.event.id ?? null);
            const filter: ReplayFilter = { ...given, status: "ignored", destination_id: null, event_id };
            const model = all.filter((known) => isWanted(filter, known)).map(({ first }) => first.event.id);
            expect(await collect(filter, most, scan)).toEqual(model.sort());
            seen += model.length;
          }
        },
      ),
      { numRuns: 40 },
    );
    expect(seen).toBeGreaterThan(50);
  });
});
