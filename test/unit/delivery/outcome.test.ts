import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { decide, delayAfter } from "../../../src/delivery/outcome/decide.ts";
import { DEFAULT_SCHEDULE_SECONDS, retrySchema } from "../../../src/model/policies.ts";
import type { Outcome } from "../../../src/outbound/types.ts";

const now = Date.UTC(2026, 10, 24);
const standing = { attemptsMade: 1, createdAt: now, ageCreditMs: 0, now };
const policy = retrySchema.parse({});
const answer = (status: number, headers: Record<string, string> = {}): Outcome => ({
  status,
  headers,
  error: status < 300 ? null : "http_status",
});

describe("the response table of the contract", () => {
  it.each([200, 201, 204, 299])("takes %i as delivered", (status) => {
    expect(decide(answer(status), policy, standing, () => 0)).toEqual({ kind: "delivered", disableConnection: false });
  });

  it.each([301, 400, 401, 404, 409, 422, 429, 500, 503, 599])("retries after %i", (status) => {
    expect(decide(answer(status), policy, standing, () => 0).kind).toBe("retry");
  });

  it.each(["timeout", "dns", "connect_refused", "tls", "reset", "network"] as const)("retries after %s", (error) => {
    expect(decide({ status: null, headers: null, error }, policy, standing, () => 0).kind).toBe("retry");
  });

  it("takes a broker's confirmation, which has no status, as delivered", () => {
    expect(decide({ status: null, headers: null, error: null }, policy, standing, () => 0).kind).toBe("delivered");
  });

  it.each(["not_found", "unroutable", "auth_failed", "throttled", "broker_error"] as const)(
    "retries a broker's %s",
    (error) => {
      expect(decide({ status: null, headers: null, error }, policy, standing, () => 0).kind).toBe("retry");
    },
  );

  it("pauses the whole destination for a broker that refuses connections or throttles", () => {
    const outcome = { status: null, headers: null, error: "throttled", pauseMs: 5_000 } as const;
    expect(decide(outcome, policy, standing, () => 0)).toMatchObject({ pauseUntil: now + 5_000, at: now + 5_000 });
  });

  it("ends at once with a message that is too large", () => {
    const outcome = { status: null, headers: null, error: "too_large" } as const;
    expect(decide(outcome, policy, standing, () => 0)).toMatchObject({ kind: "dead", reason: "not_retryable" });
  });

  it("ends with 410 and disables the connection", () => {
    expect(decide(answer(410), policy, standing, () => 0)).toMatchObject({
      kind: "dead",
      reason: "gone",
      disableConnection: true,
    });
  });

  it.each([
    ["abort-message", false],
    ["disable", true],
  ])("obeys webhook-delivery: %s", (word, disableConnection) => {
    const decision = decide(answer(500, { "webhook-delivery": word }), policy, standing, () => 0);
    expect(decision).toMatchObject({ kind: "dead", reason: "aborted_by_receiver", disableConnection });
  });

  it("ends with 489", () => {
    expect(decide(answer(489), policy, standing, () => 0)).toMatchObject({
      kind: "dead",
      reason: "aborted_by_receiver",
    });
  });

  it.each([429, 503])("pauses the whole destination for the Retry-After of a %i", (status) => {
    const decision = decide(answer(status, { "retry-after": "120" }), policy, standing, () => 0);
    expect(decision).toMatchObject({ kind: "retry", at: now + 120_000, pauseUntil: now + 120_000 });
  });

  it("leaves the destination alone when another status brings a Retry-After", () => {
    expect(decide(answer(500, { "retry-after": "120" }), policy, standing, () => 0)).toMatchObject({
      pauseUntil: null,
    });
  });
});

describe("retry.on", () => {
  const with_ = (on: string[]) => retrySchema.parse({ on });
  it.each([
    [["408", "429", "5xx", "network"], 500, "retry"],
    [["408", "429", "5xx", "network"], 404, "dead"],
    [[">=400"], 404, "retry"],
    [[">=500"], 404, "dead"],
    [["<500"], 404, "retry"],
    [["!401"], 401, "dead"],
    [["!401"], 500, "retry"],
    [["4xx", "!404"], 404, "dead"],
    [["4xx", "!404"], 409, "retry"],
    [["500-599"], 502, "retry"],
    [["500-599"], 499, "dead"],
  ])("%j makes %i a %s", (on, status, kind) => {
    expect(decide(answer(status), with_(on), standing, () => 0).kind).toBe(kind);
  });

  it("treats Cloudflare's answers for an unreachable origin as network errors", () => {
    const unreachable: Outcome = { status: 521, headers: {}, error: "connect_refused" };
    expect(decide(unreachable, with_(["network"]), standing, () => 0).kind).toBe("retry");
    expect(decide(unreachable, with_(["5xx"]), standing, () => 0).kind).toBe("retry");
    expect(decide(unreachable, with_(["!network"]), standing, () => 0).kind).toBe("dead");
    expect(decide(answer(500), with_(["network"]), standing, () => 0).kind).toBe("dead");
  });

  it("distinguishes network failures from statuses", () => {
    const failed: Outcome = { status: null, headers: null, error: "reset" };
    expect(decide(failed, with_(["network"]), standing, () => 0).kind).toBe("retry");
    expect(decide(failed, with_(["5xx"]), standing, () => 0).kind).toBe("dead");
    expect(decide({ ...failed, error: "timeout" }, with_(["timeout"]), standing, () => 0).kind).toBe("retry");
  });
});

