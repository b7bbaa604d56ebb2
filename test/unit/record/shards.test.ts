import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shardAt, type Shard } from "../../../src/record/shards.ts";

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
