import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readDedupeKey, type Keyed } from "../../../src/dedupe/key.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { dedupeSchema } from "../../../src/model/dedupe.ts";

const request = (body: string, change: Partial<Keyed> = {}): Keyed => ({
  method: "POST",
  path: "",
  query: "",
  headers: [],
  body: utf8(body),
  bodyDigest: () => createHash("sha256").update(body).digest(),
  ...change,
});
const key = async (rule: string, keyed: Keyed): Promise<string | null> =>
  (await readDedupeKey({ key: rule, window_seconds: 60 }, keyed))?.key ?? null;

describe("the grammar of a key", () => {
  it.each([
    "header:x-github-delivery",
    "header:Webhook-Id",
    "body:id",
    "body:$.id",
    "body:data.object.id",
    "body:items[0].id",
    "body:items[0][1]",
    "body:ünïcode-name",
    "body_hash",
  ])("has %s", (rule) => expect(dedupeSchema.safeParse({ key: rule, window_seconds: 60 }).success).toBe(true));

  it.each([
    "",
    "id",
    "header:",
    "header:a b",
    "body:",
    "body:.",
    "body:a..b",
    "body:a[x]",
    "body:a[",
    "body:$",
    "hash",
  ])("refuses %s [G12]", (rule) =>
    expect(dedupeSchema.safeParse({ key: rule, window_seconds: 60 }).success).toBe(false),
  );

  it.each([0, -1, 1.5, 604_801, "60"])("refuses a window of %s seconds [G12]", (window_seconds) =>
    expect(dedupeSchema.safeParse({ key: "body_hash", window_seconds }).success).toBe(false),
  );
});

describe("a key from a compressed body", () => {
  const compressed = (bytes: Uint8Array<ArrayBuffer>, encoding = "gzip"): Keyed =>
    request("", { headers: [["content-encoding", encoding]], body: bytes });

  it("is that of the body", async () => {
    const plain = await key("body:id", request('{"id":7}'));
    expect(plain).not.toBeNull();
    expect(await key("body:id", compressed(new Uint8Array(gzipSync('{"id":7}'))))).toBe(plain);
  });

  it("does not exist if the body cannot be decoded, or is too large once it is", async () => {
    expect(await key("body:id", compressed(utf8('{"id":7}')))).toBeNull();
    expect(await key("body:id", compressed(utf8('{"id":7}'), "zstd"))).toBeNull();
    const bomb = `{"id":7,"x":"${"x".repeat(2_000_000)}"}`;
    expect(await key("body:id", compressed(new Uint8Array(gzipSync(bomb))))).toBeNull();
  });
});

describe("a key from a header", () => {
  it("is its value, by a name of any case", async () => {
    const one = await key("header:X-Id", request("", { headers: [["x-id", "a"]] }));
    expect(one).not.toBeNull();
    expect(await key("header:X-Id", request("other", { headers: [["X-ID", " a "]] }))).toBe(one);
    expect(await key("header:X-Id", request("", { headers: [["x-id", "b"]] }))).not.toBe(one);
  });

  it("is missing with the header or its value", async () => {
    expect(await key("header:x-id", request(""))).toBeNull();
    expect(await key("header:x-id", request("", { headers: [["x-id", " "]] }))).toBeNull();
  });
});

describe("a key from the body", () => {
  it.each([
    ["body:id", '{"id":"a"}', '{"other":1,"id":"a"}'],
    ["body:$.id", '{"id":7}', ' {"id": 7.0}'],
    ["body:data.items[1].id", '{"data":{"items":[0,{"id":true}]}}', '{"data":{"items":[9,{"id":true}]}}'],
    ["body:id", '\uFEFF{"id":"a"}', '{"id":"a"}'],
  ])("%s is the same in %s and %s", async (rule, one, two) => {
    expect(await key(rule, request(one))).not.toBeNull();
    expect(await key(rule, request(one))).toBe(await key(rule, request(two)));
  });

  it.each([
    ['{"id":"7"}', '{"id":7}'],
    ['{"id":"true"}', '{"id":true}'],
    ['{"id":9007199254740993}', '{"id":9007199254740992}'],
    ['{"id":123456789012345678901}', '{"id":123456789012345678902}'],
    ['{"id":1.5}', '{"id":1.25}'],
  ])("tells %s from %s", async (one, two) => {
    expect(await key("body:id", request(one))).not.toBeNull();
    expect(await key("body:id", request(one))).not.toBe(await key("body:id", request(two)));
  });

  it.each(["", "not json", "[]", "null", '{"id":null}', '{"id":""}', '{"id":{}}', '{"id":[1]}', "id=1", '{"ID":1}'])(
    "is missing in %s",
    async (body) => expect(await key("body:id", request(body))).toBeNull(),
  );

  it("is missing in what is no UTF-8, too large, or not in memory", async () => {
    expect(await key("body:id", request("", { body: new Uint8Array([0x7b, 0xff]) }))).toBeNull();
    expect(await key("body:id", request("", { body: null }))).toBeNull();
    const large = `{"id":1,"x":"${"x".repeat(1024 * 1024)}"}`;
    expect(await key("body:id", request(large))).toBeNull();
  });

  it("finds nothing that every object has", async () => {
    expect(await key("body:constructor.name", request("{}"))).toBeNull();
    expect(await key("body:length", request('"text"'))).toBeNull();
  });
});

describe("a key from the body's hash", () => {
  it("is the same for the same method, sub-path, query and bytes alone", async () => {
    const one = await key("body_hash", request("a"));
    expect(await key("body_hash", request("a", { body: null, headers: [["x", "y"]] }))).toBe(one);
    for (const other of [
      request("b"),
      request("a", { method: "PUT" }),
      request("a", { path: "/x" }),
      request("a", { query: "?x" }),
    ])
      expect(await key("body_hash", other)).not.toBe(one);
  });
});
