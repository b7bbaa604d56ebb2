// A destination that takes many events at once, on the running Sluice with its real queues and gates.
import { expect, it } from "vitest";
import { startSystem } from "./harness.ts";

it("brings 500 events in a few requests, every one of them, and records all as delivered", async () => {
  const system = await startSystem();
  try {
    await system.route("many", { batch: { max_events: 100, max_wait_seconds: 3 } });
    for (let i = 0; i < 500; i += 20) await Promise.all(Array.from({ length: 20 }, () => system.post("many")));
    const received = (): number => system.to("many").reduce((sum, { events }) => sum + events, 0);
    await expect.poll(received, { timeout: 120_000, interval: 250 }).toBe(500);
    expect(system.to("many").length).toBeLessThanOrEqual(15);
    expect(Math.max(...system.to("many").map(({ events }) => events))).toBe(100);
    const open = async (): Promise<number> => {
      const { backlog } = await system.client.health("many");
      return Object.values(backlog).reduce((sum, count) => sum + count, 0);
    };
    await expect.poll(open, { timeout: 120_000, interval: 500 }).toBe(0);
    expect(received()).toBe(500);
    const sizes = system.to("many").map(({ events }) => events);
    console.log(`500 events in ${sizes.length} requests: ${sizes.join(", ")}`);
  } finally {
    await system.stop();
  }
});
