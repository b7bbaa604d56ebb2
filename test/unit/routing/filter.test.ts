// The grammar, the bounds and the words of filters.
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { compileFilter } from "../../../src/routing/filter-compile.ts";
import { failedClause } from "../../../src/routing/filter-explain.ts";
import { matches, type Views } from "../../../src/routing/filter-match.ts";
import { requestViews } from "../../../src/routing/request-views.ts";
import { GRAMMAR, PARTS_TABLE, REFUSED } from "./filter-table.ts";

const compiled = (filter: unknown) => {
  const result = compileFilter(filter);
  if (!result.ok) throw new Error(`${result.error.pointer} ${result.error.detail}`);
  return result.value;
};
const bodyOf =
  (value: unknown): Views =>
  (part) => ({ value: part === "body" ? value : undefined, textual: false, unreadable: null });
const matchesBody = (filter: unknown, body: unknown): boolean => matches(compiled({ body: filter }), bodyOf(body));
const clause = (filter: unknown, body: unknown): string | null =>
  failedClause(compiled({ body: filter }), bodyOf(body));
const show = (value: unknown): string =>
  (JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? `${item}n` : item)) ?? "nothing").slice(
    0,
    90,
  );

const table = Object.entries(GRAMMAR).flatMap(([group, cases]) =>
  cases.map(([filter, body, met]) => ({
    title: `${group}: ${show(filter)} ${met ? "takes" : "refuses"} ${show(body)}`,
    filter,
    body,
    met,
  })),
);

describe("the grammar", () => {
  it("has a table of more than 120 cases", () => {
    expect(new Set(table.map(({ title }) => title)).size).toBeGreaterThan(120);
  });

  it.each(table)("$title", ({ filter, body, met }) => {
    expect(matchesBody(filter, body)).toBe(met);
  });

  it.each(
    PARTS_TABLE.map(([filter, request, met]) => ({
      title: `${show(filter)} on ${show(request)}: ${met}`,
      filter,
      request,
      met,
    })),
  )("parts: $title", ({ filter, request, met }) => {
    const event = { headers: request.headers ?? [], path: request.path ?? "", query: request.query ?? "" };
    expect(matches(compiled(filter), requestViews(event, utf8(request.body ?? "")))).toBe(met);
  });

  it.each(REFUSED.map(([filter, pointer, detail]) => ({ pointer, filter, detail })))(
    "refuses what it does not know and names $pointer",
    ({ filter, pointer, detail }) => {
      const result = compileFilter(filter);
      expect(result.ok ? null : result.error.pointer).toBe(pointer);
      expect(result.ok ? "" : result.error.detail).toMatch(detail);
    },
  );
});

