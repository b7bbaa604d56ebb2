// How bodies are read for their pages: JSON as a tree of its own texts, the fields of forms.
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { formParts } from "../../../src/dashboard/components/form-parts.ts";
import { jsonTree, type JsonNode } from "../../../src/dashboard/components/json-tree.ts";

const written = ({ key, text, members }: JsonNode): string =>
  (key === null ? "" : `${key}:`) +
  (members === null ? text : text.charAt(0) + members.map(written).join(",") + text.charAt(1));

describe("JSON as a tree", () => {
  it("has every text as it is written, however it is spaced", () => {
    fc.assert(
      fc.property(fc.oneof(fc.object(), fc.array(fc.anything())), fc.constantFrom(0, 2, "\t"), (value, space) => {
        const text = JSON.stringify(value, null, space);
        const tree = jsonTree(text);
        expect(tree === null ? null : written(tree)).toBe(JSON.stringify(value));
      }),
      { numRuns: 200 },
    );
  });

  it("keeps long numbers and repeated keys", () => {
    const text = `{"a":12345678901234567890,"a":1.0e5,"b":{}}`;
    const tree = jsonTree(text);
    expect(tree === null ? null : written(tree)).toBe(text);
  });

  it.each(["1", '"a"', "{", "not json", "[".repeat(50) + "]".repeat(50), `[${"1,".repeat(3_000)}1]`])(
    "is none for what is a scalar, no JSON, too deep or too large: %.20s",
    (text) => {
      expect(jsonTree(text)).toBeNull();
    },
  );
});

describe("the fields of a form", () => {
  it("are decoded, in their order", () => {
    const parts = formParts("application/x-www-form-urlencoded; charset=utf-8", utf8("a=1&b=%C3%B6+%26&a="), true);
    expect(parts?.map(({ name, value }) => [name, value])).toEqual([
      ["a", "1"],
      ["b", "ö &"],
      ["a", ""],
    ]);
  });

  it("lack the last one where the body is cut, as it may be cut too", () => {
    const parts = formParts("application/x-www-form-urlencoded", utf8("a=1&b=tw"), false);
    expect(parts?.map(({ name }) => name)).toEqual(["a"]);
  });

  it("of a multipart form have files by name, type and size", () => {
    const body = [
      "--x",
      'Content-Disposition: form-data; name="title"',
      "",
      "Größe",
      "--x",
      'Content-Disposition: form-data; name="scan"; filename="a \\"b\\".png"',
      "Content-Type: image/png",
      "",
      "\0\x01\x02",
      "--x--",
      "",
    ].join("\r\n");
    expect(formParts('multipart/form-data; boundary="x"', utf8(body), true)).toEqual([
      { name: "title", filename: null, type: null, bytes: 7, value: "Größe" },
      { name: "scan", filename: 'a "b".png', type: "image/png", bytes: 3, value: null },
    ]);
  });

  it.each([null, "application/json", "multipart/mixed; boundary=x"])("are none of %s", (type) => {
    expect(formParts(type, utf8("a=1"), true)).toBeNull();
  });
});
