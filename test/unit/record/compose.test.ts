import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { compose, type Packed } from "../../../src/record/compose.ts";
import { decodeEntries } from "../../../src/record/codec.ts";
import { toContent, headOf } from "../../../src/record/entry.ts";
import { idsIn, soughtFor } from "../../../src/record/keys.ts";
import { packContent, unpackContent } from "../../../src/record/piece.ts";
import { toEventRecord } from "../../../src/record/records.ts";
import { deliveryMark, eventMark, idMark, summarise, typeMark } from "../../../src/record/summary.ts";
import { talliesIn, tally, type Tally } from "../../../src/record/tally.ts";
import type { FirstRecord } from "../../../src/delivery/index.ts";
import { eventTime } from "../../../src/model/ids.ts";
import { AT, endedFirsts, eventIdAt } from "./arbitraries.ts";

function pack(firsts: readonly FirstRecord[]): Packed[] {
  let offset = 0;
  return firsts.map((first) => {
    const bytes = packContent(toContent(first));
    const packed = { first, bytes, offset };
    offset += bytes.byteLength;
    return packed;
  });
}
const byId = (a: FirstRecord, b: FirstRecord): number => (a.event.id < b.event.id ? -1 : 1);
/** Ids up to a minute apart, as a batch that waited can bring them. */
const spread = fc.oneof(endedFirsts(60_000), endedFirsts(5_000));
const objects = fc.constantFrom(null, "payloads/2026-11-29/a");

describe("a segment", () => {
  it("is found from the id of each of its events alone", () => {
    fc.assert(
      fc.property(
        spread,
        objects,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (firsts, object, random) => {
          const { segments } = compose(pack(firsts), object, () => random);
          for (const { k, ids, first_id, last_id } of segments)
            for (const id of idsIn(ids)) {
              const { from, to } = soughtFor(id);
              expect(k).toBeGreaterThanOrEqual(from);
              expect(k).toBeLessThanOrEqual(to);
              expect([first_id, id.slice(4), last_id].sort()).toEqual([first_id, id.slice(4), last_id]);
            }
        },
      ),
    );
  });

  it("has each event once, and spans no more than five seconds of ids", () => {
    fc.assert(
      fc.property(spread, objects, (firsts, object) => {
        const { segments, rows } = compose(pack(firsts), object, () => 0.5);
        const held = segments.flatMap(({ ids }) => idsIn(ids));
        expect(rows).toEqual([]);
        expect(held.sort()).toEqual(firsts.map(({ event }) => event.id).sort());
        for (const { ids } of segments) {
          const times = idsIn(ids).map(eventTime);
          expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(5_000);
        }
      }),
    );
  });

  it("leads to the content of each event, beside it or in R2 [G6]", () => {
    fc.assert(
      fc.property(spread, objects, (firsts, object) => {
        const packed = pack(firsts);
        const whole = Uint8Array.from(packed.flatMap(({ bytes }) => [...bytes]));
        const { segments } = compose(packed, object, () => 0);
        const records = segments.flatMap(({ k, ids, entries, payload }) => {
          const decoded = decodeEntries(ids, entries);
          return decoded.ok ? decoded.value.map((entry) => toEventRecord(entry, k, payload)) : [];
        });
        const sorted = [...firsts].sort(byId);
        expect(records.map(({ event }) => event)).toEqual(sorted.map(({ event }) => headOf(event)));
        const contents = records.map(({ place }) =>
          place.kind === "r2"
            ? whole.slice(place.offset, place.offset + place.length)
            : place.kind === "piece"
              ? place.bytes
              : null,
        );
        expect(contents.map((piece) => piece && unpackContent(piece))).toEqual(sorted.map(toContent));
      }),
    );
  });

  it("has at most 500 KB", () => {
    const firsts = Array.from({ length: 30 }, (_, i): FirstRecord => ({
      event: {
        id: eventIdAt(AT + i, "0".repeat(22)),
        source_id: null,
        received_at: AT,
        method: "POST",
        path: `/${"p".repeat(20_000)}`,
        query: "",
        headers: [],
        body: { kind: "inline", bytes: crypto.getRandomValues(new Uint8Array(60_000)) },
        body_bytes: 60_000,
        verified: null,
      },
      deliveries: [],
    }));
    const sizes = (object: string | null): number[] =>
      compose(pack(firsts), object, () => 0).segments.map(
        ({ payload, ids }) => (payload?.byteLength ?? 0) + 20_000 * idsIn(ids).length,
      );
    expect(sizes(null).every((size) => size <= 500_000)).toBe(true);
    expect(sizes(null).length).toBe(5);
    expect(sizes("payloads/2026-11-29/a").length).toBe(2);
  });
});

describe("the summary of a segment", () => {
  it("has a mark for all that a list can filter by, and for nothing else", () => {
    fc.assert(
      fc.property(endedFirsts(), (firsts) => {
        const { segments } = compose(pack(firsts), "payloads/2026-11-29/a", () => 0);
        const summary = segments.map((one) => one.summary).join("");
        const statuses = new Set(firsts.flatMap(({ deliveries }) => deliveries.map(({ status }) => status)));
        const ids = new Set(
          firsts.flatMap(({ event, deliveries }) => [
            event.source_id,
            ...deliveries.flatMap(({ connection_id, destination_id }) => [connection_id, destination_id]),
          ]),
        );
        for (const id of ids) if (id !== null) expect(summary).toContain(idMark(id));
        for (const status of ["delivered", "cancelled", "dead"] as const)
          expect(summary.includes(deliveryMark(status))).toBe(statuses.has(status));
        expect(summary.includes(eventMark("ignored"))).toBe(firsts.some(({ deliveries }) => deliveries.length === 0));
        const types = new Set(firsts.map(({ event }) => event.event_type));
        for (const type of ["invoice.paid", "Merge Request Hook", "tÿpe ☃", "other"])
          expect(summary.includes(typeMark(type))).toBe(types.has(type));
        expect(summary).not.toContain(idMark("src_other"));
      }),
    );
    expect(summarise([])).toBe("  ");
  });

  it("counts events and deliveries by source, as decoding it would", () => {
    fc.assert(
      fc.property(endedFirsts(), (firsts) => {
        const { segments } = compose(pack(firsts), "payloads/2026-11-29/a", () => 0);
        for (const { summary, ids, entries } of segments) {
          const decoded = decodeEntries(ids, entries);
          expect(talliesIn(summary)).toEqual(decoded.ok ? tally(decoded.value) : []);
        }
        const tallies = segments.flatMap(({ summary }) => talliesIn(summary));
        const sum = (count: (one: Tally) => number): number => tallies.reduce((all, one) => all + count(one), 0);
        const deliveries = firsts.flatMap((one) => one.deliveries);
        expect(sum((one) => one.events)).toBe(firsts.length);
        expect(sum((one) => one.delivered)).toBe(deliveries.filter(({ status }) => status === "delivered").length);
        expect(sum((one) => one.cancelled)).toBe(deliveries.filter(({ status }) => status === "cancelled").length);
      }),
    );
  });
});