describe("the failed clause", () => {
  it.each([
    [{ type: "paid" }, { type: "open" }, 'body.type: expected "paid", got "open"'],
    [{ type: "paid" }, {}, 'body.type: expected "paid", got nothing'],
    [{ a: { n: { $gt: 5 } } }, { a: { n: 3 } }, "body.a.n: expected $gt 5, got 3"],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, "body.b: expected 2, got 3"],
    [{ tags: "x" }, { tags: ["a", "b"] }, 'body.tags: expected "x", got ["a", "b"]'],
    [{ tags: ["a", "x"] }, { tags: ["a", "b"] }, 'body.tags: no element is "x"'],
    [{ items: { sku: "x" } }, { items: [{ sku: "a" }] }, 'body.items[0].sku: expected "x", got "a"'],
    [{ items: { sku: "x" } }, { items: [{}, {}] }, "body.items: none of 2 elements matches"],
    [{ "items.$.sku": "x" }, { items: 5 }, "body.items: expected an array, got 5"],
    [{ a: { $exist: false } }, { a: 1 }, "body.a: expected not to exist"],
    [{ a: { $not: 1 } }, { a: 1 }, "body.a: expected $not 1, got 1"],
    [{ a: { $or: [1, 2] } }, { a: 3 }, "$or: none of 2 is met, the first by body.a: expected 1, got 3"],
    [{ a: { $regex: "^x" } }, { a: "y" }, 'body.a: expected to match "^x", got "y"'],
    [{ a: { $ref: "b" } }, { a: 1, b: 2 }, "body.a: expected 2 (by $ref), got 1"],
    [{ a: { $gt: [1] } }, { a: 1 }, "body.a: $gt cannot compare with a value of this type"],
    [{ a: { b: 1 } }, { a: "text" }, 'body.a: expected an object with b, got "text"'],
    [
      { id: "9007199254740993" },
      { id: 9007199254740994n },
      'body.id: expected "9007199254740993", got 9007199254740994',
    ],
  ])("of %j on %o reads %s", (filter, body, words) => {
    expect(clause(filter, body)).toBe(words);
  });

  it("shows no value of a field that looks like a secret [G8]", () => {
    const filter = compiled({ headers: { authorization: "Bearer expected-secret" } });
    const views = requestViews({ headers: [["Authorization", "Bearer given-secret"]], path: "", query: "" }, utf8(""));
    expect(failedClause(filter, views)).toBe("headers.authorization: expected a certain value, got another value");
    for (const key of ["api_key", "token", "client_secret", "password", "x-signature"])
      expect(clause({ [key]: "s3cr3t-a" }, { [key]: "s3cr3t-b" })).not.toMatch(/s3cr3t/);
  });

  it("names the element of an index", () => {
    expect(clause({ "1.type": "x" }, [{ type: "x" }, { type: "y" }])).toBe('body.1.type: expected "x", got "y"');
  });

  it("stays short whatever the event says", () => {
    const words = clause({ ["k".repeat(500)]: "x".repeat(5000) }, { ["k".repeat(500)]: "y".repeat(5000) });
    expect(words?.length).toBeLessThanOrEqual(240);
  });

  it("says why a body could not be read, and lets no negation pass for it", () => {
    for (const filter of [{ body: { a: 1 } }, { $not: { body: { a: 1 } } }, { $and: [{ path: "/" }, { body: 1 }] }]) {
      const views = requestViews({ headers: [], path: "", query: "" }, "too_large");
      expect(matches(compiled(filter), views)).toBe(false);
      expect(failedClause(compiled(filter), views)).toBe("body: is larger than the 1048576 bytes that are read");
    }
    const many = new TextEncoder().encode(`[${"{},".repeat(175_000)}1]`);
    expect(failedClause(compiled({ body: { a: 1 } }), requestViews({ headers: [], path: "", query: "" }, many))).toBe(
      "body: has more than the 175000 objects and arrays that are read",
    );
    const either = compiled({ $or: [{ body: { a: 1 } }, { path: "/" }] });
    expect(matches(either, requestViews({ headers: [], path: "", query: "" }, "missing"))).toBe(true);
  });
});

describe("hostile data and filters", () => {
  const deep = (open: string, middle: string, close: string, levels: number): unknown =>
    JSON.parse(open.repeat(levels) + middle + close.repeat(levels));

  it("end in bounded time and stack", () => {
    const nestedArrays = deep("[", "1", "]", 100_000);
    const nestedObjects = deep('{"a":', "1", "}", 100_000);
    for (const filter of [1, { $not: 1 }, { a: { a: 1 } }, [[1]], { "$.$.$": 1 }, { $ref: "a" }, { $eq: [[1]] }]) {
      expect(matchesBody(filter, nestedArrays)).toBe(false);
      expect(typeof matchesBody(filter, nestedObjects)).toBe("boolean");
      expect(typeof clause(filter, nestedArrays)).toBe("string");
    }
    expect(matchesBody({ x: { $ref: "y" } }, { x: nestedObjects, y: deep('{"a":', "1", "}", 100_000) })).toBe(false);
    const endless = { v: Array.from({ length: 2_000 }, () => Array.from({ length: 1_000 }, () => 0)) };
    expect(matchesBody({ v: 1 }, endless)).toBe(false);
    expect(matchesBody({ $not: { v: 1 } }, endless)).toBe(false);
    expect(clause({ v: 1 }, endless)).toMatch(/too large/);
  });

  it("reach no prototype", () => {
    const body = JSON.parse('{"__proto__": {"admin": true}, "a": 1}') as object;
    expect(matchesBody(JSON.parse('{"__proto__": {"admin": true}}'), body)).toBe(true);
    expect(matchesBody({ admin: true }, body)).toBe(false);
    expect(matchesBody({ "a.constructor.name": { $exist: true } }, body)).toBe(false);
    expect(matchesBody({ a: { $ref: "__proto__.admin" } }, { a: true })).toBe(false);
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  });

  it("are refused where they are too deep, too long or too many, by the clause that is", () => {
    let nested: unknown = 1;
    for (let i = 0; i < 100_000; i++) nested = { a: nested };
    for (const [filter, words] of [
      [{ body: nested }, /nested deeper than 24/],
      [{ body: { a: "x".repeat(20_000) } }, /at most 16384 bytes/],
      [{ body: { $or: Array.from({ length: 600 }, (_, i) => i) } }, /beyond the 500 clauses/],
      [{ body: { ["a.".repeat(4_000) + "a"]: 1 } }, /more than 24 steps/],
    ] as const) {
      const result = compileFilter(filter);
      expect(result.ok ? "" : result.error.detail).toMatch(words);
      expect(result.ok ? "" : result.error.pointer).toMatch(/^\/filter/);
    }
  });
});

