import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { MAX_COLLECTED, MAX_FLUSHES } from "../../../src/config/limits.ts";
import { collect, NOTHING_COLLECTED, take, type Collection, type Waiting } from "../../../src/gate/collecting.ts";

const start = Date.UTC(2026, 10, 24);
const limits = { max_events: 3, max_bytes: 1_000 };
const company = (ids: readonly string[], until: number, bytes = 10): Waiting => ({
  from: 0,
  until,
  entries: ids.map((id) => [id, bytes] as const),
});

describe("a collection", () => {
  it("is called for once at the end of the first wait, and at once when a batch is full", () => {
    const first = collect(NOTHING_COLLECTED, [company(["a"], start + 10_000)], limits, start);
    expect(first.calls).toEqual([start + 10_000]);
    const second = collect(first.collection, [company(["b"], start + 12_000)], limits, start + 2_000);
    expect(second.calls).toEqual([]);
    const third = collect(second.collection, [company(["c", "d"], start + 13_000)], limits, start + 3_000);
    expect(third.calls).toEqual([start + 3_000]);
    const taken = take(third.collection, limits, start + 3_100);
    expect(taken.ids).toEqual(["a", "b", "c"]);
    // The first delivery's call comes in time for the remaining one.
    expect(taken.calls).toEqual([]);
    const last = take(taken.collection, limits, start + 10_000);
    expect(last.ids).toEqual(["d"]);
    expect(last.collection.chunks).toEqual([]);
  });

  it("is called for when it reaches the size of a batch, and a larger delivery is taken alone", () => {
    const { collection, calls } = collect(
      NOTHING_COLLECTED,
      [company(["a", "b"], start + 10_000, 400), company(["c"], start + 10_000, 5_000), company(["d"], start + 10_000)],
      limits,
      start,
    );
    expect(calls.filter((at) => at === start).length).toBe(5);
    const one = take(collection, limits, start);
    expect(one.ids).toEqual(["a", "b"]);
    const two = take(one.collection, limits, start);
    expect(two.ids).toEqual(["c"]);
    expect(take(two.collection, limits, start).ids).toEqual(["d"]);
  });

  it("is not handed out before the time of a retry or a slot", () => {
    const later = start + 60_000;
    const retry: Waiting = { from: later, until: later, entries: [["a", 1]] };
    const { collection, calls } = collect(NOTHING_COLLECTED, [retry, company(["b"], start + 5_000)], limits, start);
    expect(calls).toEqual([start + 5_000, later]);
    const early = take(collection, limits, start + 5_000);
    expect(early.ids).toEqual(["b"]);
    expect(take(early.collection, limits, later).ids).toEqual(["a"]);
  });

  it("has a few outstanding calls at most, each followed by the next, and forgets calls that never come", () => {
    const many = Array.from({ length: 300 }, (_, index) => `e${index}`);
    const { collection, calls } = collect(NOTHING_COLLECTED, [company(many, start + 5_000)], limits, start);
    expect(calls.filter((at) => at === start)).toHaveLength(MAX_FLUSHES);
    const next = take(collection, limits, start + 10);
    expect(next.calls).toEqual([start + 10]);
    const lost = collect(collection, [company(["z"], start + 200_000)], limits, start + 100_000);
    expect(lost.calls.filter((at) => at === start + 100_000)).toHaveLength(MAX_FLUSHES);
  });

  it("is refused beyond the capacity of a gate", () => {
    const entries = Array.from({ length: MAX_COLLECTED }, (_, index): [string, number] => [`e${index}`, 1]);
    const full = collect(NOTHING_COLLECTED, [{ from: 0, until: start, entries }], limits, start);
    expect(() => collect(full.collection, [company(["one more"], start)], limits, start)).toThrow();
  });

  it("is handed out completely and once, never early, and by the end of its wait if calls come at their times [G2]", () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 4_000 }),
      count: fc.integer({ min: 1, max: 9 }),
      bytes: fc.integer({ min: 1, max: 700 }),
      waitMs: fc.integer({ min: 0, max: 15_000 }),
      retry: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 0, max: 300 }),
        (steps, lateMs) => {
          let collection: Collection = NOTHING_COLLECTED;
          let calls: number[] = [];
          let now = start;
          const bounds = new Map<string, { from: number; until: number; size: number }>();
          const handed = new Map<string, number>();
          const answer = (until: number): void => {
            while (calls.length > 0) {
              const at = Math.min(...calls);
              if (at + lateMs > until) return;
              calls.splice(calls.indexOf(at), 1);
              now = Math.max(now, at + lateMs);
              const taken = take(collection, limits, now);
              ({ collection } = taken);
              calls.push(...taken.calls);
              const size = taken.ids.reduce((sum, id) => sum + (bounds.get(id)?.size ?? 0), 0);
              expect(taken.ids.length === 1 || size <= limits.max_bytes).toBe(true);
              expect(taken.ids.length).toBeLessThanOrEqual(limits.max_events);
              for (const id of taken.ids) {
                expect(handed.has(id)).toBe(false);
                handed.set(id, now);
              }
            }
          };
          steps.forEach(({ afterMs, count, bytes, waitMs, retry }, index) => {
            const next = now + afterMs;
            answer(next);
            now = next;
            const until = now + waitMs;
            const from = retry ? until : 0;
            const entries = Array.from({ length: count }, (_, i): [string, number] => [`${index}.${i}`, bytes]);
            for (const [id] of entries) bounds.set(id, { from, until, size: bytes });
            const planned = collect(collection, [{ from, until, entries }], limits, now);
            ({ collection } = planned);
            calls = [...calls, ...planned.calls];
          });
          answer(Infinity);
          expect(handed.size).toBe(bounds.size);
          expect(collection.chunks).toEqual([]);
          for (const [id, at] of handed) {
            const bound = bounds.get(id);
            expect(at).toBeGreaterThanOrEqual((bound?.from ?? 0) - 1_000);
            // A call is as late as the queue delivers it; deliveries beyond one batch get a call of their own after it, and so on.
            expect(at - (bound?.until ?? 0)).toBeLessThanOrEqual(lateMs * (bounds.size + 2));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
