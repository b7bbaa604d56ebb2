import { Serializer } from "node:v8";
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { encodedBytes } from "../../../src/kernel/encoded-size.ts";

function exactly(value: unknown): number {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer().byteLength;
}

const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));

describe("the encoded size of a value", () => {
  it("is never less than what structured clone takes", () => {
    const leaf = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.uint8Array());
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("any")), fc.dictionary(text, tie("any"))),
    })).any;
    fc.assert(fc.property(value, (any) => encodedBytes(any) >= exactly(any)));
  });

  it("is close for a head of many short headers and a large body", () => {
    const headers = Array.from({ length: 3_000 }, (_, i) => [`h${i.toString(36)}`, "1"]);
    const message = { v: 1, event: { headers, body: { kind: "inline", bytes: new Uint8Array(98_304) } } };
    expect(encodedBytes(message) / exactly(message)).toBeLessThan(1.05);
  });

  it("counts the whole buffer behind a part of it, as structured clone encodes it", () => {
    const part = new Uint8Array(100_000).subarray(0, 10);
    expect(exactly(part)).toBeGreaterThan(100_000);
    expect(encodedBytes(part)).toBeGreaterThanOrEqual(exactly(part));
  });
});
