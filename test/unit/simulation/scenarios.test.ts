import { describe, expect, it } from "vitest";
import { mostBeyondPace } from "../../simulation/beyond-pace.ts";
import { parseScenarios, scenario } from "../../simulation/scenario.ts";
import { simulate } from "../../simulation/simulate.ts";

const given = {
  name: "a",
  seed: 1,
  seconds: 20,
  extra_seconds: 20,
  destinations: [{ name: "api", answer_ms: 50, rate_per_second: 10 }],
};

describe("a scenario", { timeout: 30_000 }, () => {
  it.each([
    [{ ...given, speed: 2 }, /speed/],
    [{ ...given, destinations: [{ ...given.destinations[0], latency: 5 }] }, /destinations\.0.*latency/],
    [{ ...given, seconds: "20" }, /0\.seconds/],
    [{ ...given, destinations: [given.destinations[0], given.destinations[0]] }, /destinations.*name of its own/],
    [{ ...given, outages: [{ part: "dns", from_s: 0, to_s: 1 }] }, /outages\.0\.part/],
    [{ ...given, outages: [{ part: "d1", from_s: 9, to_s: 1 }] }, /outages\.0\.to_s: must not be before from_s/],
  ])("with a field that is unknown or wrong is refused, and the field is named", (faulty, named) => {
    expect(() => parseScenarios([faulty])).toThrow(named);
  });

  it("runs the same way again", async () => {
    const busy = scenario({
      ...given,
      destinations: [
        { name: "paced", answer_ms: 300, rate_per_second: 20, rate_limit: { limit: 15 } },
        { name: "failing", answer_ms: 50, rate_per_second: 5, status: 500 },
        { name: "slow", answer_ms: 5_000, rate_per_second: 5 },
      ],
      outages: [{ part: "d1", from_s: 5, to_s: 8 }],
    });
    const first = (await simulate(busy)).report;
    expect((await simulate(busy)).report).toEqual(first);
    expect((await simulate({ ...busy, seed: 2 })).report).not.toEqual(first);
  });

  it("counts what happened to its webhooks", async () => {
    const { report } = await simulate(scenario(given));
    expect(report).toMatchObject({ name: "a", lost: 0, ended_by_fault: 0 });
    expect(report.destinations["api"]).toMatchObject({
      accepted: 200,
      delivered: 200,
      first_try: 200,
      attempts: 200,
      attempts_over_policy: 0,
      deferrals_per_webhook: 0,
      lane_changes: 0,
      worst_over_pace: 0,
    });
  });

  it.each(["d1", "r2", "kv", "gate", "queue"] as const)(
    "with %s away for a minute loses nothing and ends nothing [G2] [G7]",
    async (part) => {
      const run = await simulate(
        scenario({
          ...given,
          seconds: 120,
          extra_seconds: 900,
          destinations: [
            { name: "api", answer_ms: 50, rate_per_second: 10 },
            { name: "paced", answer_ms: 50, rate_per_second: 5, rate_limit: { limit: 10 } },
            { name: "failing", answer_ms: 50, rate_per_second: 1, status: 503 },
          ],
          outages: [{ part, from_s: 30, to_s: 90 }],
        }),
      );
      const { lost, ended_by_fault, recorded_after_s, destinations } = run.report;
      expect({ lost, ended_by_fault }).toEqual({ lost: 0, ended_by_fault: 0 });
      expect(recorded_after_s).not.toBeNull();
      for (const name of ["api", "paced"]) expect(destinations[name]?.delivered).toBe(destinations[name]?.accepted);
      expect(destinations["paced"]?.worst_over_pace).toBe(0);
      expect(destinations["failing"]?.attempts_over_policy).toBe(0);
    },
  );
});

describe("sends beyond a pace", () => {
  const pace = { limit: 10, period_seconds: 1, burst: 2 };

  it("are none where burst + rate × time holds in every window", () => {
    expect(mostBeyondPace([0, 0, 100, 200, 300], pace)).toBe(0);
    expect(mostBeyondPace([], pace)).toBe(0);
  });

  it("are counted in the window that holds most of them", () => {
    expect(mostBeyondPace([0, 0, 0, 0], pace)).toBe(2);
    expect(mostBeyondPace([0, 5_000, 5_000, 5_000, 5_050], pace)).toBeCloseTo(1.5);
  });
});
