import { describe, expect, it } from "vitest";
import { outageMs } from "../../../src/gate/circuit.ts";
import type { GateLimits } from "../../../src/gate/protocol.ts";
import { inspect } from "../../../src/gate/snapshot.ts";
import { fromStored, NEW_GATE, type GateState } from "../../../src/gate/state.ts";
import { circuitSchema } from "../../../src/model/policies.ts";
import { ask, OPEN, start, notify, tellAll } from "./calls.ts";

const policy = (given: object): GateLimits => ({ ...OPEN, circuit: circuitSchema.parse(given) });
const failed = { failures: 1, trailing_failures: 1 };
const SECOND = 1_000;

describe("a circuit with a failure rate", () => {
  const limits = policy({
    failure_threshold: 1_000,
    failure_rate: 0.5,
    window_seconds: 60,
    min_requests: 10,
    open_seconds: 10,
  });

  it("opens when that share of enough sends in the window failed, even if not in a row", () => {
    let state = NEW_GATE;
    for (let i = 0; i < 9; i++) {
      state = notify(state, limits, i % 2 === 0 ? failed : { successes: 1 }, start + i * SECOND);
      expect(inspect(state, limits, start + i * SECOND).circuit).toBe("closed");
    }
    state = notify(state, limits, failed, start + 10 * SECOND);
    expect(inspect(state, limits, start + 10 * SECOND)).toMatchObject({
      circuit: "open",
      circuit_reason: "failure_rate",
      open_until: start + 20 * SECOND,
    });
  });

  it("stays closed below the rate, and forgets sends before the window", () => {
    let state = NEW_GATE;
    for (let i = 0; i < 30; i++)
      state = notify(state, limits, i % 3 === 0 ? failed : { successes: 1 }, start + i * SECOND);
    expect(inspect(state, limits, start + 30 * SECOND).circuit).toBe("closed");
    state = notify(NEW_GATE, limits, { failures: 9, trailing_failures: 9 }, start);
    state = notify(state, limits, failed, start + 61 * SECOND);
    expect(inspect(state, limits, start + 61 * SECOND).circuit).toBe("closed");
  });

  it("needs reports of successes while failures count", () => {
    const state = notify(notify(NEW_GATE, limits, failed, start), limits, { successes: 1 }, start + 1);
    expect(inspect(state, limits, start + 2)).toMatchObject({ consecutive_failures: 0, recent_failures: 1 });
    expect(inspect(state, limits, start + 70 * SECOND).recent_failures).toBe(0);
  });
});

describe("a circuit", () => {
  const limits = policy({ failure_threshold: 3, open_seconds: 10, open_factor: 3, max_open_seconds: 50 });
  const opened = (): GateState => notify(NEW_GATE, limits, { failures: 3, trailing_failures: 3 }, start);
  const probe = (state: GateState, now: number, outcome: object) => {
    const { state: asked, response } = ask(state, limits, { fresh: 5 }, now);
    expect(response.grants.map(({ kind }) => kind)).toEqual(["go", "defer", "defer", "defer", "defer"]);
    return tellAll(asked, limits, { lease_id: response.lease?.id ?? "", ...outcome }, now);
  };

  it("stays open longer by its factor each time, up to its cap", () => {
    let { state } = { state: opened() };
    let now = start + 10 * SECOND;
    for (const openMs of [30_000, 50_000, 50_000]) {
      state = probe(state, now, failed).state;
      expect(inspect(state, limits, now).open_until).toBe(now + openMs);
      now += openMs;
    }
  });

  it("closes after any answer that is no failure of the destination, and reports that waiting deliveries may go earlier", () => {
    const { state, snapshot } = probe(opened(), start + 10 * SECOND, { neutral: 1 });
    expect(snapshot).toMatchObject({ circuit: "closed", stale: true });
    expect(inspect(state, limits, start + 11 * SECOND).outages).toEqual([{ from: start, to: start + 10 * SECOND }]);
  });

  it("ignores answers that say nothing about the destination's health", () => {
    let state = notify(NEW_GATE, limits, { failures: 2, trailing_failures: 2 }, start);
    state = notify(state, limits, { neutral: 50 }, start + 1);
    expect(inspect(state, limits, start + 1)).toMatchObject({ circuit: "closed", consecutive_failures: 2 });
  });

  it("remembers exactly when it was not closed, across reopenings and outages", () => {
    let state = probe(opened(), start + 10 * SECOND, failed).state;
    state = probe(state, start + 40 * SECOND, { successes: 1 }).state;
    state = notify(state, limits, { failures: 3, trailing_failures: 3 }, start + 100 * SECOND);
    const { outages } = inspect(state, limits, start + 101 * SECOND);
    expect(outages).toEqual([
      { from: start, to: start + 40 * SECOND },
      { from: start + 100 * SECOND, to: start + 110 * SECOND },
    ]);
    expect(outageMs(outages, start + 30 * SECOND, start + 105 * SECOND)).toBe(15 * SECOND);
    expect(outageMs(outages, start + 50 * SECOND, start + 90 * SECOND)).toBe(0);
  });

  it("closes at once when its policy is removed", () => {
    const { response, state } = ask(opened(), OPEN, { fresh: 1 }, start + 1);
    expect(response.grants[0]?.kind).toBe("go");
    expect(inspect(state, limits, start + 2).circuit).toBe("closed");
  });

  it("continues from a state that an older version stored", () => {
    const stored = { ...NEW_GATE, circuit: { failures: 3, openings: 1, open_until: start + 10 * SECOND } };
    const state = fromStored(stored as unknown as GateState);
    expect(inspect(state, limits, start)).toMatchObject({ circuit: "open", outages: [] });
    expect(probe(state, start + 10 * SECOND, { successes: 1 }).snapshot.circuit).toBe("closed");
  });
});
