import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { NOTHING_TO_WRITE } from "../../../src/delivery/ports.ts";
import type { Writes } from "../../../src/delivery/types.ts";
import { mergePages, shardAt, splitWrites, timeBeside, type Shard } from "../../../src/record/shards.ts";
import type { Page } from "../../../src/record/types.ts";
import { boundShards } from "../../../src/worker/databases.ts";

const AT = Date.UTC(2026, 10, 29);
const time = fc.integer({ min: AT, max: AT + 10_000_000 });
const shards: fc.Arbitrary<Shard<string>[]> = fc
  .array(time, { maxLength: 4 })
  .map((times) => [AT - 1, ...times].map((since, index) => ({ since, database: `DB_${index + 1}` })));

describe("the database of an event", () => {
  it("stays the same when databases are added later", () => {
    fc.assert(
      fc.property(shards, time, time, (given, at, since) => {
        const more = [...given, { since: Math.max(since, at + 1), database: "DB_NEW" }];
        expect(shardAt(more, at)).toBe(shardAt(given, at));
      }),
    );
  });

  it("is one for all events of a slot of ten seconds", () => {
    fc.assert(
      fc.property(shards, time, fc.nat(9_999), (given, at, after) => {
        const slot = Math.floor(at / 10_000) * 10_000;
        expect(shardAt(given, slot + after)).toBe(shardAt(given, slot));
      }),
    );
  });

  it("takes turns over all that there are", () => {
    const three = ["DB", "DB_2", "DB_3"].map((database) => ({ since: AT, database }));
    const used = new Set([0, 1, 2].map((slot) => shardAt(three, AT + slot * 10_000)));
    expect(used).toEqual(new Set(["DB", "DB_2", "DB_3"]));
    expect(() => shardAt([], AT)).toThrow("no database");
  });
});

describe("the time beside an event", () => {
  it("is in the event's database, as late as there is one, and never before the event or after the time wanted", () => {
    fc.assert(
      fc.property(shards, time, fc.nat(10_000_000), (given, beside, after) => {
        const at = beside + after;
        const chosen = timeBeside(given, beside, at);
        expect(shardAt(given, chosen)).toBe(shardAt(given, beside));
        expect(chosen).toBeGreaterThanOrEqual(beside);
        expect(chosen).toBeLessThanOrEqual(at);
        // As many slots back as there are databases at most, and one where a database was added meanwhile.
        expect(at - chosen).toBeLessThanOrEqual(10_000 * 2 * given.length);
      }),
    );
  });

  it("is the time itself over one database, and the event's where the clock runs behind it", () => {
    expect(timeBeside([{ since: 0, database: "DB" }], AT, AT + 7)).toBe(AT + 7);
    expect(timeBeside([{ since: 0, database: "DB" }], AT, AT - 7)).toBe(AT);
  });
});

describe("what a batch writes", () => {
  it("goes to the database of each event or delivery, states and configuration to the first", () => {
    const writes = {
      ...NOTHING_TO_WRITE,
      firsts: [{ event: { id: "evt_a" } }, { event: { id: "evt_b" } }],
      settlements: [{ delivery: { id: "dlv_b" } }],
      callbacks: [{ event: { id: "evt_a2" } }],
      forget: ["evt_b"],
      interrupted: [{ id: "dlv_a", count: 1 }],
      finished: ["evt_b"],
      states: [{ destination_id: "dst_b" }],
      disable: ["con_b"],
    } as unknown as Writes;
    const parts = splitWrites(writes, (id) => id[4] ?? "", "main");
    expect([...parts.keys()].sort()).toEqual(["a", "b", "main"]);
    expect(parts.get("a")).toEqual({
      ...NOTHING_TO_WRITE,
      firsts: [writes.firsts[0]],
      callbacks: writes.callbacks,
      interrupted: writes.interrupted,
    });
    expect(parts.get("main")).toEqual({ ...NOTHING_TO_WRITE, states: writes.states, disable: writes.disable });
    const all = [...parts.values()];
    for (const key of Object.keys(writes) as (keyof Writes)[])
      expect(all.flatMap((part) => part[key] as readonly unknown[])).toHaveLength(writes[key].length);
    expect(splitWrites(NOTHING_TO_WRITE, () => "a", "main").size).toBe(0);
  });
});

describe("pages of several databases", () => {
  it("together show everything once, newest first, whatever their limits and where each of them stops", () => {
    const ids = fc.uniqueArray(fc.integer({ min: 100, max: 999 }), { maxLength: 40 });
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), (all, limit, count) => {
        const parts = Array.from({ length: count }, (_, part) =>
          all.filter((id) => id % count === part).sort((a, b) => b - a),
        );
        const seen: string[] = [];
        for (let before: string | null = "~"; before !== null;) {
          const end: string = before;
          const pages = parts.map((part, index) => {
            const left = part.map(String).filter((id) => id < end);
            // Some examine fewer than others.
            const rows = left.slice(0, Math.max(1, limit - index)).map((id) => ({ id }));
            return { rows, next: rows.length < left.length ? (rows.at(-1)?.id ?? null) : null };
          });
          const page: Page<{ readonly id: string }> = mergePages(pages, limit);
          expect(page.rows.length).toBeLessThanOrEqual(limit);
          seen.push(...page.rows.map(({ id }) => id));
          before = page.next;
        }
        expect(seen).toEqual(all.sort((a, b) => b - a).map(String));
      }),
    );
  });
});

describe("the databases that are bound", () => {
  const [one, two, three] = ["DB", "DB_2", "DB_3"].map((name) => ({ name }) as unknown as D1Database);

  it("are those without a gap, each from its instant on", () => {
    const env = { DB: one, DB_2: two, DB_2_SINCE: "2026-12-01", DB_4: three } as unknown as Env;
    expect(boundShards(env)).toEqual([
      { since: 0, database: one },
      { since: Date.UTC(2026, 11, 1), database: two },
    ]);
  });

  it("are refused where it is not said from when on one of them records", () => {
    for (const since of [undefined, "", "soon"])
      expect(() => boundShards({ DB: one, DB_2: two, DB_2_SINCE: since } as unknown as Env)).toThrow("DB_2_SINCE");
  });
});
