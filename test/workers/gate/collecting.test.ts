import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { collectorClient } from "../../../src/gate/index.ts";

const collector = collectorClient(env.DESTINATION_GATE);
const limits = { max_events: 100, max_bytes: 1_000_000 };

describe("a gate with a collection of deliveries", () => {
  it("remembers them, their times and its calls after an eviction, and hands each out once [G2] [G3]", async () => {
    const until = Date.now() + 3_600_000;
    const chunk = (from: number) => ({
      from: 0,
      until,
      entries: Array.from({ length: 60 }, (_, index) => [`dlv_${from + index}`, 10] as const),
    });
    expect(await collector.collect("dst_collects", [chunk(0)], limits)).toEqual([until]);
    await evictDurableObject(env.DESTINATION_GATE.getByName("dst_collects"));
    const calls = await collector.collect("dst_collects", [chunk(60)], limits);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toBeLessThanOrEqual(Date.now());
    await evictDurableObject(env.DESTINATION_GATE.getByName("dst_collects"));
    const first = await collector.take("dst_collects", limits);
    expect(first.ids).toEqual(Array.from({ length: 100 }, (_, index) => `dlv_${index}`));
    await evictDurableObject(env.DESTINATION_GATE.getByName("dst_collects"));
    const second = await collector.take("dst_collects", limits);
    expect(second.ids).toEqual(Array.from({ length: 20 }, (_, index) => `dlv_${100 + index}`));
    expect(await collector.take("dst_collects", limits)).toEqual({ ids: [], calls: [] });
  });

  it("gives each to one of many callers at once", async () => {
    const entries = Array.from({ length: 1_000 }, (_, index) => [`dlv_${index}`, 10] as const);
    await collector.collect("dst_shared", [{ from: 0, until: Date.now(), entries }], limits);
    const taken = await Promise.all(Array.from({ length: 20 }, () => collector.take("dst_shared", limits)));
    const ids = taken.flatMap((one) => one.ids);
    expect(ids).toHaveLength(1_000);
    expect(new Set(ids).size).toBe(1_000);
  });
});
