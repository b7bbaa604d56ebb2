import { describe, expect, it } from "vitest";
import { decodeContent } from "../../../src/kernel/content-encoding.ts";
import { DECODED, expectDecoded, expectUndecodable, UNDECODABLE } from "./content-encodings.ts";

describe("a body's content encoding", () => {
  it.each(DECODED)("%j is decoded", expectDecoded);

  it.each(UNDECODABLE)("%j of these bytes is not decoded", expectUndecodable);

  it("of no bytes leaves no bytes", () =>
    expect(decodeContent(new Uint8Array(), "gzip", 10)).toEqual({ ok: true, value: new Uint8Array() }));
});
