import { describe, expect, it } from "vitest";
import { SWEEP_REPEAT_MS } from "../../../src/config/record-limits.ts";
import { sendPending, type PendingPorts } from "../../../src/maintenance/index.ts";
import { pendingKey } from "../../../src/model/pending-key.ts";

const START = Date.UTC(2026, 10, 29);

/** R2 with these objects, and a D1 that takes marks until it is away. */
function createPorts() {
  const keys = new Set<string>();
  const sent: string[] = [];
  const marks = new Map<string, number>();
  const away = new Set<string>();
  const take = (what: string): void => {
    if (away.has(what)) throw new Error(`${what} is away`);
  };
  const ports: PendingPorts = {
    list: async (after) => [...keys].filter((key) => after === null || key > after).slice(0, 3),
    send: async (some) => {
      take("queue");
      sent.push(...some);
    },
    readMark: async (name) => {
      take("d1 reads");
      return marks.get(name) ?? null;
    },
    writeMark: async (name, at) => {
      take("d1 writes");
      marks.set(name, at);
    },
  };
  /** @returns what one sweep sends */
  const sweep = async (now: number): Promise<string[]> => {
    const before = sent.length;
    const counts: number[] = [];
    try {
      for await (const count of sendPending(ports, now)) counts.push(count);
    } catch {
      // The next sweep tries again.
    }
    return sent.slice(before);
  };
  return { keys, away, marks, sweep };
}

const keysOf = (count: number, at = START): string[] =>
  Array.from({ length: count }, (_, index) => pendingKey(at + index, "a"));

describe("the sweep of what D1 has not taken", () => {
  it("sends each key once, in the order of time, and new ones at the next sweep", async () => {
    const { keys, sweep } = createPorts();
    const first = keysOf(8);
    for (const key of first) keys.add(key);
    expect(await sweep(START + 60_000)).toEqual(first);
    const later = keysOf(2, START + 90_000);
    for (const key of later) keys.add(key);
    expect(await sweep(START + 120_000)).toEqual(later);
    expect(await sweep(START + 180_000)).toEqual([]);
  });

  it("sends a key again whose object is still there ten minutes after the first one was sent", async () => {
    const { keys, sweep } = createPorts();
    const first = keysOf(5);
    for (const key of first) keys.add(key);
    await sweep(START + 60_000);
    for (const key of first.slice(0, 3)) keys.delete(key);
    expect(await sweep(START + 60_000 + SWEEP_REPEAT_MS - 1)).toEqual([]);
    expect(await sweep(START + 60_000 + SWEEP_REPEAT_MS)).toEqual(first.slice(3));
  });

  it.each(["d1 reads", "d1 writes", "queue"])("sends nothing while %s fail, and all after that", async (part) => {
    const { keys, away, sweep } = createPorts();
    const all = keysOf(5);
    for (const key of all) keys.add(key);
    away.add(part);
    for (const minute of [1, 2, 3]) expect(await sweep(START + minute * 60_000)).toEqual([]);
    away.clear();
    expect(await sweep(START + 240_000)).toEqual(all);
  });

  it("takes a key that it has not made like any other", async () => {
    const { keys, sweep } = createPorts();
    keys.add("pending/by-hand");
    expect(await sweep(START)).toEqual(["pending/by-hand"]);
    expect(await sweep(START + SWEEP_REPEAT_MS)).toEqual(["pending/by-hand"]);
  });

  it("leaves D1 alone where there is nothing", async () => {
    const { marks, sweep } = createPorts();
    await sweep(START);
    expect(marks.size).toBe(0);
  });
});
