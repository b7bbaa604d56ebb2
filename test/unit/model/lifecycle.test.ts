import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { DELIVERY_STATUSES, eventStatus, isFinal, statusesBefore } from "../../../src/model/lifecycle.ts";

describe("the lifecycle", () => {
  it("leaves a final state only where a dead letter is redriven or discarded", () => {
    for (const to of DELIVERY_STATUSES) {
      const left = statusesBefore(to).filter(isFinal);
      expect([to, left]).toEqual([to, to === "pending" || to === "cancelled" ? ["dead"] : []]);
    }
  });

  it("lets every delivery be cancelled that has not ended [G2]", () => {
    expect(statusesBefore("cancelled")).toEqual(
      expect.arrayContaining(DELIVERY_STATUSES.filter((status) => !isFinal(status))),
    );
  });

  it("derives an event's status from its deliveries", () => {
    expect(eventStatus(false, [])).toBe("accepted");
    expect(eventStatus(true, [])).toBe("ignored");
    expect(eventStatus(true, ["delivered", "retrying"])).toBe("in_progress");
    expect(eventStatus(true, ["delivered", "delivered"])).toBe("delivered");
    expect(eventStatus(true, ["delivered", "dead"])).toBe("dead");
    expect(eventStatus(true, ["cancelled"])).toBe("cancelled");
  });

  it("calls an event open as long as a delivery is", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...DELIVERY_STATUSES), { minLength: 1 }), (statuses) => {
        expect(eventStatus(true, statuses) === "in_progress").toBe(statuses.some((status) => !isFinal(status)));
      }),
    );
  });
});
