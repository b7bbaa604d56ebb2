import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { jsonText, readJson } from "../../../src/kernel/json-body.ts";

describe("JSON in bytes", () => {
  it("is read with and without a byte order mark", () => {
    expect(readJson(utf8('{"a":[1]}'))).toEqual({ a: [1] });
    expect(readJson(new Uint8Array([0xef, 0xbb, 0xbf, ...utf8('{"a":[1]}')]))).toEqual({ a: [1] });
    expect(jsonText(utf8("\uFEFFnull"))).toBe("null");
  });

  it.each([
    ["no JSON", utf8("{")],
    ["nothing", utf8("")],
    ["two marks", utf8("\uFEFF\uFEFF1")],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x31, 0x00])],
  ])("is undefined for %s", (_name, bytes) => {
    expect(readJson(bytes)).toBeUndefined();
  });
});