describe("the retry schedule", () => {
  it("is 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 3 h, 6 h, 12 h, 24 h by default, then over", () => {
    const delays = Array.from({ length: 11 }, (_, index) => delayAfter(policy, index + 1));
    expect(delays).toEqual([...DEFAULT_SCHEDULE_SECONDS.map((seconds) => seconds * 1000), null]);
    expect(decide(answer(500), policy, { ...standing, attemptsMade: 11 }, () => 0)).toMatchObject({
      reason: "attempts_exhausted",
    });
  });

  it("doubles up to the cap when exponential, adds up when linear", () => {
    const exponential = retrySchema.parse({
      strategy: "exponential",
      base_seconds: 1,
      cap_seconds: 5,
      max_attempts: 5,
    });
    const linear = retrySchema.parse({ strategy: "linear", base_seconds: 2, cap_seconds: 5, max_attempts: 5 });
    expect([1, 2, 3, 4, 5].map((n) => delayAfter(exponential, n))).toEqual([1000, 2000, 4000, 5000, null]);
    expect([1, 2, 3, 4, 5].map((n) => delayAfter(linear, n))).toEqual([2000, 4000, 5000, 5000, null]);
  });

  it("repeats its last delay up to max_attempts, and stops short at fewer", () => {
    const more = retrySchema.parse({ schedule_seconds: [1, 2], max_attempts: 5 });
    expect([1, 2, 3, 4, 5].map((n) => delayAfter(more, n))).toEqual([1000, 2000, 2000, 2000, null]);
    expect(delayAfter(retrySchema.parse({ schedule_seconds: [1, 2], max_attempts: 1 }), 1)).toBeNull();
  });

  it("ends deliveries that would exceed max_age, extended by the time the circuit was open", () => {
    const short = retrySchema.parse({ schedule_seconds: [10], max_age_seconds: 5 });
    expect(decide(answer(500), short, standing, () => 0)).toMatchObject({ kind: "dead", reason: "age_exceeded" });
    expect(decide(answer(500), short, { ...standing, ageCreditMs: 5_000 }, () => 0).kind).toBe("retry");
  });

  it("adds up to a tenth of jitter and is never early", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attemptsMade, random) => {
          const decision = decide(answer(500), policy, { ...standing, attemptsMade }, () => random);
          const delay = delayAfter(policy, attemptsMade) ?? 0;
          expect(decision.kind === "retry" && decision.at >= now + delay && decision.at <= now + delay * 1.1 + 1).toBe(
            true,
          );
        },
      ),
    );
  });
});

describe("the receiver's Retry-After", () => {
  const waitOf = (status: number, headers: Record<string, string>, attemptsMade = 1, given = policy) => {
    const decision = decide(answer(status, headers), given, { ...standing, attemptsMade }, () => 0.999);
    return decision.kind === "retry" ? decision.at - now : decision;
  };
  const hourly = retrySchema.parse({ schedule_seconds: [3_600], max_attempts: 20 });

  it("takes precedence over the schedule, later or sooner", () => {
    expect(waitOf(429, { "retry-after": "120" })).toBe(120_000);
    expect(waitOf(429, { "retry-after": "2" })).toBe(2_000);
    expect(waitOf(503, { "retry-after": "2" }, 1, hourly)).toBe(2_000);
    expect(waitOf(500, { "retry-after": "120" })).toBe(120_000);
  });

  it("doubles each time up to the schedule, so that attempts are not used up at once", () => {
    expect([1, 2, 3, 4].map((n) => waitOf(429, { "retry-after": "1" }, n, hourly))).toEqual([1e3, 2e3, 4e3, 8e3]);
    expect(waitOf(429, { "retry-after": "1" }, 19, hourly)).toBe(3_600_000);
    expect(waitOf(429, { "retry-after": "1" }, 4)).toBe(8_000);
  });

  it("is at least 60 s after a timeout, and after a 429 without a time", () => {
    expect(decide(answer(429), policy, standing, () => 0)).toMatchObject({ at: now + 60_000, pauseUntil: null });
    expect(decide({ status: null, headers: null, error: "timeout" }, policy, standing, () => 0)).toMatchObject({
      at: now + 60_000,
    });
    expect(decide(answer(429), hourly, standing, () => 0)).toMatchObject({ at: now + 3_600_000 });
    expect(decide(answer(500), policy, standing, () => 0)).toMatchObject({ at: now + 5_000 });
    expect(decide(answer(503), policy, standing, () => 0)).toMatchObject({ at: now + 5_000 });
  });

  it("of -1 means never", () => {
    expect(waitOf(500, { "retry-after": "-1" })).toMatchObject({ kind: "dead", reason: "aborted_by_receiver" });
  });

  it("may be in the rate-limit headers", () => {
    expect(decide(answer(429, { "x-ratelimit-reset": "90" }), policy, standing, () => 0)).toMatchObject({
      at: now + 90_000,
      pauseUntil: now + 90_000,
    });
  });
});

describe("errors that no further attempt can change", () => {
  it.each([
    ["loop", "not_retryable"],
    ["too_large", "not_retryable"],
    ["body_missing", "unprocessable"],
  ] as const)("end the delivery at once: %s", (error, reason) => {
    expect(decide({ status: null, headers: null, error }, policy, standing, () => 0)).toMatchObject({
      kind: "dead",
      reason,
      disableConnection: false,
    });
  });
});
