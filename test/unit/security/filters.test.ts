// No filter holds up an isolate, whatever the event says: inputs that once took seconds or minutes, and their kin.
import { expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { stringifyExact } from "../../../src/routing/exact-json.ts";
import { compileFilter } from "../../../src/routing/filter-compile.ts";
import { failedClause } from "../../../src/routing/filter-explain.ts";
import { requestViews } from "../../../src/routing/request-views.ts";

const TOO_LARGE = "the event is too large or too deeply nested for this filter";
/** The budget is that of 50 ms on a machine of its own. Without it they take seconds and minutes. */
const MAX_CPU_MS = 2_000;

const fields = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));
const list = (count: number, item: unknown): unknown[] => Array.from({ length: count }, () => item);
const nested = (depth: number): unknown => (depth === 0 ? 1 : { x: nested(depth - 1) });
const hostile = "[ab]*a[ab]{500}[^ab]";

it.each<[what: string, filter: object, body: unknown, clause: string | null]>([
  [
    "compares 500 empty objects with one of 30,000 fields",
    { a: { $ref: "b" } },
    { a: list(500, {}), b: fields(30_000) },
    "body.a: expected an object (by $ref), got an array of 500",
  ],
  [
    "searches 250 KB twice with a costly pattern",
    { a: { $regex: hostile }, b: { $not: { $regex: hostile } } },
    { a: "ab".repeat(125_000), b: "ab".repeat(125_000) },
    TOO_LARGE,
  ],
  [
    "searches one text of the event for another",
    { a: { $in: { $ref: "b" } } },
    { a: "a".repeat(200_000), b: `b${"a".repeat(100_000)}` },
    TOO_LARGE,
  ],
  [
    "compares each of 20,000 with a list of 20,000",
    { "a.$": { $in: { $ref: "b" } } },
    { a: list(20_000, 1), b: list(20_000, 2) },
    TOO_LARGE,
  ],
  [
    "compares each of 20,000 with a number of 200,000 digits",
    { "a.$": { $gt: { $ref: "b" } } },
    { a: list(20_000, 1), b: "9".repeat(200_000) },
    TOO_LARGE,
  ],
  [
    "compares each of 150,000 with a field 3,000 objects deep",
    { "a.$": { $ref: `b${".x".repeat(3_000)}` } },
    { a: list(150_000, 0), b: nested(3_000) },
    TOO_LARGE,
  ],
  [
    "compares each of 10,000 long numbers with 500 texts of 400 digits",
    { "a.$": { $in: { $ref: "b" } } },
    { a: list(10_000, 2n ** 60n), b: list(500, "9".repeat(400)) },
    TOO_LARGE,
  ],
  ["finds one object of 8,000 at once", { "a.$": { $ref: "b" } }, { a: list(8_000, fields(5)), b: fields(5) }, null],
])("a filter that %s ends within its budget [G10]", (_what, filter, body, clause) => {
  const compiled = compileFilter({ body: filter });
  if (!compiled.ok) throw new Error(compiled.error.detail);
  const views = requestViews({ headers: [], path: "", query: "" }, utf8(stringifyExact(body) ?? ""));
  const started = process.cpuUsage();
  expect(failedClause(compiled.value, views)).toBe(clause);
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1_000).toBeLessThan(MAX_CPU_MS);
});

it("patterns of one filter may have 2,000 instructions in all [G10]", () => {
  const clauses = (count: number): object => ({
    $and: Array.from({ length: count }, (_, index) => ({ body: { [`k${index}`]: { $regex: "[^a]{900}" } } })),
  });
  expect(compileFilter(clauses(2)).ok).toBe(true);
  expect(compileFilter(clauses(3))).toMatchObject({
    ok: false,
    error: { pointer: "/filter/$and/2/body/k2/$regex", detail: expect.stringContaining("is too complex") },
  });
});
