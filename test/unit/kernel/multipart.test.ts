import { describe, expect, it } from "vitest";
import { multipartBoundary, MultipartReader } from "../../../src/kernel/multipart.ts";

const part = (disposition: string, value: string, more = ""): string =>
  `--x\r\nContent-Disposition: form-data; ${disposition}\r\n${more}\r\n${value}\r\n`;
const END = "--x--\r\n";

/** Fed in chunks of this size. */
function read(text: string, size = text.length, maxFieldBytes = 1_000) {
  const fields: [string, string][] = [];
  const reader = new MultipartReader("x", maxFieldBytes, (name, value) => void fields.push([name, value]));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.update(bytes.subarray(at, at + size));
  return { fields, isComplete: reader.finish() };
}

describe("the boundary", () => {
  it.each([
    ["multipart/form-data; boundary=x", "x"],
    ['Multipart/Form-Data; charset=utf-8; Boundary="a b"', "a b"],
    ["multipart/form-data; boundary=a;b=c", "a"],
    ["multipart/form-data", null],
    ["multipart/form-data; boundary=", null],
    ["multipart/mixed; boundary=x", null],
    ["application/json", null],
    [null, null],
  ])("of %j is %j", (type, boundary) => expect(multipartBoundary(type)).toBe(boundary));
});

describe("a multipart form", () => {
  const whole =
    "a preamble\r\n" +
    part('name="a"', "1") +
    part(
      'name="file"; filename="a.bin"',
      `--x\n${"b".repeat(3_000)}\r\n--y`,
      "Content-Type: application/octet-stream\r\n",
    ) +
    part("name=b", "two\r\nlines") +
    part('name="empty"', "") +
    part('name="ü \\"quoted\\""; x="filename=y"', "é", "Content-Type: text/plain; charset=utf-8\r\n") +
    part('name="large"', "c".repeat(1_001)) +
    "--x\r\n\r\nno head\r\n" +
    part('name="a"', "again") +
    END +
    part('name="behind"', "the end");

  it.each([1, 2, 3, 7, 64, 1_000, whole.length + 10])("gives its text fields in chunks of %i bytes", (size) => {
    expect(read(whole, size)).toEqual({
      fields: [
        ["a", "1"],
        ["b", "two\r\nlines"],
        ["empty", ""],
        ['ü "quoted"', "é"],
        ["a", "again"],
      ],
      isComplete: true,
    });
  });

  it.each([
    ["is cut off", part('name="a"', "1") + "--x"],
    ["has another boundary", `${part('name="a"', "1")}--y--\r\n`],
    ["has text behind a boundary", `${part('name="a"', "1")}--xy\r\n${END}`],
    ["has an endless head", `${part('name="a"', "1")}--x\r\n${"h".repeat(10_000)}\r\n\r\n1\r\n${END}`],
    ["is empty", ""],
  ])("that %s is not complete", (_what, text) => {
    for (const size of [1, 5, 100_000]) expect(read(text, size).isComplete).toBe(false);
  });

  it("is read past a file of 25 MiB", () => {
    const reader = new MultipartReader("x", 10, () => undefined);
    reader.update(Buffer.from('--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'));
    const chunk = new Uint8Array(65_536);
    for (let count = 0; count < 400; count++) reader.update(chunk);
    reader.update(Buffer.from(`\r\n${END}`));
    expect(reader.finish()).toBe(true);
  });
});
