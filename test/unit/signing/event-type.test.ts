// The type of an event by its source.
import { describe, expect, it, vi } from "vitest";
import { FORM_SAMPLES, JSON_SAMPLES } from "../../event-type-samples.ts";
import { EVENT_TYPE_PLACES, eventType } from "../../../src/signing/index.ts";
import { eventTypeSchema } from "../../../src/model/event-type.ts";
import { sourceSpecSchema } from "../../../src/model/source.ts";

const SAMPLES = [...JSON_SAMPLES, ...FORM_SAMPLES];
const of = (type: string, headers: Readonly<Record<string, string>>, body: unknown, own: unknown = null) =>
  eventType(
    { verification: { type }, event_type: own === null ? null : eventTypeSchema.parse(own) },
    Object.entries(headers),
    () => body,
  );

describe("the type of an event", () => {
  it.each(SAMPLES)("of %s with %j and %j is %s", (preset, headers, body, expected) => {
    expect(of(preset, headers, body)).toBe(expected);
  });

  it("is known for every provider but Airtable, whose pings have none", () => {
    const without = Object.entries(EVENT_TYPE_PLACES).filter(([, places]) => places.length === 0);
    expect(without.map(([name]) => name)).toEqual(["airtable"]);
    const tested = new Set(SAMPLES.filter(([, , , type]) => type !== null).map(([preset]) => preset));
    expect(Object.keys(EVENT_TYPE_PLACES).filter((name) => !tested.has(name))).toEqual(["airtable"]);
  });

  it.each([
    ["undefined", undefined],
    ["text", "type"],
    ["null", null],
    ["a number", 7],
    ["an empty list", []],
    ["an object as the type", { type: { name: "a" } }],
    ["an empty type", { type: "" }],
    ["white space", { type: " \n" }],
    ["a type with a line end", { type: "a\nb" }],
    ["a type with a NUL", { type: "a\u0000" }],
    ["half a surrogate pair", { type: "a\ud800" }],
    ["129 characters", { type: "x".repeat(129) }],
  ])("is null for %s", (_what, body) => {
    expect(of("stripe", {}, body)).toBeNull();
  });

  it("has up to 128 characters, and no white space around it", () => {
    expect(of("stripe", {}, { type: "x".repeat(128) })).toBe("x".repeat(128));
    expect(of("github", { "x-github-event": " push " }, undefined)).toBe("push");
  });

  it("is where the source says, whatever its provider says", () => {
    const body = { kind: "own", type: "a", items: [{ "odd-name": "deep" }], n: 12345678901234567890n };
    expect(of("stripe", {}, body, { json: "kind" })).toBe("own");
    expect(of("none", {}, body, { json: "$.items[0].odd-name" })).toBe("deep");
    expect(of("none", {}, body, { json: "items.0.odd-name" })).toBe("deep");
    expect(of("none", {}, body, { json: "n" })).toBe("12345678901234567890");
    expect(of("none", { "X-Kind": "k" }, body, { header: "x-kind" })).toBe("k");
    expect(of("stripe", {}, body, { json: "missing" })).toBeNull();
    expect(of("stripe", {}, body, { header: "x-missing" })).toBeNull();
  });

  it("is not read from what every object has, nor for a type of verification named like it", () => {
    for (const json of ["constructor", "__proto__.x", "toString"]) expect(of("none", {}, {}, { json })).toBeNull();
    expect(of("constructor", {}, { type: "a" })).toBeNull();
  });

  it("is found for a source that an earlier version wrote, without the field", () => {
    expect(eventType({ verification: { type: "stripe" } }, [], () => ({ type: "a" }))).toBe("a");
  });

  it("reads the body once, and not at all where a header has the type", () => {
    const read = vi.fn<() => unknown>(() => ({ type: 7 }));
    expect(eventType({ verification: { type: "linear" } }, [["linear-event", "Issue"]], read)).toBe("Issue");
    expect(read).not.toHaveBeenCalled();
    expect(eventType({ verification: { type: "slack" } }, [], read)).toBe("7");
    expect(read).toHaveBeenCalledOnce();
  });
});

describe("the event_type of a source", () => {
  const parse = (event_type: unknown) => sourceSpecSchema.safeParse({ name: "a", slug: "a", event_type });

  it("is a header or a path, or null", () => {
    for (const rule of [{ header: "X-Event" }, { json: "event.type" }, { json: "$.events[0].type" }, null])
      expect(parse(rule)).toMatchObject({ success: true, data: { event_type: rule } });
    expect(sourceSpecSchema.parse({ name: "a", slug: "a" }).event_type).toBeNull();
  });

  it.each([
    {},
    { header: "" },
    { header: "a b" },
    { json: "" },
    { json: "a..b" },
    { json: "a b" },
    { header: "x", json: "y" },
    { path: "x" },
    "x-event",
    { json: "x".repeat(600) },
  ])("is refused as %j", (rule) => {
    expect(parse(rule).success).toBe(false);
  });
});
