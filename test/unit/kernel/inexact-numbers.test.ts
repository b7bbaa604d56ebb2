import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { inexactNumbers, isExact } from "../../../src/kernel/inexact-numbers.ts";

describe("numbers that JavaScript cannot represent", () => {
  it.each([
    "9007199254740993",
    "-9007199254740993",
    "12345678901234567890",
    "0.12345678901234567890",
    "123456789.123456789",
    "1e400",
    "-1e400",
    "1e-400",
    "4.9e-324",
    "1.00000000000000000001",
  ])("%s is one", (literal) => expect(inexactNumbers(`{"n": ${literal}}`)).toEqual(["/n"]));

  it.each([
    "0",
    "-0",
    "0.0",
    "1.50",
    "0.1",
    "9007199254740991",
    "9007199254740992",
    "1.0000000000000000000000",
    "100000000000000000000",
    "1e22",
    "1E+3",
    "0.30000000000000004",
    "5e-324",
    "1.7976931348623157e308",
    "123456.789e-3",
  ])("%s is none", (literal) => expect(inexactNumbers(`{"n": ${literal}}`)).toEqual([]));

  it("are named by their JSON pointers", () => {
    const text = `{"a/b": [1, {"~": 9007199254740993}, "9007199254740993"], "n": {"": 1e999}, "a": 0.1}`;
    expect(inexactNumbers(text)).toEqual(["/a~1b/1/~0", "/n/"]);
    expect(inexactNumbers("9007199254740993")).toEqual([""]);
    expect(inexactNumbers("[9007199254740993, 1, 9007199254740993]")).toEqual(["/0", "/2"]);
  });

  it("are never numbers that JavaScript has serialized", () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => isExact(JSON.stringify(n))));
    fc.assert(fc.property(fc.jsonValue(), (value) => inexactNumbers(JSON.stringify(value)).length === 0));
  });

  it("are searched for in JSON only", () => {
    expect(() => inexactNumbers("{9007199254740993")).toThrow(SyntaxError);
  });
});
