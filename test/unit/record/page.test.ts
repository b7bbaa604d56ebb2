import { describe, expect, it } from "vitest";
import { err, ok } from "../../../src/kernel/result.ts";
import { mergePage } from "../../../src/record/page.ts";
import type { Entry, PageRead, Segment } from "../../../src/record/types.ts";
import type { EventId } from "../../../src/model/ids.ts";

const id = (n: number): EventId => `evt_${String(n).padStart(32, "0")}` as EventId;
const entry = (n: number) => ({ event: { id: id(n) } }) as Entry;
const segment = (numbers: readonly number[], more: Partial<Segment> = {}): Segment => ({
  k: 7,
  ids: numbers.map(id),
  superseded: new Set(),
  entries: ok(numbers.map(entry)),
  payload: null,
  ...more,
});
const NOTHING: PageRead<{ id: string }> = {
  rows: [],
  present: new Set(),
  rowsTo: null,
  segments: [],
  segmentsTo: null,
  namedSources: new Set(),
};
const merge = (read: Partial<typeof NOTHING>, limit = 10) =>
  mergePage({ ...NOTHING, ...read }, ({ event }) => [{ id: event.id }], { from: id(0), to: id(100) }, limit);
const ids = ({ rows }: { rows: readonly { id: string }[] }) => rows.map((row) => Number(row.id.slice(4)));

describe("a page of rows and segments", () => {
  it("leaves out what has moved to rows, even when the rows are gone", () => {
    expect(ids(merge({ segments: [segment([1, 2, 3], { superseded: new Set([id(2)]) })] }))).toEqual([3, 1]);
    expect(ids(merge({ segments: [segment([1, 2, 3])], rows: [{ id: id(2) }], present: new Set([id(2)]) }))).toEqual([
      3, 2, 1,
    ]);
  });

  it("ends where either walk has ended, and the next page goes on there", () => {
    const read = { segments: [segment([1, 5, 9])], rows: [{ id: id(7) }, { id: id(4) }] };
    expect(merge({ ...read, rowsTo: id(4) })).toMatchObject({
      rows: [9, 7, 5, 4].map((n) => ({ id: id(n) })),
      next: id(4),
    });
    expect(merge({ ...read, rowsTo: id(4), segmentsTo: id(6) })).toMatchObject({ next: id(6) });
    expect(merge(read, 2)).toMatchObject({ rows: [9, 7].map((n) => ({ id: id(n) })), next: id(7) });
    expect(merge(read)).toMatchObject({ next: null });
  });

  it("names the events that cannot be decoded, and shows their neighbours", () => {
    const entries = err({ reason: "damaged", detail: "no JSON" } as const);
    const damaged = segment([1, 3, 6, 8], { k: 12, entries, superseded: new Set([id(3)]) });
    const page = merge({ segments: [damaged, segment([2, 7])], rows: [{ id: id(8) }], present: new Set([id(8)]) });
    expect(ids(page)).toEqual([8, 7, 2]);
    expect(page.unreadable).toEqual([{ key: 12, detail: "no JSON", events: [id(1), id(6)] }]);
  });
});
