import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { rawMember } from "../../../src/kernel/json-member.ts";

describe("a member's text", () => {
  it.each([
    ['{"body":1.0}', "1.0"],
    ['{"body": 12345678901234567890 , "a": 2}', "12345678901234567890"],
    ['{ "a" : {"body": 1}, "body"\n:\t[1, {"x": "},\\"]"}] }', '[1, {"x": "},\\"]"}]'],
    ['{"b\\u006fdy": {"b": 2, "a": 1}}', '{"b": 2, "a": 1}'],
    ['{"body": 1, "body": "\\u00e9"}', '"\\u00e9"'],
    ['{"body":null}', "null"],
    ['{"a": "\\"body\\": 7"}', null],
    ["{}", null],
    ['  {"body": true}  ', "true"],
  ])("of %s is %s", (json, expected) => {
    expect(rawMember(json, "body")).toBe(expected);
  });

  it("is what JSON.parse reads there, for any object", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.jsonValue(),
        fc.constantFrom(0, 1, "\t"),
        (rest, body, indent) => {
          const json = JSON.stringify({ ...rest, body }, null, indent);
          const raw = rawMember(json, "body");
          expect(raw).not.toBeNull();
          expect(JSON.parse(raw ?? "")).toEqual(JSON.parse(json).body);
        },
      ),
      { numRuns: 500 },
    );
  });
});
