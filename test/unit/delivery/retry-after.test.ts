import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { MAX_RETRY_AFTER_SECONDS } from "../../../src/config/limits.ts";
import { isNever, rateLimitReset, retryAfter } from "../../../src/delivery/outcome/retry-after.ts";

const now = Date.UTC(2026, 10, 24, 12, 0, 0);
const CLAMP_MS = MAX_RETRY_AFTER_SECONDS * 1000;

describe("Retry-After", () => {
  it.each([
    ["3", 3_000],
    [" 3 ", 3_000],
    ["1.5", 1_500],
    ["0.25", 250],
    ["6m5s", 365_000],
    ["6M5S", 365_000],
    ["1s", 1_000],
    ["250ms", 250],
    ["1h", 3_600_000],
    ["2d", CLAMP_MS],
    ["86400", CLAMP_MS],
    ["99999999999999999999", CLAMP_MS],
    ["Tue, 24 Nov 2026 12:01:00 GMT", 60_000],
    ["Tuesday, 24-Nov-26 12:01:00 GMT", 60_000],
    ["Tue Nov 24 12:01:00 2026", 60_000],
    ["tue, 24 nov 2026 12:01:00 gmt", 60_000],
    ["Tue, 01 Dec 2026 12:00:00 GMT", CLAMP_MS],
    ["Fri, 31 Dec 9999 23:59:59 GMT", CLAMP_MS],
    ["2026-11-24T12:01:00Z", 60_000],
    ["2026-11-24T14:01:00.000+02:00", 60_000],
    [String(now / 1000 + 30), 30_000],
    [String(now / 1000 + 30.5), 30_500],
    [String(now + 30_000), 30_000],
  ])("reads %j", (text, waitMs) => {
    expect(retryAfter(text, now)).toBe(now + waitMs);
  });

  it.each([
    "",
    "soon",
    "-5",
    "-1",
    "0",
    "0.0",
    "1e3",
    "0x10",
    "1,5",
    "NaN",
    "Infinity",
    "Tue, 24 Nov 2026 11:59:00 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "Tue, 24 Foo 2026 12:01:00 GMT",
    "2026-11-24T11:59:00Z",
    "2026-99-99T99:99:99Z",
    "2026-11-24",
    String(now / 1000 - 30),
    String(now - 30_000),
    "9".repeat(500),
  ])("takes %j for nothing", (text) => {
    expect(retryAfter(text, now)).toBeNull();
  });

  it("is null if absent, and means never if it is -1", () => {
    expect(retryAfter(undefined, now)).toBeNull();
    expect([isNever("-1"), isNever(" -1 "), isNever("-2"), isNever("1"), isNever(undefined)]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("gives an instant in the future and within the clamp, or null, for any value", () => {
    const text = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom("ms", "s", "m", "h", "d"))).map((parts) => parts.flat().join("")),
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 4e12 }), (value, at) => {
        const read = retryAfter(value, at);
        expect(read === null || (read > at && read <= at + CLAMP_MS)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("rate-limit headers", () => {
  it.each([
    ["seconds from now", { "x-ratelimit-reset": "30" }, 30_000],
    ["seconds since the epoch", { "x-ratelimit-reset": String(now / 1000 + 30) }, 30_000],
    ["milliseconds since the epoch", { "x-ratelimit-reset": String(now + 30_000) }, 30_000],
    ["a fraction (Discord)", { "x-ratelimit-reset-after": "1.25" }, 1_250],
    ["a duration (OpenAI)", { "x-ratelimit-reset-requests": "6m5s" }, 365_000],
    ["the later of two kinds", { "x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "20s" }, 20_000],
    [
      "the kind that is used up",
      {
        "x-ratelimit-remaining-requests": "9",
        "x-ratelimit-reset-requests": "50s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "20s",
      },
      20_000,
    ],
    ["RateLimit-Reset", { "ratelimit-remaining": "0", "ratelimit-reset": "40" }, 40_000],
    ["RateLimit, older draft", { ratelimit: "limit=100, remaining=0, reset=50" }, 50_000],
    ["RateLimit, newer draft", { ratelimit: '"default";r=0;t=30' }, 30_000],
    ["RateLimit with spaces", { ratelimit: '"default"; r=0; t=30' }, 30_000],
    ["RateLimit without a rest", { ratelimit: '"default";t=30' }, 30_000],
    ["RateLimit of several policies", { ratelimit: '"a, r=0;t=900";r=7;t=600, "b";r=0;t=30' }, 30_000],
    ["more than an hour", { "x-ratelimit-reset": "7200" }, CLAMP_MS],
  ])("tell %s", (_what, headers, waitMs) => {
    expect(rateLimitReset(headers as unknown as Record<string, string>, now)).toBe(now + waitMs);
  });

  it.each([
    [{}],
    [{ "x-ratelimit-reset": String(now / 1000 - 30) }],
    [{ "x-ratelimit-remaining": "12", "x-ratelimit-reset": "30" }],
    [{ ratelimit: '"default";r=50;t=30' }],
    [{ ratelimit: "limit=100, remaining=50, reset=50" }],
    [{ ratelimit: '"default"' }],
    [{ ratelimit: ";;==,,," }],
  ])("name nothing in %j", (headers) => {
    expect(rateLimitReset(headers as unknown as Record<string, string>, now)).toBeNull();
  });

  it("give an instant in the future and within the clamp, or null, for any value", () => {
    const name = fc.constantFrom(
      "x-ratelimit-reset",
      "x-ratelimit-reset-requests",
      "x-ratelimit-reset-tokens",
      "x-ratelimit-reset-after",
      "ratelimit-reset",
      "ratelimit",
    );
    const value = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.nat().map((t) => `"x";r=0;t=${t}`),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value), (headers) => {
        const read = rateLimitReset(headers, now);
        expect(read === null || (read > now && read <= now + CLAMP_MS)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
