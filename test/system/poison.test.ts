// A delivery that ends its consumer, on the running Sluice: the receiver kills it as soon as that delivery's request arrives.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { startSystem } from "./harness.ts";

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
  let arrived = (): void => undefined;
  const system = await startSystem((path, response) => {
    if (path === "/poison") arrived();
    else response.writeHead(200).end();
  });
  try {
    await system.route("poison", { timeout_ms: 30_000 });
    await system.route("neighbour", {});
    for (let crashes = 0; crashes < 5; crashes++) {
      const arrival = new Promise<void>((resolve) => (arrived = resolve));
      if (crashes === 0)
        await Promise.all([
          system.post("poison"),
          ...Array.from({ length: NEIGHBOURS }, () => system.post("neighbour")),
        ]);
      await arrival;
      await system.crash(skipWaits);
    }
    const deliveries = async (source: string) =>
      (await system.client.deliveriesOf(source)).map(({ status, last_error }) => [status, last_error]);
    await expect
      .poll(() => deliveries("poison"), { timeout: 60_000, interval: 500 })
      .toEqual([["dead", "consumer_crashed"]]);
    expect(system.to("poison")).toHaveLength(5);
    await expect
      .poll(() => deliveries("neighbour"), { timeout: 60_000, interval: 500 })
      .toEqual(Array.from({ length: NEIGHBOURS }, () => ["delivered", null]));
    // Together with it they are sent again, three times at most.
    const sent = Map.groupBy(system.to("neighbour"), ({ delivery }) => delivery);
    expect(sent.size).toBe(NEIGHBOURS);
    for (const requests of sent.values()) expect(requests.length).toBeLessThanOrEqual(4);
  } finally {
    await system.stop();
  }
}, 240_000);
