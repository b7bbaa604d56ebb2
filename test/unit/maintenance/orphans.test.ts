// What the removal of objects holds in memory.
import { expect, it } from "vitest";
import { OBJECT_PAGE_KEYS } from "../../../src/config/record-limits.ts";
import { removeOrphans, type ObjectPorts } from "../../../src/maintenance/orphans.ts";
import { payloadKey } from "../../../src/model/ids.ts";

const NOW = Date.UTC(2026, 10, 29);
const MAX_NAMES = 10_000;
const DAY_MS = 86_400_000;

it("keeps each payload that a row names, however many there are, and reads the names in parts", async () => {
  const all = Array.from({ length: 2 * MAX_NAMES }, (_, i) => payloadKey(NOW - 30 * DAY_MS + i, "0"));
  const isNamed = (i: number): boolean => i % 4 !== 0;
  const deleted: string[] = [];
  const index = new Map(all.map((key, i) => [key, i]));
  let reads = 0;
  const ports: ObjectPorts = {
    now: () => NOW,
    retentionMs: 14 * DAY_MS,
    readMark: async () => null,
    writeMark: async () => undefined,
    deleteObjects: async (keys) => void deleted.push(...keys),
    listKeys: async (after) => {
      const from = (index.get(after) ?? -1) + 1;
      return after.startsWith("payloads/") ? all.slice(from, from + OBJECT_PAGE_KEYS) : [];
    },
    namedEvents: async () => new Set(),
    oldestSegmentAt: async () => null,
    // Rows are in no order of the keys: the latest objects are named first.
    namedPayloads: async (table, { from, to }, _before, after) => {
      const rest = after === "" ? all.length : Number(after);
      reads += 1;
      return {
        keys: all.slice(rest - 2_000, rest).filter((key, i) => isNamed(rest - 2_000 + i) && key >= from && key < to),
        next: table === "events" || rest === 2_000 ? null : String(rest - 2_000),
      };
    },
  };
  let count = 0;
  for await (const removed of removeOrphans(ports, MAX_NAMES)) count += removed;
  // To read all names once takes eleven reads.
  expect(reads).toBe(22);
  expect(count).toBe(all.length / 4);
  expect(deleted).toEqual(all.filter((_, i) => !isNamed(i)));
});
