import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canStep, DELIVERY_STATUSES, eventStatus, isFinal } from "../../../src/model/lifecycle.ts";

describe("the lifecycle", () => {
  it("leaves a final state only where what is dead is driven again or discarded", () => {
    for (const from of DELIVERY_STATUSES.filter(isFinal)) {
      expect(DELIVERY_STATUSES.filter((to) => canStep(from, to))).toEqual(
        from === "dead" ? ["pending", "cancelled"] : [],
      );
    }
  });

  it("lets every state that is not final be cancelled [G2]", () => {
    for (const from of DELIVERY_STATUSES.filter((status) => !isFinal(status)))
      expect(canStep(from, "cancelled")).toBe(true);
  });

  it("derives an event's status from its deliveries", () => {
    expect(eventStatus(false, [])).toBe("accepted");
    expect(eventStatus(true, [])).toBe("ignored");
    expect(eventStatus(true, ["delivered", "retrying"])).toBe("in_progress");
    expect(eventStatus(true, ["delivered", "delivered"])).toBe("delivered");
    expect(eventStatus(true, ["delivered", "dead"])).toBe("dead");
    expect(eventStatus(true, ["cancelled"])).toBe("cancelled");
  });

  it("calls an event open for as long as any delivery is", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...DELIVERY_STATUSES), { minLength: 1 }), (statuses) => {
        expect(eventStatus(true, statuses) === "in_progress").toBe(statuses.some((status) => !isFinal(status)));
      }),
    );
  });
});
