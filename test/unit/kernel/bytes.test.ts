import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import {
  constantTimeEqual,
  decodeUtf8,
  decodeUtf8Head,
  fromBase64,
  fromHex,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
} from "../../../src/kernel/bytes.ts";
import { parseDuration } from "../../../src/kernel/durations.ts";
import { bodyColumns, bodyRef } from "../../../src/store/event-rows.ts";

const bytes = () => fc.uint8Array({ maxLength: 300 }).map((array) => new Uint8Array(array));

describe("bytes", () => {
  it("survive hex and base64", () => {
    fc.assert(
      fc.property(bytes(), (array) => {
        expect(fromHex(toHex(array))).toEqual(array);
        expect(fromBase64(toBase64(array))).toEqual(array);
        expect(fromBase64(toBase64Url(array))).toEqual(array);
      }),
    );
    for (const text of ["abc", "0g", " 00"]) expect(fromHex(text)).toBeNull();
    for (const text of ["a*", "a", "YQ==YQ", "YW Jj"]) expect(fromBase64(text)).toBeNull();
  });

  it("survive being stored in a row [G6]", () => {
    const keep = (array: Uint8Array<ArrayBuffer>) => {
      const row = JSON.parse(JSON.stringify(bodyColumns({ kind: "inline", bytes: array }))) as ReturnType<
        typeof bodyColumns
      >;
      expect(bodyRef(row)).toEqual({ kind: "inline", bytes: array });
    };
    fc.assert(fc.property(bytes(), keep));
    for (const text of ["", "\ufeff{}", '{"b":1.0,"a":12345678901234567890}', "a\0b", "\u2028é😀"]) keep(utf8(text));
  });

  it("are text only if encoding it again gives the same bytes", () => {
    fc.assert(
      fc.property(bytes(), (array) => {
        const text = decodeUtf8(array);
        if (text !== null) expect(utf8(text)).toEqual(array);
      }),
    );
  });

  it("are the whole characters before the cut when they are cut off, and no text when they never were one", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, length) => {
        const head = decodeUtf8Head(utf8(text).subarray(0, length));
        expect(head).not.toBeNull();
        expect(text.startsWith(head ?? "")).toBe(true);
        expect(Math.min(utf8(text).byteLength, length) - utf8(head ?? "").byteLength).toBeLessThan(4);
      }),
    );
    expect(decodeUtf8Head(new Uint8Array([0x61, 0xff, 0x61]))).toBeNull();
  });

  it("compare equal only when they are", () => {
    fc.assert(
      fc.property(bytes(), bytes(), (one, other) => {
        expect(constantTimeEqual(one, one.slice())).toBe(true);
        expect(constantTimeEqual(one, other)).toBe(toHex(one) === toHex(other));
        expect(constantTimeEqual(one, new Uint8Array([...one, 0]))).toBe(false);
        expect(constantTimeEqual(new Uint8Array([...one, 0]), one)).toBe(false);
      }),
    );
  });
});

describe("durations", () => {
  it.each([
    ["6m5s", 365_000],
    ["1h", 3_600_000],
    ["250ms", 250],
    ["1.5s", 1_500],
    ["soon", null],
    ["", null],
  ])("reads %j", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});
