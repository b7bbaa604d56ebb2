// One batch to several destinations, in virtual time: what is handed on when, and to which lane.
import { describe, expect, it } from "vitest";
import { AnswerTimes, type Lane } from "../../../../src/delivery/index.ts";
import { dispatch } from "../../../../src/delivery/run/dispatch.ts";
import type { DispatchPorts } from "../../../../src/delivery/ports.ts";
import type { Dispatched, Job } from "../../../../src/delivery/types.ts";
import type { Gate } from "../../../../src/gate/index.ts";
import { acquire } from "../../../../src/gate/acquire.ts";
import { inspect } from "../../../../src/gate/snapshot.ts";
import { NEW_GATE } from "../../../../src/gate/state.ts";
import { newDelivery } from "../../../../src/routing/index.ts";
import { createEvent, createSite } from "../../../simulation/fixtures.ts";
import { VirtualClock } from "../../../simulation/virtual-clock.ts";

const start = Date.UTC(2026, 10, 24);

interface Given {
  readonly answer_ms: number;
  readonly count: number;
  readonly rate_limit?: { readonly limit: number };
}

interface Part extends Dispatched {
  readonly atMs: number;
}

const SNAPSHOT = inspect(NEW_GATE, { rate_limit: null, max_concurrency: null, circuit: null, adaptive: true }, start);
const silent = { debug: () => undefined, info: () => undefined, error: () => undefined };
const hangs = (): Promise<never> => new Promise(() => undefined);

/** @param given by name, in the order of the batch */
async function run(given: Readonly<Record<string, Given>>, lane: Lane = "events", gate: Partial<Gate> = {}) {
  const clock = new VirtualClock(start);
  const sentAt = new Map<string, number[]>();
  let serial = 0;
  const jobs = Object.entries(given).flatMap(([name, { answer_ms, count, rate_limit }], index) => {
    const limit = rate_limit === undefined ? null : { ...rate_limit, period_seconds: 1 };
    const asked = { name, answer_ms, rate_per_second: 1, gate_ms: 10, status: 200, timeout_ms: 15_000 };
    const site = createSite({ ...asked, rate_limit: limit, max_concurrency: null }, index);
    sentAt.set(`${name}.test`, []);
    return Array.from({ length: count }, (): Job => {
      const event = createEvent(site, serial++, start);
      const delivery = newDelivery(event, site.route.connection, site.route.destination.id);
      return { delivery, event, sourceSlug: name, ...site.route };
    });
  });
  const answerTimes = new AnswerTimes();
  const ports = {
    now: clock.now,
    sleep: clock.sleep,
    endsWithin: clock.endsWithin,
    random: () => 0,
    log: silent,
    answerTimes,
    urls: { allowPrivate: true, resolve: null },
    gate: { acquire: hangs, report: hangs, inspect: hangs, reschedule: hangs, ...gate },
    send: async ({ url }: { url: string }) => {
      const { hostname } = new URL(url);
      sentAt.get(hostname)?.push(clock.now() - start);
      const durationMs = given[hostname.replace(".test", "")]?.answer_ms ?? 0;
      await clock.sleep(durationMs);
      return { status: 200, headers: {}, error: null, excerpt: "", durationMs };
    },
  } as unknown as DispatchPorts;
  const parts: Part[] = [];
  const work = (async () => {
    for await (const part of dispatch(jobs, lane, new Map(), ports)) parts.push({ ...part, atMs: clock.now() - start });
  })();
  await clock.run(start + 600_000);
  await work;
  const settled = parts.flatMap((part) => part.settled);
  expect(settled.map(({ delivery }) => delivery.id).sort()).toEqual(jobs.map(({ delivery }) => delivery.id).sort());
  return {
    parts,
    settled,
    answerTimes,
    startsOf: (name: string) => sentAt.get(`${name}.test`) ?? [],
    of: (name: string) => settled.filter(({ delivery }) => delivery.destination_id === `dst_${name}`),
  };
}

const statuses = (settled: Dispatched["settled"]) => [...new Set(settled.map(({ delivery }) => delivery.status))];

describe("a batch for a quick and a slow destination", () => {
  it("sends all of the quick one's, one request of the slow one's, and moves the rest on after a second [G5] [G11]", async () => {
    const { of, startsOf } = await run({
      quick: { answer_ms: 50, count: 60 },
      slow: { answer_ms: 8_000, count: 20 },
    });
    expect(startsOf("quick")).toHaveLength(60);
    expect(statuses(of("quick"))).toEqual(["delivered"]);
    expect(startsOf("slow")).toEqual([0]);
    const moved = of("slow").filter(({ delivery }) => delivery.status === "deferred");
    expect(moved).toHaveLength(19);
    expect(moved.every(({ lane, untouched }) => lane === "slow" && untouched === true)).toBe(true);
  });

  it("is settled for the quick one while the slow answer is still awaited [G5]", async () => {
    const { parts } = await run({ quick: { answer_ms: 50, count: 60 }, slow: { answer_ms: 8_000, count: 20 } });
    const [first, last] = [parts[0], parts.at(-1)];
    expect(first?.settled).toHaveLength(79);
    expect(first?.atMs).toBeLessThan(1_100);
    expect(last?.settled).toHaveLength(1);
    expect(last?.atMs).toBe(8_000);
  });

  it("records that the slow destination is slow before it has answered [G5]", async () => {
    const { parts } = await run({ quick: { answer_ms: 50, count: 10 }, slow: { answer_ms: 60_000, count: 2 } });
    const told = parts.find(({ states }) => states.length > 0);
    expect(told?.states).toMatchObject([{ destination_id: "dst_slow", lane: "slow" }]);
    expect(told?.atMs).toBeLessThan(5_000);
  });

  it("leaves no connection of the quick one's to many slow ones [G5]", async () => {
    const slow = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`slow${index}`, { answer_ms: 8_000, count: 2 }]),
    );
    const { startsOf, of } = await run({ ...slow, quick: { answer_ms: 50, count: 30 } });
    expect(statuses(of("quick"))).toEqual(["delivered"]);
    expect(Math.max(...startsOf("quick"))).toBeLessThan(1_000);
  });
});

