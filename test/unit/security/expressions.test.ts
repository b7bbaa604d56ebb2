// Expressions that once took seconds, or the whole isolate, within their steps: what a run may take is charged before it is taken [G10].
import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "../../../src/kernel/bytes.ts";
import { compileExpression } from "../../../src/routing/expression/index.ts";

function run(source: string): string {
  const compiled = compileExpression(source);
  if (!compiled.ok) throw new Error(compiled.error);
  const made = compiled.value.run({}, { bindings: {}, now: 0, random: () => 0.5 });
  return made.ok ? (decodeUtf8(made.value) ?? "") : made.error;
}

const TOO_MUCH = /^it (takes|makes) more than /;

describe("an expression", () => {
  it.each([
    ["[$power(2,60)..$power(2,60)]", "[1152921504606847000]"],
    ["$count([9007199254740992..9007199254740994])", "3"],
    ["[-$power(2,60)..$power(2,60)]", "a sequence has more than 100000 items"],
  ])("counts the items of a range beyond 2^53: %s", (source, result) => {
    expect(run(source)).toBe(result);
  });

  it("is charged for the arguments of a partially applied function at each call", () => {
    const many = ",1".repeat(7_900);
    expect(run(`($f := function(){1}; $g := $f(?${many}); $map([1..5000], $g))`)).toMatch(TOO_MUCH);
  });

  it("is charged for each further term that sorting compares", () => {
    expect(run(`([1..3000]^(${Array(16).fill("1").join(",")}))`)).toMatch(TOO_MUCH);
  });

  it.each(["$replace('a', $f, '')", "$match('a', $f)", "$split('a', $f)"])(
    "gets nothing back for matches that go backwards: %s",
    (call) => {
      const match = "{'match': '', 'start': 0, 'end': 1000000000, 'groups': [], 'next': $f}";
      expect(run(`($f := function($t){${match}}; ${call})`)).toMatch(TOO_MUCH);
    },
  );

  it("is charged for each index that a path binds to an item", () => {
    const indexes = Array.from({ length: 2_000 }, (_, index) => `#$i${index}`).join("");
    expect(run(`($t := [1..200]; $t[1=1]${indexes})`)).toMatch(TOO_MUCH);
  });
});
