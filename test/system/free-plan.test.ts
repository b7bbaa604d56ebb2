// The profile of the free plan on the running Sluice: no R2, batches of ten, 50 calls at a time.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { RawConfig } from "../../scripts/deploy/configuration.ts";
import { startSystem } from "./harness.ts";

const MOST_BYTES = 96 * 1024;
const FANS = 12;

it("delivers bodies of up to 96 KB without R2, refuses larger ones, and puts off what a batch may not send without an attempt", async () => {
  const system = await startSystem(undefined, { SLUICE_PLAN: "free" });
  try {
    await system.route("shop");
    const body = Buffer.alloc(MOST_BYTES, "0123456789");
    const id = await system.post("shop", body);
    await expect.poll(() => system.to("shop").length, { timeout: 120_000, interval: 100 }).toBe(1);
    expect(system.to("shop")[0]?.body.equals(body)).toBe(true);
    const authorization = `Bearer ${system.client.token}`;
    const kept = async () => fetch(`${system.client.origin}/api/v1/events/${id}/body`, { headers: { authorization } });
    await expect.poll(async () => (await kept()).status, { timeout: 120_000 }).toBe(200);
    expect(Buffer.from(await (await kept()).arrayBuffer()).equals(body)).toBe(true);

    const larger = "x".repeat(MOST_BYTES + 1);
    const refused = await fetch(`${system.client.origin}/in/shop`, { method: "POST", body: larger });
    const published = await fetch(`${system.client.origin}/api/v1/events`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ source: "shop", body: larger }),
    });
    for (const response of [refused, published])
      expect([response.status, await response.json()]).toEqual([
        413,
        expect.objectContaining({
          code: "body_too_large",
          detail: expect.stringContaining(String(MOST_BYTES)) as unknown,
        }),
      ]);

    await system.client.call("POST /sources", { body: { slug: "fan" } });
    for (let fan = 0; fan < FANS; fan++) {
      await system.client.call("POST /destinations", { body: { slug: `fan-${fan}`, url: `${system.target}/fan` } });
      await system.client.call("POST /connections", { body: { source: "fan", destination: `fan-${fan}` } });
    }
    await Promise.all(Array.from({ length: 10 }, () => system.post("fan")));
    await expect.poll(() => system.to("fan").length, { timeout: 120_000, interval: 250 }).toBe(10 * FANS);
    await expect
      .poll(
        async () => (await system.client.deliveriesOf("fan")).filter(({ status }) => status === "delivered").length,
        { timeout: 120_000, interval: 250 },
      )
      .toBe(10 * FANS);
    const deliveries = await system.client.deliveriesOf("fan");
    expect(new Set(deliveries.map(({ attempts_made }) => attempts_made))).toEqual(new Set([1]));
    expect(system.to("fan")).toHaveLength(10 * FANS);
    const { r2_buckets, queues } = JSON.parse(readFileSync(join(system.state, "free.json"), "utf8")) as RawConfig;
    expect(r2_buckets).toEqual([]);
    expect(queues?.consumers?.map(({ max_batch_size }) => max_batch_size)).toEqual([10, 6, 10, 6, 10, 10]);
  } finally {
    await system.stop();
  }
});