describe("a batch for one destination", () => {
  it("uses all connections, moves on what a second was too short for, and calls nothing slow [G5]", async () => {
    const { parts, settled, startsOf } = await run({ one: { answer_ms: 500, count: 100 } });
    expect(startsOf("one")).toEqual([0, 500].flatMap((at) => Array.from({ length: 6 }, () => at)));
    expect(settled.filter(({ lane, untouched }) => lane === "small" && untouched === true)).toHaveLength(88);
    expect(parts.flatMap(({ states }) => states)).toEqual([]);
  });

  it("is settled in one part where it takes less than a second", async () => {
    const { parts } = await run({ one: { answer_ms: 50, count: 60 } });
    expect(parts).toHaveLength(1);
  });

  it("of later attempts lasts longer: it protects no other destination", async () => {
    const { settled } = await run({ one: { answer_ms: 500, count: 100 } }, "deliveries");
    expect(statuses(settled)).toEqual(["delivered"]);
  });

  it("is none that takes half a minute: what is left is deferred without an attempt [G11]", async () => {
    const { settled } = await run({ one: { answer_ms: 2_000, count: 100 } }, "deliveries");
    const left = settled.filter(({ delivery }) => delivery.status === "deferred");
    expect(left.length).toBeGreaterThan(40);
    expect(left.every(({ delivery }) => delivery.deferred_by === "time_budget" && delivery.attempts_made === 0)).toBe(
      true,
    );
  });
});

describe("a lane of small batches", () => {
  it.each(["small", "slow"] as const)("%s starts each request at once", async (lane) => {
    const { startsOf } = await run({ a: { answer_ms: 8_000, count: 3 }, b: { answer_ms: 50, count: 3 } }, lane);
    expect([...startsOf("a"), ...startsOf("b")]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe("a gate that does not answer", () => {
  it("defers its own destination to the slow lane after a second and delays no other [G5] [G7]", async () => {
    const { of, startsOf } = await run({
      paced: { answer_ms: 50, count: 5, rate_limit: { limit: 100 } },
      free: { answer_ms: 50, count: 20 },
    });
    expect(Math.max(...startsOf("free"))).toBeLessThan(500);
    expect(startsOf("paced")).toEqual([]);
    expect(of("paced").map(({ delivery }) => delivery.deferred_by)).toEqual(
      Array.from({ length: 5 }, () => "gate_unreachable"),
    );
    expect(new Set(of("paced").map(({ lane }) => lane))).toEqual(new Set(["slow"]));
  });
});

describe("what a gate has given a slot", () => {
  const real: Partial<Gate> = {
    acquire: async (_id, request) => acquire(NEW_GATE, request, start, "lease").response,
  };

  it.each([
    [50, 20, "deliveries"],
    [50, 200, "small"],
    [2_000, 20, "small"],
  ] as const)(
    "comes back, with answers of %i ms and a pace of %i/s, in the lane whose batches use the pace to the full, %s [G4]",
    async (answer_ms, limit, lane) => {
      const { of } = await run({ paced: { answer_ms, count: 400, rate_limit: { limit } } }, "events", real);
      const waiting = of("paced").filter(({ delivery }) => delivery.deferred_by === "pace");
      expect(waiting.length).toBeGreaterThan(50);
      expect(new Set(waiting.map((one) => one.lane))).toEqual(new Set([lane]));
    },
  );
});

describe("a gate of an older version, which knows no width", () => {
  /** Permits all at once, for as long as its pace allows a send to be late. */
  const older: Partial<Gate> = {
    acquire: async (_id, { entitled, fresh }) => ({
      grants: Array.from({ length: entitled + fresh }, () => ({ kind: "go", at: start, until: start + 330 })),
      lease: null,
      snapshot: SNAPSHOT,
    }),
  };

  it("is understood: what can start in time is sent, the rest is deferred, and no permit is used late [G4] [G11]", async () => {
    const { settled, startsOf } = await run(
      { paced: { answer_ms: 200, count: 40, rate_limit: { limit: 100 } } },
      "events",
      older,
    );
    expect(startsOf("paced")).toHaveLength(12);
    expect(Math.max(...startsOf("paced"))).toBeLessThanOrEqual(330);
    const left = settled.filter(({ delivery }) => delivery.status === "deferred");
    expect(left).toHaveLength(28);
    expect(left.every(({ delivery }) => delivery.deferred_by === "pace" && delivery.attempts_made === 0)).toBe(true);
  });
});

describe("a destination that is known", () => {
  it("to be quick needs no request of its own first", async () => {
    const known = await run({ quick: { answer_ms: 50, count: 5 } });
    expect(known.answerTimes.of("dst_quick", start + 1_000)).toBe(50);
  });

  it("not to have answered is remembered, so that the next batch does not try it again [G5]", async () => {
    const { answerTimes } = await run({ quick: { answer_ms: 50, count: 5 }, slow: { answer_ms: 8_000, count: 5 } });
    expect(answerTimes.of("dst_slow", start + 8_000)).toBeGreaterThanOrEqual(1_000);
  });
});