/** What the grammar says, written down a second time and as plainly as possible, without bounds and for JSON bodies only. */
function reference(filter: unknown, value: unknown): boolean {
  const equal = (a: unknown, b: unknown): boolean => show2(a) === show2(b);
  if (Array.isArray(filter))
    return Array.isArray(value) && filter.every((item) => value.some((element) => reference(item, element)));
  if (typeof filter !== "object" || filter === null)
    return Array.isArray(value) ? value.some((element) => reference(filter, element)) : value === filter;
  const entries = Object.entries(filter as Record<string, unknown>);
  const own = entries.filter(([key]) => key.startsWith("$") && key !== "$or" && key !== "$and");
  const members = entries.filter(([key]) => !key.startsWith("$") || key === "$or" || key === "$and");
  const ownMet = own.every(([key, operand]) => {
    if (key === "$not") return !reference(operand, value);
    if (key === "$exist") return (value !== undefined) === operand;
    if (value === undefined) return false;
    if (key === "$eq") return equal(value, operand);
    if (key === "$neq") return !equal(value, operand);
    if (key === "$in") return typeof value !== "object" && (operand as unknown[]).includes(value);
    if (typeof value !== typeof operand || !["string", "number"].includes(typeof value)) return false;
    const [a, b] = [value as number, operand as number];
    return key === "$gt" ? a > b : key === "$gte" ? a >= b : key === "$lt" ? a < b : a <= b;
  });
  if (!ownMet) return false;
  if (entries.length === 1 && entries[0]?.[0] === "$or")
    return (entries[0][1] as unknown[]).some((item) => reference(item, value));
  const all = (target: unknown): boolean => {
    if (Array.isArray(target)) return target.some(all);
    return members.every(([key, operand]) => {
      if (key === "$or") return (operand as unknown[]).some((item) => reference(item, target));
      if (key === "$and") return (operand as unknown[]).every((item) => reference(item, target));
      const fields = typeof target === "object" && target !== null ? (target as Record<string, unknown>) : null;
      return fields !== null && reference(operand, Object.hasOwn(fields, key) ? fields[key] : undefined);
    });
  };
  if (entries.length === 0)
    return Array.isArray(value)
      ? value.some((element) => reference(filter, element))
      : typeof value === "object" && value !== null;
  return members.length === 0 || all(value);
}
const show2 = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : Object.is(item, -0)
        ? 0
        : item,
  );

