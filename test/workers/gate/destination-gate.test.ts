import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { circuitSchema } from "../../../src/model/policies.ts";
import { gateClient, type AcquireRequest, type GateLimits } from "../../../src/gate/index.ts";

const gate = gateClient(env.DESTINATION_GATE);
const request = (limits: GateLimits, fresh: number): AcquireRequest => ({
  limits,
  entitled: 0,
  fresh,
  horizon_ms: 1_000,
  lease_ms: 60_000,
});

describe("a gate in its Durable Object", () => {
  it("counts across all consumers that ask at once [G4]", async () => {
    const limits: GateLimits = {
      rate_limit: { limit: 1, period_seconds: 3_600, burst: 7 },
      max_concurrency: null,
      circuit: null,
      adaptive: true,
    };
    const answers = await Promise.all(Array.from({ length: 20 }, () => gate.acquire("dst_pace", request(limits, 3))));
    const going = answers.flatMap((answer) => answer.grants).filter((grant) => grant.kind === "go");
    expect(going).toHaveLength(7);
  });

  it("gives no more places than there are, across all consumers [G4]", async () => {
    const limits: GateLimits = { rate_limit: null, max_concurrency: 5, circuit: null, adaptive: true };
    const answers = await Promise.all(Array.from({ length: 10 }, () => gate.acquire("dst_places", request(limits, 2))));
    expect(answers.reduce((sum, answer) => sum + (answer.lease?.width ?? 0), 0)).toBe(5);
  });

  it("remembers pace, leases and circuit after an eviction [G4]", async () => {
    const limits: GateLimits = {
      rate_limit: { limit: 1, period_seconds: 3_600, burst: 2 },
      max_concurrency: 3,
      circuit: circuitSchema.parse({ failure_threshold: 2, open_seconds: 600, max_open_seconds: 600 }),
      adaptive: true,
    };
    await gate.acquire("dst_evicted", request(limits, 2));
    const told = {
      lease_id: null,
      successes: 0,
      failures: 2,
      neutral: 0,
      throttled: 0,
      throttled_at: null,
      span_ms: 10,
      trailing_failures: 2,
      unused: 0,
      pause_until: null,
      mean_ms: 5,
    };
    await gate.report("dst_evicted", { limits, ...told });
    const before = await gate.inspect("dst_evicted", limits);
    await evictDurableObject(env.DESTINATION_GATE.getByName("dst_evicted"));
    expect(await gate.inspect("dst_evicted", limits)).toEqual(before);
    expect(before).toMatchObject({ circuit: "open", leases_in_use: 2, consecutive_failures: 2 });
  });
});
