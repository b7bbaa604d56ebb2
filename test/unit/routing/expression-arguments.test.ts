// Built-ins with every kind of argument in every place, also missing ones: what JSONata gives, or a reason in words, never an error of ours.
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "../../../src/kernel/bytes.ts";
import { compileExpression } from "../../../src/routing/expression/index.ts";
import { SIGNATURES, UNSTEADY } from "../../generated-expressions.ts";

const DATA = {
  object: { b: 1 },
  text: "Hello",
  number: 3,
  list: [3, 1, 2],
  words: ["b", "a"],
  objects: [{ b: 1 }, {}],
};
/** One argument that fits, by the letters of SIGNATURES. */
const FITTING: Readonly<Record<string, string>> = {
  ...{ A: "$$.list", B: "true", L: "$$.list", M: "$$.objects", V: "$$.words", O: "$$.object", T: "$$.text", N: "2" },
  ...{ P: "'l'", R: "/l/", X: "'y'", I: "'#0'", D: "'[Y]'", F: "function($v){$v}", G: "function($v, $w){$v > $w}" },
  H: "function($v, $k){true}",
};
const ANY = [
  ...[
    "$$.missing",
    "null",
    "2.5",
    "-1.5",
    "0",
    "''",
    "true",
    "[]",
    "{}",
    "[null]",
    "[1, 'a']",
    "[[1]]",
    "$string",
    "/l/",
  ],
  ...["$$.list", "$$.words", "$$.objects", "$$.object", "$$.text", "function($v){$v}"],
];
/** Calls with each of `others` in every place, alone and with another argument missing. */
function callsOf(name: string, signature: string, others: readonly string[]): Set<string> {
  const fitting = signature
    .replace("|", "")
    .split("")
    .map((kind) => FITTING[kind] ?? "");
  const calls = new Set<string>();
  for (let count = 0; count <= fitting.length; count++) {
    const args = fitting.slice(0, count);
    const besides = [args, ...args.map((_, at) => args.with(at, "$$.missing"))];
    calls.add(`$${name}(${args.join(", ")})`);
    for (const [at] of args.entries())
      for (const other of others)
        for (const beside of besides) calls.add(`$${name}(${beside.with(at, other).join(", ")})`);
  }
  return calls;
}

const ours = (expression: string, data: unknown): string => {
  const compiled = compileExpression(expression);
  if (!compiled.ok) return `failed: ${compiled.error}`;
  const result = compiled.value.run(data, { bindings: {}, now: 0, random: () => 0.5 });
  return result.ok ? (decodeUtf8(result.value) ?? "") : `failed: ${result.error}`;
};

/** Null where it fails. */
const theirs = async (expression: string): Promise<string | null> => {
  try {
    return JSON.stringify(await jsonata(expression).evaluate(structuredClone(DATA))) ?? null;
  } catch {
    return null;
  }
};

const NO_REASON = /it cannot be evaluated|it nests or grows too far/;

describe.each(Object.entries(SIGNATURES).filter(([name]) => !UNSTEADY.has(name)))("$%s", (name, signature) => {
  it("gives what JSONata gives for arguments that are missing or do not fit, or a reason", async () => {
    const wrong = [];
    for (const call of callsOf(name, signature, ANY)) {
      for (const context of ["", "text.", "number."]) {
        const expression = `${context}(["a", ${call}])`;
        const [our, their] = [ours(expression, structuredClone(DATA)), await theirs(expression)];
        // JSONata writes `undefined` for a missing replacement, and its own source for a function in a text.
        const comparable = their !== null && !/undefined|function/.test(their) && !our.endsWith("holds a function");
        if (NO_REASON.test(our) || (comparable && our !== their)) wrong.push({ expression, our, their });
      }
    }
    expect(wrong).toEqual([]);
  });

  it("fails with a reason for a whole number beyond 2^53 where it does not take anything", () => {
    const data = { ...DATA, long: 12_345_678_901_234_567_890n, longs: [12_345_678_901_234_567_890n] };
    const wrong = [...callsOf(name, signature, ["$$.long", "$$.longs"])]
      .flatMap((call) => [`(["a", ${call}])`, `long.(["a", ${call}])`])
      .filter((expression) => NO_REASON.test(ours(expression, data)));
    expect(wrong).toEqual([]);
  });
});

it.each([
  ["$type(long)", '"number"'],
  ["$boolean(long)", "true"],
  ["$string(long)", '"12345678901234567890"'],
  ["$append(long, 1)", "[12345678901234567890,1]"],
  ["$exists(longs[long])", "false"],
  ["$uppercase(long)", "failed: argument 1 of $uppercase does not match the function's signature (at character 11)"],
])("an expression knows a whole number beyond 2^53 as what it is: %s", (expression, result) => {
  const long = 12_345_678_901_234_567_890n;
  expect(ours(expression, { long, longs: [long, long] })).toBe(result);
});
