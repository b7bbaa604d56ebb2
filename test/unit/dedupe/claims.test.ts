import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { judge, type Holder } from "../../../src/dedupe/claims.ts";
import { firstEvents, type Candidate, type DedupePorts } from "../../../src/dedupe/client.ts";
import type { EventId } from "../../../src/model/ids.ts";

const id = (name: string | number): EventId => `evt_${name}` as EventId;
const claim = (name: string | number, at: number) => ({ key: "k", event_id: id(name), at });
const WINDOW = 1_000;

describe("a claim", () => {
  it("is first when no event holds the key", () => {
    expect(judge(null, claim("a", 0), WINDOW)).toEqual({ first: id("a"), takes: true });
  });

  it("repeats the holder within the window, and not at its end", () => {
    const holder: Holder = { event_id: id("a"), at: 0 };
    expect(judge(holder, claim("b", WINDOW - 1), WINDOW)).toEqual({ first: id("a"), takes: false });
    expect(judge(holder, claim("b", WINDOW), WINDOW)).toEqual({ first: id("b"), takes: true });
  });

  it("is no duplicate of itself, however late it comes again", () => {
    const holder: Holder = { event_id: id("a"), at: 0 };
    expect(judge(holder, claim("a", 0), WINDOW)).toEqual({ first: id("a"), takes: false });
  });

  it("from before the holder's window stays what it was, and leaves the holder alone", () => {
    const holder: Holder = { event_id: id("b"), at: 5_000 };
    expect(judge(holder, claim("a", 0), WINDOW)).toEqual({ first: id("a"), takes: false });
  });

  it("takes over from the one that ended dead, and from no other", () => {
    const holder: Holder = { event_id: id("a"), at: 0 };
    expect(judge(holder, claim("b", 5), WINDOW, id("a"))).toEqual({ first: id("b"), takes: true });
    expect(judge({ event_id: id("c"), at: 1 }, claim("b", 5), WINDOW, id("a"))).toEqual({
      first: id("c"),
      takes: false,
    });
  });

  it("leaves two first events of a key at least a window apart, in whatever order and however often all claim", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(10_000), { minLength: 1, maxLength: 30 }),
        fc.infiniteStream(fc.nat()),
        (times, picks) => {
          let holder: Holder | null = null;
          const firsts = new Map<string, number>();
          const order = times.flatMap((at, index) => [claim(index, at), claim(index, at)]).sort((a, b) => a.at - b.at);
          for (const one of order) {
            // A few claims come again later.
            const again = (picks.next().value ?? 0) % 3 === 0 ? [one, one] : [one];
            for (const each of again) {
              const { first, takes } = judge(holder, each, WINDOW);
              if (takes) holder = { event_id: each.event_id, at: each.at };
              if (first === each.event_id) firsts.set(each.event_id, each.at);
            }
          }
          const ats = [...firsts.values()].sort((a, b) => a - b);
          ats.forEach((at, index) => expect(index === 0 || at - (ats[index - 1] ?? 0) >= WINDOW).toBe(true));
          expect(ats.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe("the first events of a batch", () => {
  const setUp = (change: Partial<DedupePorts> = {}) => {
    const holders = new Map<string, Holder>();
    const calls: string[] = [];
    const ports: DedupePorts = {
      claim: async (index, requests, windowMs) => {
        calls.push(index);
        return requests.map((request) => {
          const place = `${index} ${request.key}`;
          const { first, takes } = judge(holders.get(place) ?? null, request, windowMs, request.from ?? null);
          if (takes) holders.set(place, { event_id: request.event_id, at: request.at });
          return first;
        });
      },
      deadAmong: async () => new Set(),
      report: () => undefined,
      ...change,
    };
    return { calls, ask: (candidates: Candidate[]) => firstEvents(candidates, ports) };
  };
  const candidate = (name: string, key = "key", source_id = "src"): Candidate => ({
    source_id,
    key,
    window_ms: WINDOW,
    event_id: id(name),
    at: 0,
  });

  it("ask each shard once and keep sources apart", async () => {
    const { ask, calls } = setUp();
    const firsts = await ask([candidate("a"), candidate("b"), candidate("c", "key", "other"), candidate("d", "zzz")]);
    expect(Object.fromEntries(firsts)).toEqual({
      evt_a: id("a"),
      evt_b: id("a"),
      evt_c: id("c"),
      evt_d: id("d"),
    });
    expect(calls.length).toBeLessThanOrEqual(3);
    expect(new Set(calls).size).toBe(calls.length);
  });

  it("pass a dead one's key to the next, and the rest repeat that one", async () => {
    const { ask } = setUp({ deadAmong: async (events) => new Set(events.filter((event) => event === id("a"))) });
    await ask([candidate("a")]);
    const firsts = await ask([candidate("b"), candidate("c")]);
    expect(Object.fromEntries(firsts)).toEqual({ evt_b: id("b"), evt_c: id("b") });
    expect((await ask([candidate("b")])).get(id("b"))).toBe(id("b"));
  });

  it("leave out what cannot be known: an index or a record out of reach [G7]", async () => {
    const down = setUp({ claim: () => Promise.reject(new Error("unreachable")) });
    expect((await down.ask([candidate("a")])).size).toBe(0);
    const blind = setUp({ deadAmong: () => Promise.reject(new Error("D1 is down")) });
    await blind.ask([candidate("a")]);
    expect((await blind.ask([candidate("b")])).has(id("b"))).toBe(false);
  });
});