const scalar = fc.oneof(fc.constantFrom("a", "b", "ab", 0, 1, 2, true, false, null));
const key = fc.constantFrom("x", "y", "z");
const { data } = fc.letrec<{ data: unknown }>((tie) => ({
  data: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie("data"), { maxLength: 3 }),
    fc.dictionary(key, tie("data"), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const operator = fc.oneof(
  fc.record({ $eq: data }),
  fc.record({ $neq: data }),
  fc.record({ $gt: fc.constantFrom(0, 1, "a") }),
  fc.record({ $gte: fc.constantFrom(0, 1, "a"), $lt: fc.constantFrom(2, "b") }),
  fc.record({ $lte: fc.constantFrom(0, 1, "a") }),
  fc.record({
    $in: fc.array(
      scalar.filter((item) => item !== null),
      { maxLength: 3 },
    ),
  }),
  fc.record({ $exist: fc.boolean() }),
);
const { clauses } = fc.letrec<{ clauses: unknown }>((tie) => ({
  clauses: fc.oneof(
    { maxDepth: 4 },
    scalar,
    operator,
    fc.array(tie("clauses"), { maxLength: 2 }),
    fc.dictionary(key, tie("clauses"), { maxKeys: 3, noNullPrototype: true }),
    fc.record({ $or: fc.array(tie("clauses"), { maxLength: 3 }), x: tie("clauses") }, { requiredKeys: [] }),
    fc.record({ $and: fc.array(tie("clauses"), { maxLength: 3 }), y: tie("clauses") }, { requiredKeys: [] }),
    fc.record({ $not: tie("clauses"), z: tie("clauses") }, { requiredKeys: ["$not"] }),
  ),
}));
/** `{}` and null as a whole part mean no condition; deeper down they ask for an object and for null. */
const filters = clauses.filter((filter) => !["{}", "null"].includes(show2(filter)));

describe("properties", () => {
  it("a compiled filter says what the plain interpreter says", () => {
    fc.assert(
      fc.property(filters, data, (filter, body) => matchesBody(filter, body) === reference(filter, body)),
      { numRuns: 3_000 },
    );
  });

  it("$not negates, at the top, in a part and in a field", () => {
    fc.assert(
      fc.property(filters, data, (filter, body) => {
        const met = matchesBody(filter, body);
        expect(matchesBody({ $not: filter }, body)).toBe(!met);
        expect(matches(compiled({ $not: { body: filter } }), bodyOf(body))).toBe(!met);
        expect(matchesBody({ f: { $not: filter } }, { f: body })).toBe(!matchesBody({ f: filter }, { f: body }));
      }),
      { numRuns: 1_000 },
    );
  });

  it("the order in $and and $or is of no matter", () => {
    fc.assert(
      fc.property(fc.array(filters, { maxLength: 4 }), data, (list, body) => {
        for (const name of ["$and", "$or"])
          expect(matchesBody({ [name]: list.toReversed() }, body)).toBe(matchesBody({ [name]: list }, body));
      }),
      { numRuns: 500 },
    );
  });

  it("a dotted path means the nested fields", () => {
    fc.assert(
      fc.property(operator, data, (filter, value) => {
        fc.pre(value !== undefined);
        expect(matchesBody({ "a.b": filter }, { a: { b: value } })).toBe(
          matchesBody({ a: { b: filter } }, { a: { b: value } }),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("matching and explaining never throw, and a failure always has a clause", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }),
        fc.jsonValue(),
        (filter, body) => {
          const result = compileFilter({ body: filter });
          if (!result.ok) return result.error.pointer.startsWith("/filter");
          const met = matches(result.value, bodyOf(body));
          return met === (failedClause(result.value, bodyOf(body)) === null);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("$not of a missing field", () => {
  const met = (filter: unknown, body: unknown, missingMatchesNot: boolean): boolean => {
    const result = compileFilter({ body: filter }, missingMatchesNot);
    if (!result.ok) throw new Error(result.error.detail);
    return matches(result.value, bodyOf(body));
  };

  it.each<[filter: unknown, body: unknown, byDefault: boolean, asHookdeck: boolean]>([
    [{ type: { $not: "a" } }, {}, true, false],
    [{ "order.type": { $not: "a" } }, { order: {} }, true, false],
    [{ a: { type: { $not: "a" } } }, { a: {} }, true, false],
    [{ type: { $not: { $exist: true } } }, {}, true, false],
    [{ type: { $not: { $not: "a" } } }, {}, false, false],
    [{ $or: [{ type: { $not: "a" } }, { b: 1 }] }, { b: 1 }, true, true],
    // What is there, even as null, is not missing.
    [{ type: { $not: "a" } }, { type: "b" }, true, true],
    [{ type: { $not: "a" } }, { type: null }, true, true],
    [{ type: { $not: "a" } }, { type: "a" }, false, false],
    // $not of a whole object or part is about what is there.
    [{ $not: { type: "a" } }, {}, true, true],
    [{ type: { $exist: false } }, {}, true, true],
    [{ type: { $neq: "a" } }, {}, false, false],
    [{ type: { $nin: ["a"] } }, {}, false, false],
  ])("in %j for %j is met: %s; with missing_matches_not: false: %s", (filter, body, byDefault, asHookdeck) => {
    expect([met(filter, body, true), met(filter, body, false)]).toEqual([byDefault, asHookdeck]);
  });

  it("is explained", () => {
    const result = compileFilter({ body: { type: { $not: "a" } } }, false);
    expect(result.ok && failedClause(result.value, bodyOf({}))).toBe('body.type: expected $not "a", got nothing');
  });
});
