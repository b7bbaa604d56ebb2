// Expressions give what JSONata gives, and nothing of them is left out or unbounded unnoticed.
import { isDeepStrictEqual } from "node:util";
import fc from "../../property.ts";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "../../../src/kernel/bytes.ts";
import { compileExpression } from "../../../src/routing/expression/index.ts";
import { NATIVES } from "../../../src/routing/expression/natives.ts";
import { expressions, SIGNATURES } from "../../generated-expressions.ts";

const DATA = {
  a: { b: { c: [{ d: 1 }, { d: 2 }] } },
  order: {
    id: "A/1",
    lines: [
      { sku: "x", n: 1 },
      { sku: "y", n: 2, tags: ["t1", "t2"] },
      { sku: "x", n: 3 },
    ],
  },
  numbers: [3, 1, 2],
  words: ["b", "a", "c"],
  nested: [
    [1, 2],
    [3, [4]],
  ],
  empty: [],
  none: {},
  text: "Hello Wörld 😀",
  number: -2.5,
  yes: true,
  nothing: null,
  one: [7],
};
const now = Date.UTC(2026, 10, 28);
const ours = (expression: string, data: unknown = structuredClone(DATA)): string => {
  const compiled = compileExpression(expression);
  if (!compiled.ok) return `refused: ${compiled.error}`;
  const result = compiled.value.run(data, { bindings: {}, now, random: () => 0.5 });
  return result.ok ? (decodeUtf8(result.value) ?? "") : `failed: ${result.error}`;
};
const theirs = async (expression: string): Promise<string> => {
  const data = structuredClone(DATA);
  try {
    const value: unknown = await jsonata(expression, { timeout: 2_000, stack: 500 }).evaluate(data);
    // Grouping an empty array writes into the array itself, an error of JSONata's that ours does not share.
    if (!isDeepStrictEqual(data, DATA)) return "failed: JSONata changed its input";
    return JSON.stringify(value) ?? "failed: the expression gives nothing";
  } catch (error) {
    return `failed: ${String((error as { message?: unknown }).message)}`;
  }
};
const failed = (result: string): boolean => /^(failed|refused): /.test(result);

describe("an expression", () => {
  it.each([
    "order.lines[n > 1].sku",
    "order.lines[-1]",
    "order.lines[[0, 2]].n",
    "order.lines.sku[]",
    "order.lines{sku: $sum(n)}",
    "order.lines^(>n, sku).n",
    "order.lines@$l.$$.numbers[$ = $l.n].{'sku': $l.sku, 'n': $}",
    "order.lines#$i[n > 1].{'at': $i, 'sku': sku}",
    "order.lines.tags.{'tag': $, 'of': %.sku}",
    "a.b.c.d.(% . d)",
    "**.d",
    "order.*[0]",
    "$ ~> |order.lines[n = 1]|{'n': n * 10}, 'sku'|",
    "($add := function($x, $y){$x + $y}; $inc := $add(?, 1); $map(numbers, $inc))",
    "($f := function($n){$n <= 1 ? 1 : $n * $f($n - 1)}; $f(10))",
    "(numbers ~> $sort ~> $reverse)[0]",
    "($trim ~> $uppercase)('  a b ')",
    "$substring(text, -3)",
    "$substring(text, 6, 4.5)",
    "$pad('x', -4, 'äö')",
    "$split(text, /[ö ]/, 2)",
    "$replace(text, /(.)l/, '<$1|$0|$$>')",
    "$match(text, /[A-Z](.)/).groups",
    "$formatNumber(1234.567, '#,##0.00')",
    "$formatInteger(1999, 'W')",
    "$fromMillis(1510067557121, '[D1o] [MNn] [Y], [H01]:[m01] [z]', '+0200')",
    "$sort(order.lines, function($l, $r){$l.n < $r.n}).n",
    "$each(order, function($v, $k){$k & ': ' & $type($v)})",
    "$sift(order, function($v){$type($v) = 'string'})",
    "$merge($spread(order.lines[0]))",
    "$zip(numbers, words)",
    "$distinct($append(words, ['a', 'z']))",
    "[1..3].($ * 2)",
    "missing ?? 'default'",
    "[1 <= 0 % 0, 0 % 0 >= 1]",
    "nothing ?? 'kept'",
    "empty ?: 'default'",
    "'a' in words and $not(2 in words)",
    "{'a': {'b': [1, null, 'x']}} = {'a': {'b': [1, null, 'x']}}",
    "$string({'n': 0.1 + 0.2, 'f': $sum}, true)",
  ])("gives for %s what JSONata gives", async (expression) => {
    const result = await theirs(expression);
    expect(failed(result)).toBe(false);
    expect(ours(expression)).toBe(result);
  });

  it("gives what JSONata gives, whatever it is made of", async () => {
    const vocabulary = {
      paths: Object.keys(DATA)
        .flatMap((name) => [name, `$$.${name}`])
        .concat(["order.lines", "order.lines.sku", "$"]),
      numbers: ["0", "1", "2.5", "-3", "7"],
      texts: ["'a'", "'Wö'", "''", "'x y'", "text"],
      patterns: ["/l/", "/(l)(o)?/", "/[a-z]+/", "/zz/"],
      wild: false,
    };
    await fc.assert(
      fc.asyncProperty(expressions(vocabulary), async (expression) => {
        const [their, our] = [await theirs(expression), ours(expression)];
        // What fails there may be let through here: JSONata takes no `|…|` over texts and no function in the place of a text.
        if (failed(their) || our.startsWith("refused: ") || our.includes("holds a function")) return;
        // For a replacement that is missing, JSONata writes "undefined"; ours fails.
        if (expression.includes("$replace(") && our.includes("attempted to invoke a non-function")) return;
        // Where a function is put into a text, JSONata puts its own source there.
        if (their.includes("function")) return;
        expect([expression, our]).toEqual([expression, their]);
      }),
      // A fixed seed: a rare difference from JSONata must not fail a run that has changed nothing.
      { numRuns: 600, seed: 20_261_129 },
    );
  });

  it("can use every function of JSONata's but those that cannot be bounded, and $json", () => {
    expect([...NATIVES.keys()].sort()).toEqual(Object.keys(SIGNATURES).sort());
  });
});

