import { describe, expect, it } from "vitest";
import { whyItWaits } from "../../../src/dashboard/components/wait.ts";
import { DEFERRAL_REASONS, DELIVERY_STATUSES } from "../../../src/model/lifecycle.ts";
import type { DeliveryShape, DestinationShape } from "../../../src/dashboard/shapes.ts";

const delivery = (change: Partial<DeliveryShape>) =>
  ({ status: "deferred", deferred_by: null, attempts_made: 1, connection_id: "con_1", ...change }) as DeliveryShape;
const destination = (change: object = {}) =>
  ({
    paused: false,
    rate_limit: null,
    max_concurrency: null,
    circuit: { failure_threshold: 5 },
    retry: { schedule_seconds: [5, 30] },
    ...change,
  }) as unknown as DestinationShape;

describe("why a delivery waits", () => {
  it.each([
    [{ deferred_by: "pace" }, { rate_limit: { limit: 10, period_seconds: 1 } }, "a pace of 10 per second"],
    [{ deferred_by: "pace" }, { rate_limit: { limit: 3, period_seconds: 60, burst: 2 } }, "3 per 1 min, 2 at once"],
    [{ deferred_by: "concurrency" }, { max_concurrency: 1 }, "takes 1 request at a time"],
    [{ deferred_by: "circuit" }, {}, "after 5 failures in a row"],
    [{ status: "held" }, { paused: true }, "the destination is paused"],
    [{ status: "held" }, {}, "its destination or connection was paused"],
    [{ status: "retrying" }, {}, "wait 1 of the retry schedule: waits of 5 s, 30 s: 3 attempts at most"],
    [
      { status: "retrying" },
      { retry: { strategy: "exponential", base_seconds: 5, cap_seconds: 3_600, max_attempts: 11 } },
      "exponential waits from 5 s up to 1 h, 11 attempts at most",
    ],
  ] as const)("%o %o", (given, configured, text) => {
    expect(whyItWaits(delivery(given), destination(configured))).toContain(text);
  });

  it("has words for every reason and state, also where the destination is not known; none once it has ended", () => {
    for (const deferred_by of DEFERRAL_REASONS)
      expect(whyItWaits(delivery({ deferred_by }), null)).toMatch(/^Deferred: .{10,}\. This uses no attempt\.$/);
    const ended = DELIVERY_STATUSES.filter((status) => whyItWaits(delivery({ status }), null) === null);
    expect(ended).toEqual(["delivered", "dead", "cancelled"]);
  });
});
