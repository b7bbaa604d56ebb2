import { describe, expect, it } from "vitest";
import { RunStats } from "../../../../src/delivery/run/run-stats.ts";
import { stateAfter } from "../../../../src/delivery/run/state-after.ts";
import type { Lane } from "../../../../src/delivery/index.ts";
import { healthyState } from "../../../../src/model/destination-state.ts";
import type { DestinationId } from "../../../../src/model/ids.ts";

const start = Date.UTC(2026, 10, 24);
const healthy = healthyState("dst_a" as DestinationId);
const slow = { ...healthy, lane: "slow" } as const;

function laneAfter(before: typeof healthy | typeof slow, lane: Lane, answersMs: readonly number[], underWayMs = 0) {
  const seen = new RunStats();
  for (const durationMs of answersMs)
    seen.add({ status: 200, headers: {}, error: null, durationMs }, start, start + durationMs);
  if (underWayMs > 0) seen.begin(start);
  return stateAfter(before, { lane, snapshot: null, seen }, start + underWayMs).lane;
}

describe("a destination's lane after a batch", () => {
  it("is the slow one when its sends take long, or a send is long under way [G5]", () => {
    expect(laneAfter(healthy, "events", [3_000])).toBe("slow");
    expect(laneAfter(healthy, "events", [50], 3_000)).toBe("slow");
    expect(laneAfter(healthy, "events", [2_999], 2_999)).toBe("normal");
  });

  it("is the slow one after a timeout, however short [G5]", () => {
    const seen = new RunStats();
    seen.add({ status: null, headers: null, error: "timeout", durationMs: 500 }, start, start + 500);
    expect(stateAfter(healthy, { lane: "events", snapshot: null, seen }, start + 500).lane).toBe("slow");
  });

  it("is not the slow one for having many deliveries", () => {
    expect(
      laneAfter(
        healthy,
        "events",
        Array.from({ length: 100 }, () => 1_000),
      ),
    ).toBe("normal");
  });

  it("is the normal one again when the slow lane is answered quickly, and stays between the two bounds", () => {
    expect(laneAfter(slow, "slow", [1_999])).toBe("normal");
    expect(laneAfter(slow, "slow", [2_000])).toBe("slow");
    expect(laneAfter(slow, "slow", [50], 2_500)).toBe("slow");
    expect(laneAfter(slow, "slow", [])).toBe("slow");
    expect(laneAfter(slow, "deliveries", [50])).toBe("slow");
  });
});
