// A delivery whose transform crashes the runtime, on the running Sluice: workerd runs out of memory and is started again.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, vi } from "vitest";
import { startSystem } from "./harness.ts";
import { workerdsOf } from "./security/workerd.ts";

const NEIGHBOURS = 10;

/** The claims of the crashed consumer expire at once, and the sweep brings everything back. */
function skipWaits(state: string): void {
  const folder = join(state, "v3/d1/miniflare-D1DatabaseObject");
  for (const name of readdirSync(folder).filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(file))) {
    const database = new DatabaseSync(join(folder, name));
    database.exec("UPDATE deliveries SET claimed_until = min(claimed_until, 1), requeued_until = NULL");
    database.exec("UPDATE outbox SET resend_at = 1");
    database.close();
  }
}

it("is dead after five crashes, and its neighbours are delivered [G2] [G10]", async () => {
  vi.stubEnv("SLUICE_DEV_ARGS", "test/system/crashing-worker.ts");
  const system = await startSystem();
  const seen = new Set<string>();
  const hasCrashed = (): boolean => {
    const running = workerdsOf(system.group() ?? 0);
    for (const pid of running) seen.add(pid);
    return [...seen].some((pid) => !running.includes(pid) && seen.delete(pid));
  };
  try {
    await system.route("neighbour");
    await system.route("poison");
    const { data } = await system.client.call("GET /connections", {});
    await system.client.call("PATCH /connections/{id}", {
      id: data.find(({ source_slug }) => source_slug === "poison")?.id ?? "",
      body: { transform: { body: '$encodeUrlComponent("crash")' } },
    });
    await Promise.all(Array.from({ length: NEIGHBOURS }, () => system.post("neighbour")));
    await system.post("poison");
    for (let crashes = 0; crashes < 5; crashes++) {
      await vi.waitUntil(hasCrashed, { timeout: 120_000, interval: 50 });
      skipWaits(system.state);
    }
    const deliveries = async (source: string) =>
      (await system.client.deliveriesOf(source)).map(({ status, last_error }) => [status, last_error]);
    await expect
      .poll(() => deliveries("poison"), { timeout: 120_000, interval: 500 })
      .toEqual([["dead", "consumer_crashed"]]);
    expect(system.to("poison")).toEqual([]);
    await expect
      .poll(() => deliveries("neighbour"), { timeout: 120_000, interval: 500 })
      .toEqual(Array.from({ length: NEIGHBOURS }, () => ["delivered", null]));
    // Together with it they are sent again, three times at most.
    const sent = Map.groupBy(system.to("neighbour"), ({ delivery }) => delivery);
    expect(sent.size).toBe(NEIGHBOURS);
    for (const requests of sent.values()) expect(requests.length).toBeLessThanOrEqual(4);
  } finally {
    await system.stop();
  }
});
