import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { decodeEntries, encodeEntries } from "../../../src/record/codec.ts";
import { toContent, fromEntry, toEntry, withFirstAttempts } from "../../../src/record/entry.ts";
import { digitsOf } from "../../../src/record/keys.ts";
import { packContent, unpackContent } from "../../../src/record/piece.ts";
import type { Entry } from "../../../src/record/types.ts";
import type { Attempt } from "../../../src/model/delivery.ts";
import { AT, endedFirst, endedFirsts, withMore } from "./arbitraries.ts";

const anyPiece = fc.record({
  key: fc.constantFrom(null, "payloads/2026-11-29/a", "payloads/2026-11-29/b"),
  offset: fc.nat(1_000_000),
  length: fc.nat(100_000),
});
const entries: fc.Arbitrary<Entry[]> = endedFirsts()
  .chain((firsts) =>
    fc.tuple(fc.constant(firsts), fc.array(anyPiece, { minLength: firsts.length, maxLength: firsts.length })),
  )
  .map(([firsts, pieces]) =>
    firsts
      .map((first, index) => toEntry(first, pieces[index] ?? { key: null, offset: 0, length: 0 }))
      .filter((entry) => entry !== null)
      .sort((a, b) => (a.event.id < b.event.id ? -1 : 1)),
  );
const idsOf = (all: readonly Entry[]): string => all.map(({ event }) => digitsOf(event.id)).join("");
const deflated = (value: unknown): Uint8Array => new Uint8Array(deflateRawSync(JSON.stringify(value)));

describe("the codec of entries", () => {
  it("gives back what it was given", () => {
    fc.assert(
      fc.property(entries, (all) => {
        expect(decodeEntries(idsOf(all), encodeEntries(all))).toEqual({ ok: true, value: all });
      }),
    );
  });

  it("refuses a version that it does not know, and names it", () => {
    expect(decodeEntries("", deflated({ v: 2, rows: [] }))).toEqual({
      ok: false,
      error: { reason: "newer", detail: "the entries have version 2, and this release reads 1" },
    });
  });

  it("never throws, whatever the bytes are", () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.uint8Array({ maxLength: 20 }), (all, at, noise) => {
        const bytes = encodeEntries(all);
        bytes.set(noise.subarray(0, bytes.length - (at % bytes.length)), at % bytes.length);
        expect(() => decodeEntries(idsOf(all), bytes)).not.toThrow();
      }),
    );
    for (const value of [
      null,
      1,
      [],
      {},
      { v: "1" },
      { v: 1 },
      { v: 1, entries: [[]], sources: [], routes: [], objects: [] },
    ])
      expect(decodeEntries("0".repeat(32), deflated(value))).toMatchObject({ ok: false, error: { reason: "damaged" } });
  });

  it("reads entries of an earlier release, whose events have no types", () => {
    fc.assert(
      fc.property(entries, (all) => {
        const untyped = all.map((entry) => ({ ...entry, event: { ...entry.event, event_type: null } }));
        const bytes = encodeEntries(untyped);
        expect(inflateRawSync(bytes).toString()).not.toContain('"types"');
        expect(decodeEntries(idsOf(all), bytes)).toEqual({ ok: true, value: untyped });
      }),
    );
    const id = "01kb0000000000000000000000000000";
    const earlier = {
      v: 1,
      sources: [null],
      routes: [],
      objects: [null],
      entries: [[0, 5, "POST", "/a", 2, 0, 0, 9, []]],
    };
    expect(decodeEntries(id, deflated(earlier))).toMatchObject({
      ok: true,
      value: [{ event: { id: `evt_${id}`, path: "/a", event_type: null } }],
    });
  });

  it("has each type once, and refuses entries without one of their own", () => {
    const types = { names: ["a"], of: [0, 1] };
    const entry = [0, 5, "POST", "/a", 2, 0, 0, 9, []];
    const document = { v: 1, sources: [null], routes: [], objects: [null], entries: [entry, entry], types };
    const ids = "01kb0000000000000000000000000000".repeat(2);
    expect(decodeEntries(ids, deflated(document))).toMatchObject({ ok: false, error: { reason: "damaged" } });
    const whole = { ...document, types: { names: ["a", null], of: [0, 1] } };
    expect(decodeEntries(ids, deflated(whole))).toMatchObject({
      ok: true,
      value: [{ event: { event_type: "a" } }, { event: { event_type: null } }],
    });
  });

  it("refuses entries that are not as many as the ids", () => {
    fc.assert(
      fc.property(entries, (all) => {
        const ids = idsOf(all) + "0".repeat(32);
        expect(decodeEntries(ids, encodeEntries(all))).toMatchObject({ ok: false, error: { reason: "damaged" } });
      }),
    );
  });
});

describe("an entry", () => {
  it("stands for every field of the deliveries that it takes", () => {
    fc.assert(
      fc.property(endedFirst(), (first) => {
        const entry = toEntry(first, { key: null, offset: 0, length: 0 });
        const content = unpackContent(packContent(toContent(first)));
        const shown = entry?.deliveries.map((delivery) => withFirstAttempts(fromEntry(first.event, delivery), content));
        expect(shown).toEqual([...first.deliveries].sort((a, b) => (a.id < b.id ? -1 : 1)));
      }),
    );
  });

  it("takes no event with a delivery that has more to it", () => {
    const given = endedFirst()
      .filter(({ deliveries }) => deliveries.length > 0)
      .chain((first) => fc.tuple(fc.constant(first), withMore(first.deliveries[0] as never)));
    fc.assert(
      fc.property(given, ([first, changed]) => {
        const deliveries = [changed, ...first.deliveries.slice(1)];
        expect(toEntry({ ...first, deliveries }, { key: null, offset: 0, length: 0 })).toBeNull();
      }),
    );
  });
});

describe("a piece", () => {
  it("gives back head, exact body and attempts [G6]", () => {
    fc.assert(
      fc.property(endedFirst(), (first) => {
        const content = toContent(first);
        expect(unpackContent(packContent(content))).toEqual(content);
      }),
    );
  });

  it("can be read however many connections an event has, and however large their answers are [G6]", () => {
    const attempt: Attempt = {
      number: 1,
      started_at: AT,
      duration_ms: 20,
      response_status: 500,
      response_headers: { "x-answer": "yes" },
      // Six bytes each, as JSON.
      response_body: "\u0001".repeat(4_096),
      error: "http_status",
      error_detail: "the detail",
    };
    const attempts = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [String(i).padStart(10, "0"), [attempt]]),
    );
    const body = { kind: "inline", bytes: new Uint8Array(96 * 1024) } as const;
    const content = { query: "?a=1", headers: [["x-a", "b"] as const], body, attempts };
    const read = unpackContent(packContent(content));
    const { error_detail: _detail, ...bare } = { ...attempt, response_headers: null, response_body: null };
    expect({ ...read, attempts: {} }).toEqual({ ...content, attempts: {} });
    expect(Object.values(read.attempts)).toEqual(Array.from({ length: 200 }, () => [bare]));
  });

  it("is refused where it begins with a byte of another release", () => {
    expect(() => unpackContent(new Uint8Array([9, 0, 0, 0, 0]))).toThrow("begins with 9");
  });

  it("takes no more bytes than it has where they do not deflate", () => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    const piece = packContent({ query: "", headers: [], body: { kind: "inline", bytes }, attempts: {} });
    expect(piece.byteLength).toBeLessThan(50_000 + 100);
  });
});
