import { deflateRawSync } from "node:zlib";
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import type { Settlement, Writes } from "../../../src/delivery/index.ts";
import { NOTHING_TO_WRITE } from "../../../src/delivery/index.ts";
import { decodePending, encodePending } from "../../../src/record/index.ts";
import { pack } from "../../../src/record/piece.ts";
import { endedFirst, withMore } from "./arbitraries.ts";

const NO_BYTES = new Uint8Array();

/** What an event, or a later attempt, can have come to. */
const outcome: fc.Arbitrary<Writes> = fc
  .tuple(endedFirst(), fc.array(endedFirst(), { maxLength: 2 }), fc.boolean())
  .chain(([first, callbacks, isLater]): fc.Arbitrary<Writes> => {
    const [delivery] = first.deliveries;
    const { id } = first.event;
    const rest = { ...NOTHING_TO_WRITE, callbacks, forget: [id], finished: [id] };
    if (!isLater || delivery === undefined) return fc.constant({ ...rest, firsts: [first] });
    return fc.tuple(withMore(delivery), fc.nat()).map(([changed, claim]): Writes => {
      const settlement: Settlement = { delivery: changed, claim, counts: { attempts: 1 }, late: true };
      return { ...rest, settlements: [settlement], interrupted: [{ id, count: 2 }] };
    });
  });
const outcomes = fc.array(outcome, { maxLength: 10 });

describe("what D1 has not taken", () => {
  it("is given back as it was, bodies byte for byte [G6]", () => {
    fc.assert(
      fc.property(outcomes, (all) => {
        expect(decodePending(encodePending(all))).toEqual({ ok: true, value: all });
      }),
    );
  });

  it("of a version that is not known is refused, and the version named", () => {
    expect(decodePending(pack({ v: 2, anything: 1 }, NO_BYTES))).toEqual({
      ok: false,
      error: { reason: "newer", detail: "the document has version 2, and this release reads 1" },
    });
  });

  it("never throws when it is read, whatever the bytes are", () => {
    fc.assert(
      fc.property(outcomes, fc.nat(), fc.uint8Array({ maxLength: 20 }), (all, at, noise) => {
        const bytes = encodePending(all);
        bytes.set(noise.subarray(0, bytes.length - (at % bytes.length)), at % bytes.length);
        expect(() => decodePending(bytes)).not.toThrow();
      }),
    );
  });

  it.each([
    ["nothing", NO_BYTES],
    ["another beginning", new Uint8Array([9, 1, 2, 3])],
    ["a head that ends early", new Uint8Array([1, 0, 0, 0, 9, 123])],
    ["no document", pack([], NO_BYTES)],
    ["no version", pack({ outcomes: [] }, NO_BYTES)],
    ["no outcomes", pack({ v: 1 }, NO_BYTES)],
    ["an outcome without lists", pack({ v: 1, outcomes: [{ firsts: {} }] }, NO_BYTES)],
    [
      "a body that ends early",
      pack(
        { v: 1, outcomes: [{ firsts: [{ event: { body: { kind: "inline", length: 5 } } }] }] },
        new Uint8Array([1, 2]),
      ),
    ],
    ["no deflated bytes", new Uint8Array([2, ...deflateRawSync("{}").subarray(1)])],
  ])("is damaged where there is %s", (_what, bytes) => {
    expect(decodePending(bytes)).toMatchObject({ ok: false, error: { reason: "damaged" } });
  });

  it("may lack lists that an earlier release did not have", () => {
    expect(decodePending(pack({ v: 1, outcomes: [{ firsts: [], callbacks: [] }] }, NO_BYTES))).toEqual({
      ok: true,
      value: [NOTHING_TO_WRITE],
    });
  });
});
