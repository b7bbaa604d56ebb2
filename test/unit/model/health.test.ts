import { describe, expect, it } from "vitest";
import {
  byHealth,
  DESTINATION_HEALTH,
  HEALTH_WORDS,
  isTrouble,
  judgeDestination,
  judgeSource,
  SOURCE_HEALTH,
  type DestinationSignals,
} from "../../../src/model/health.ts";

const NOW = 1_000_000;
const fine: DestinationSignals = {
  paused: false,
  circuit: "closed",
  lane: "normal",
  paused_until: null,
  consecutive_failures: 0,
  throttled: false,
  recent: { attempts: 20, failed: 0 },
  dead: 0,
  used: true,
};
const judged = (more: Partial<DestinationSignals>): string => judgeDestination({ ...fine, ...more }, NOW).health;

describe("a destination", () => {
  it.each<[string, Partial<DestinationSignals>]>([
    ["healthy", {}],
    ["healthy", { recent: { attempts: 20, failed: 1 } }],
    ["some_failures", { recent: { attempts: 20, failed: 2 } }],
    ["some_failures", { recent: { attempts: 20, failed: 10 } }],
    ["failing", { recent: { attempts: 20, failed: 11 } }],
    ["failing", { recent: { attempts: 0, failed: 0 }, consecutive_failures: 1 }],
    // One failure among many successes is not an outage.
    ["healthy", { recent: { attempts: 100, failed: 1 }, consecutive_failures: 1 }],
    ["circuit_open", { circuit: "open", recent: { attempts: 2, failed: 2 } }],
    ["circuit_half_open", { circuit: "half_open" }],
    ["healthy", { circuit: "unknown" }],
    ["retry_after", { paused_until: NOW + 1 }],
    ["healthy", { paused_until: NOW }],
    ["slow", { lane: "slow" }],
    ["reduced_pace", { throttled: true }],
    ["paused", { paused: true, circuit: "open" }],
    ["dead_letters", { dead: 1 }],
    ["never_used", { recent: { attempts: 0, failed: 0 }, used: false }],
    ["healthy", { recent: { attempts: 0, failed: 0 }, used: true }],
  ])("is %s with %o", (health, signals) => {
    expect(judged(signals)).toBe(health);
  });

  it("names all that holds, the worst first", () => {
    const signals = { ...fine, paused: true, dead: 3, lane: "slow", circuit: "half_open" } as const;
    expect(judgeDestination(signals, NOW)).toEqual({
      health: "paused",
      health_reasons: ["circuit_half_open", "slow", "paused", "dead_letters"],
    });
  });
});

describe("a source", () => {
  const of = (accepted: number, refused: number) => ({ accepted, refused });
  it.each([
    ["never_used", of(0, 0), of(0, 0), false],
    ["healthy", of(0, 0), of(0, 0), true],
    ["healthy", of(50, 1), of(50, 1), true],
    ["refuses_some", of(18, 2), of(18, 2), true],
    ["refuses_all", of(0, 1), of(0, 1), false],
    // What it does now counts for more than what it did before its secret changed.
    ["refuses_all", of(0, 5), of(900, 5), true],
    ["healthy", of(6, 0), of(6, 900), true],
    // A stranger's request in a quiet hour.
    ["healthy", of(0, 1), of(99, 1), true],
  ] as const)("is %s with %o of late and %o in the last day", (health, recent, lastDay, used) => {
    const signals = { awaitsSecret: false, recent, lastDay, used };
    expect(judgeSource({ ...signals, enabled: true }).health).toBe(health);
    expect(judgeSource({ ...signals, enabled: false }).health).toBe("disabled");
  });

  it("that waits for its secret says so, and that it refuses everything once it was sent something", () => {
    const judge = (recent: ReturnType<typeof of>, enabled = true) =>
      judgeSource({ enabled, awaitsSecret: true, recent, lastDay: recent, used: true });
    // Sluice's own test events are accepted.
    expect(judge(of(9, 0)).health).toBe("awaiting_secret");
    expect(judge(of(9, 1))).toEqual({ health: "refuses_all", health_reasons: ["refuses_all", "awaiting_secret"] });
    expect(judge(of(9, 1), false).health).toBe("disabled");
  });
});

it("orders the worst first, then the busiest, and what was never used last", () => {
  const one = (health: (typeof DESTINATION_HEALTH | typeof SOURCE_HEALTH)[number], load = 0, slug = "a") => ({
    health,
    load,
    slug,
  });
  const ordered = [one("refuses_all"), one("circuit_open"), one("failing", 9), one("failing", 2), one("dead_letters")];
  const last = [one("disabled"), one("healthy", 5, "b"), one("healthy", 5, "c"), one("healthy"), one("never_used", 7)];
  expect([...ordered, ...last].toReversed().toSorted(byHealth)).toEqual([...ordered, ...last]);
});

it("has a word for each state, and nothing that is in order asks for attention", () => {
  const all = [...DESTINATION_HEALTH, ...SOURCE_HEALTH];
  expect(Object.keys(HEALTH_WORDS).sort()).toEqual([...new Set(all)].sort());
  expect(all.filter((health) => !isTrouble(health))).toEqual([
    "never_used",
    "healthy",
    "disabled",
    "never_used",
    "healthy",
  ]);
});