describe("what cannot be bounded", () => {
  it.each([
    ["$eval('1')", "there is no $eval here"],
    ["$map(words, $eval)", "there is no $eval here"],
    ["$parseInteger('x', 'w')", "there is no $parseInteger here"],
    ["$toMillis(text, '[Y]')", "$toMillis takes ISO 8601 only"],
    ["function($x)<s:s>{$x}", "functions cannot have a <signature>"],
    ["$contains(text, /(?=x)/)", "is not a regular expression"],
    ["$contains(text, /([^a][^b][^c]){900}/)", "is too complex"],
    ["$contains(text, /([^a][^b][^c]{900}){900}/)", "is too complex"],
    ["$match(text, /[^a]{900}/) & $match(text, /[^b]{900}/) & $match(text, /[^c]{900}/)", "is too complex"],
    [`${"(".repeat(40)}a${" ?? 1)".repeat(40)}`, "too many ?? and ?:"],
    [`${"(".repeat(40)}a${" ?: 1).x".repeat(40)}`, "too many ?? and ?:"],
    ["12345678901234567890", "cannot be represented exactly"],
  ])("is refused when it is saved: %s: %s [G10]", (expression, reason) => {
    const compiled = compileExpression(expression);
    expect(compiled.ok ? null : compiled.error).toContain(reason);
  });

  it("is refused when it comes in by another name", () => {
    expect(ours(`a${".b".repeat(2_100)}`)).toContain("more than 2000 dots");
    expect(ours("($f := $toMillis; $f('2026', '[Y]'))")).toContain("$toMillis takes ISO 8601 only");
    expect(ours("$formatInteger(1 / 0, 'a')")).toContain("out of range");
    expect(ours("$fromMillis(0, '[Y,4000000-4000000]')")).toContain("a width in a picture must be below 100");
    expect(ours("$formatInteger(99999999999, 'I')")).toContain("at most 1,000,000");
  });

  it("lets defaults stand in a row, and a few within each other", () => {
    expect(ours("a.x ?? a.y ?? a.z ?? 'last'")).toBe('"last"');
    expect(ours("((a.x ?? a.y) ?? a.z) ?? 'last'")).toBe('"last"');
    const fields = Array.from({ length: 200 }, (_, index) => `"k${index}": a.k${index} ?? ""`);
    expect(ours(`{${fields.join(", ")}}`)).toContain('"k199":""');
  });
});
