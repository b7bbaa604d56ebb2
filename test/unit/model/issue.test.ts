// Causes, states and ids of issues.
import { describe, expect, it } from "vitest";
import type { Delivery } from "../../../src/model/delivery.ts";
import type { DeliveryId, DestinationId } from "../../../src/model/ids.ts";
import {
  causeOf,
  failureCause,
  issueId,
  issueKey,
  issueStatus,
  mergeIssue,
  type Issue,
} from "../../../src/model/issue.ts";

const failed = (
  last_error: string | null,
  last_response_status: number | null = null,
  deferred_by: string | null = null,
) => ({ last_error, last_response_status, deferred_by }) as Delivery;
const DESTINATION = `dst_${"0".repeat(26)}` as DestinationId;
const issue = (change: Partial<Issue> = {}): Issue => ({
  destination_id: DESTINATION,
  cause: "timeout",
  count: 1,
  first_seen_at: 10,
  last_seen_at: 20,
  affected_from: 5,
  last_delivery_id: "dlv_1" as DeliveryId,
  reopened: 0,
  acknowledged_at: null,
  muted_at: null,
  muted_until: null,
  closed_at: null,
  closed_by: null,
  ...change,
});

describe("the cause of a failure", () => {
  it.each([
    ["http_status", 503, "status_503"],
    ["attempts_exhausted: http_status", 500, "status_500"],
    ["gone: http_status", 410, "status_410"],
    ["timeout", null, "timeout"],
    ["age_exceeded: timeout", null, "timeout"],
    ["redirect", 302, "redirect"],
    ["transform_failed: body is not JSON: timeout", null, "transform_failed"],
    ["unprocessable: body_missing", null, "body_missing"],
    ["consumer_crashed", null, "consumer_crashed"],
    ["secret_unavailable: there is no secret KEY", null, "secret_unavailable"],
    [null, 200, null],
  ])("of %s with %s is %s", (error, status, cause) => {
    expect(causeOf(failed(error, status))).toBe(cause);
  });

  it("counts failed attempts, ends without one and waits for what cannot be had, and nothing else", () => {
    expect(failureCause(failed("timeout"), { attempts: 1, failed_attempts: 1 })).toBe("timeout");
    expect(failureCause(failed("transform_failed: x"), { dead: 1 })).toBe("transform_failed");
    const waits = failed("secret_unavailable: x", null, "secret_unavailable");
    expect(failureCause(waits, { deferred: 1 })).toBe("secret_unavailable");
    // It failed before, and now waits for its pace.
    expect(failureCause(failed("timeout", null, "pace"), { deferred: 1 })).toBeNull();
    expect(failureCause(failed(null, 200), { attempts: 1, delivered: 1 })).toBeNull();
  });
});

describe("an issue", () => {
  it("is found by its id, and by no other text", () => {
    const key = { destination_id: DESTINATION, cause: "status_503" };
    expect(issueKey(issueId(key))).toEqual(key);
    for (const other of ["nowhere", "iss_1_timeout", `${issueId(key)}'`, issueId({ ...key, cause: "" })])
      expect(issueKey(other)).toBeNull();
  });

  it("is closed before it is muted, and muted before it is acknowledged", () => {
    expect(issueStatus(issue(), 100)).toBe("open");
    expect(issueStatus(issue({ acknowledged_at: 50 }), 100)).toBe("acknowledged");
    expect(issueStatus(issue({ acknowledged_at: 50, muted_at: 60 }), 100)).toBe("muted");
    expect(issueStatus(issue({ muted_at: 60, muted_until: 101 }), 100)).toBe("muted");
    expect(issueStatus(issue({ muted_at: 60, muted_until: 100 }), 100)).toBe("open");
    expect(issueStatus(issue({ muted_at: 60, closed_at: 70 }), 100)).toBe("closed");
  });

  it("of several databases is the sum of what is open, or of all that is closed", () => {
    const other = issue({ count: 2, first_seen_at: 8, last_seen_at: 30, affected_from: 7, acknowledged_at: 25 });
    expect(mergeIssue([issue(), other])).toEqual(
      issue({ count: 3, first_seen_at: 8, last_seen_at: 30, affected_from: 5, acknowledged_at: 25 }),
    );
    expect(mergeIssue([issue(), { ...other, closed_at: 90 }])).toEqual(issue());
    expect(mergeIssue([issue({ closed_at: 95 }), { ...other, closed_at: 90 }])).toMatchObject({
      count: 3,
      closed_at: 95,
    });
  });
});
