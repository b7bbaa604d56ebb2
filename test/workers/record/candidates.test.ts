// What a bulk replay plans and takes over a random history on real D1, compared with the same over a plain array.
import { env } from "cloudflare:workers";
import fc from "../../property.ts";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Candidate } from "../../../src/delivery/index.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import { eventTime, firstKeyAt, type ReplayId } from "../../../src/model/ids.ts";
import { REPLAYABLE, type ReplayFilter, type Run } from "../../../src/model/replay.ts";
import { candidates } from "../../../src/store/index.ts";
import { planReplay } from "../../../src/store/replay-pieces.ts";
import { walkSegments } from "../../../src/store/replay-segments.ts";
import { AT, clear, createRecord, first, newEventId, writes } from "./harness.ts";
import { history, makeHistory, SOURCES, TYPES, WAYS, type Known } from "./history.ts";

beforeEach(clear);
beforeAll(async () => {
  // The second destination exists, its connection does not.
  const row = "(id, slug, spec, created_at, updated_at) VALUES (?1, ?1, '{}', 0, 0)";
  await env.DB.batch([
    ...WAYS.map(([, id]) => env.DB.prepare(`INSERT INTO destinations ${row}`).bind(id)),
    env.DB.prepare(
      "INSERT INTO connections (id, slug, source_id, destination_id, spec, created_at, updated_at) VALUES (?1, ?1, '', '', '{}', 0, 0)",
    ).bind(WAYS[0]?.[0]),
  ]);
});

const NOW = AT + 3_600_000;
const ID = "rpl_01kb0000000000000000000002" as ReplayId;
const orNull = <T>(...values: readonly T[]) => fc.oneof(fc.constant(null), fc.constantFrom(...values));
const TIMES = [AT - 600_000, AT, AT + 1, AT + 5_001, AT + 20_000];

interface Asked extends Omit<ReplayFilter, "event_id"> {
  readonly event: number | null;
}
const asked: fc.Arbitrary<Asked> = fc.record({
  status: fc.oneof(fc.constant("delivered" as const), orNull(...REPLAYABLE)),
  source_id: orNull(...SOURCES),
  destination_id: orNull(...WAYS.map(([, id]) => id)),
  connection_id: orNull(...WAYS.map(([id]) => id)),
  event_type: orNull(...TYPES),
  event: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(3) }),
  from: orNull(...TIMES),
  to: orNull(...TIMES),
});

function filterOf({ event, ...asked }: Asked, all: readonly Known[]): ReplayFilter {
  return { ...asked, event_id: event === null ? null : (all[event]?.first.event.id ?? null) };
}

const isWanted = (filter: ReplayFilter, delivery: Delivery): boolean =>
  (filter.status === null ? ["dead", "delivered"] : [filter.status as string]).includes(delivery.status) &&
  (filter.source_id ?? delivery.source_id) === delivery.source_id &&
  (filter.destination_id ?? delivery.destination_id) === delivery.destination_id &&
  (filter.connection_id ?? delivery.connection_id) === delivery.connection_id &&
  (filter.event_type ?? delivery.event_type) === delivery.event_type &&
  (filter.event_id ?? delivery.event_id) === delivery.event_id &&
  eventTime(delivery.event_id) >= (filter.from ?? 0) &&
  eventTime(delivery.event_id) < (filter.to ?? Infinity) &&
  delivery.connection_id === WAYS[0]?.[0];

const runOf = (filter: ReplayFilter): Run => ({
  id: ID,
  status: "running",
  filter,
  rate_per_second: 1,
  matched: 0,
  matched_exact: true,
  seen: 0,
  collected: false,
  queued: 0,
  done: 0,
  failed: 0,
  created_at: NOW,
  finished_at: null,
  after: firstKeyAt("dlv", filter.from ?? 0),
  until: firstKeyAt("dlv", filter.to ?? NOW + 1),
  latest: [],
  step: 0,
  next_at: NOW,
});

/** All pages, one after the other. */
async function collect(run: Run, limit: number, scan: Parameters<typeof candidates>[4]): Promise<Candidate[]> {
  const out: Candidate[] = [];
  let after: string | null = run.after;
  while (after !== null) {
    const page: Awaited<ReturnType<typeof candidates>> = await candidates(env.DB, run, after, limit, scan);
    expect(page.found.length).toBeLessThanOrEqual(limit);
    expect(page.next === null || page.next > after).toBe(true);
    out.push(...page.found);
    after = page.next;
  }
  return out;
}

/** What a page examines: as in production, or so little that pages end everywhere. */
const SCANS = [undefined, { rows: 3, segments: 2, entries: 3 }, { rows: 1, segments: 1, entries: 1 }];

describe("the candidates of a bulk replay", () => {
  it("are each delivery that matches once, oldest first, in rows or segments, whatever the filter and the size of pages", async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        fc.array(fc.tuple(asked, fc.constantFrom(1, 2, 5, 200)), { minLength: 5, maxLength: 5 }),
        fc.constantFrom(...SCANS),
        async (batches, queries, scan) => {
          await clear();
          const all = await makeHistory(batches);
          for (const [wanted, limit] of queries) {
            const filter = filterOf(wanted, all);
            const model = all
              .flatMap(({ deliveries }) => deliveries)
              .filter((delivery) => isWanted(filter, delivery))
              .sort((a, b) => (a.id < b.id ? -1 : 1));
            const run = runOf(filter);
            const { event_id } = filter;
            const prefix = event_id === null ? "" : `dlv_${event_id.slice(4)}`;
            const range = { after: prefix > run.after ? prefix : run.after };
            const until = event_id !== null && `${prefix}~` < run.until ? `${prefix}~` : run.until;
            const found = await collect({ ...run, ...range, until }, limit, scan);
            expect(found.map(({ id, dead }) => [id, dead])).toEqual(
              model.map(({ id, status }) => [id, status === "dead"]),
            );
            const plan = await planReplay(env.DB, filter, NOW, 5);
            expect([plan.matched, plan.exact, plan.sample.map(({ id }) => id)]).toEqual([
              model.length,
              true,
              model.slice(0, 5).map(({ id }) => id),
            ]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("are found among many segments of the same seconds, each page reading a bounded number of them", async () => {
    // Six hundred of one event each, and a hundred that span five seconds.
    const { write } = createRecord();
    const ids = [];
    for (let i = 0; i < 600; i++) {
      const given = { id: newEventId(AT + i) };
      ids.push(given.id);
      await write(writes([first(given)]));
    }
    for (let i = 0; i < 100; i++) {
      const spanning = [AT + i, AT + 2_000, AT + i + 5_000].map((at) => ({ id: newEventId(at) }));
      ids.push(...spanning.map(({ id }) => id));
      await write(writes(spanning.map(first)));
    }
    const filter = filterOf(
      {
        status: "delivered",
        source_id: null,
        destination_id: null,
        connection_id: null,
        event: null,
        from: null,
        to: null,
      },
      [],
    );
    const run = runOf(filter);
    const found: string[] = [];
    const entries: number[] = [];
    for (let from = run.after; from < run.until;) {
      const walk = await walkSegments(env.DB, filter, { from, to: run.until }, 100, {
        rows: 0,
        segments: 20,
        entries: 50,
      });
      found.push(...walk.found.map(({ event_id }) => event_id));
      entries.push(walk.entries);
      from = walk.to;
    }
    expect(found).toEqual(ids.sort());
    // The last of those that are taken goes beyond it, and all that span the place where a page begins are read.
    expect(Math.max(...entries)).toBeLessThanOrEqual(50 + 2 + 300);
  });
});
