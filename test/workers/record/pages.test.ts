import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { firstKeyAt } from "../../../src/model/ids.ts";
import { mergePage, revived } from "../../../src/record/index.ts";
import { idMark } from "../../../src/record/summary.ts";
import { readRecordRange } from "../../../src/store/index.ts";
import { reviveStatements } from "../../../src/store/record-batch.ts";
import { AT, clear, CONNECTION, createRecord, first, newEventId, writes } from "./harness.ts";

beforeEach(clear);

/** All pages, from the newest to the oldest. */
async function walk(
  bounds: { readonly rows: number; readonly segments: number; readonly limit: number },
  marks: readonly string[] = [],
) {
  const from = firstKeyAt("evt", AT - 10_000_000);
  const ids: string[] = [];
  let to: string | null = firstKeyAt("evt", AT + 10_000_000);
  for (let pages = 0; to !== null && pages < 500; pages++) {
    const parts = await readRecordRange(env.DB, { from, to, marks, ...bounds });
    const page = mergePage(parts, from, to, bounds.limit, () => true);
    ids.push(...page.records.map(({ event }) => event.id));
    to = page.next;
  }
  expect(to).toBeNull();
  return ids;
}

describe("pages over rows and segments", () => {
  it("show each event once, newest first, whatever the batches were and whatever was replayed", async () => {
    const batch = fc.record({
      after: fc.nat(30_000),
      events: fc.array(
        fc.tuple(fc.nat(4_000), fc.constantFrom("delivered" as const, "delivered" as const, "retrying" as const)),
        {
          minLength: 1,
          maxLength: 8,
        },
      ),
      replayed: fc.boolean(),
    });
    const bounds = fc.record({
      rows: fc.integer({ min: 1, max: 5 }),
      segments: fc.integer({ min: 6, max: 12 }),
      limit: fc.integer({ min: 1, max: 7 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 6 }), bounds, async (batches, given) => {
        await clear();
        const record = createRecord();
        const all: string[] = [];
        for (const { after, events, replayed } of batches) {
          const firsts = events.map(([more, status]) => first({ id: newEventId(AT + after + more), status }));
          await record.write(writes(firsts));
          all.push(...firsts.map(({ event }) => event.id));
          const found = replayed && firsts[0] !== undefined ? await record.event(firsts[0].event.id) : null;
          if (found?.ok === true && found.value !== null && found.value.segment !== null)
            await env.DB.batch(reviveStatements(env.DB, [revived(found.value)]));
        }
        expect(await walk(given)).toEqual(all.sort().toReversed());
      }),
      { numRuns: 40 },
    );
  });

  it("skip segments without the mark that is looked for", async () => {
    const record = createRecord();
    await record.write(writes([first(), first()]));
    const bounds = { rows: 10, segments: 10, limit: 10 };
    expect(await walk(bounds, [idMark(CONNECTION)])).toHaveLength(2);
    expect(await walk(bounds, [idMark("con_other")])).toEqual([]);
  });
});
