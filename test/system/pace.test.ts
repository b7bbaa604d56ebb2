// Live changes of the pace and isolation, measured on the running system over HTTP only.
import { afterAll, beforeAll, expect, it } from "vitest";
import { pause, percentile, startSystem, type System } from "./harness.ts";

let system: System;

beforeAll(async () => {
  system = await startSystem((path, response) => {
    if (path !== "/dead") response.end("ok");
  });
});

afterAll(() => system.stop());

it("brings a raised pace to 1,000 waiting deliveries within 5 s, and never passes it [G4]", async () => {
  const { client, route, post, to } = system;
  await route("raised", { rate_limit: { limit: 1, period_seconds: 1 } });
  for (let i = 0; i < 100; i++) await Promise.all(Array.from({ length: 10 }, () => post("raised")));
  const waiting = async (): Promise<number> => {
    return (await client.health("raised")).backlog.deferred ?? 0;
  };
  await expect.poll(waiting, { timeout: 120_000, interval: 1_000 }).toBeGreaterThan(900);
  const before = to("raised").length;
  await client.call("PATCH /destinations/{id}", {
    id: "raised",
    body: { rate_limit: { limit: 100, period_seconds: 1, burst: 100 } },
  });
  const changedAt = Date.now();
  // At the former pace it would be a quarter of an hour; at the new one, ten seconds and as long as the machine takes.
  await expect.poll(() => to("raised").length, { timeout: 120_000, interval: 500 }).toBe(1_000);
  const after = to("raised")
    .slice(before)
    .map(({ at }) => at - changedAt);
  const early = after.filter((at) => at <= 5_000).length;
  let worst = -Infinity;
  after.forEach((from, first) => {
    for (let last = first; last < after.length; last++)
      worst = Math.max(worst, last - first + 1 - 100 - ((after[last] ?? 0) - from) / 10);
  });
  console.log(
    `raised: ${early} of ${after.length} within 5 s, all after ${Math.max(...after)} ms, worst window ${worst.toFixed(1)} over burst + rate × time`,
  );
  // At the former pace it would have been five. The burst is 100.
  expect(early).toBeGreaterThan(50);
  expect(worst).toBeLessThanOrEqual(0);
});

/** Less than this is the noise of a busy machine: it counts as undisturbed. Milliseconds. */
const FLOOR_MS = 2_000;

it("keeps the p99 delay of a healthy destination within twice its undisturbed value beside one that times out on every request [G5]", async () => {
  const { client, route, post, to } = system;
  await route("calm", {});
  // Without a circuit it goes on timing out, however often it has.
  await route("dead", { timeout_ms: 1_000, circuit: null, retry: { schedule_seconds: [1, 1, 1, 1, 1, 1] } });
  const measure = async (forMs: number, alongside: () => Promise<unknown>): Promise<number[]> => {
    const first = to("calm").length;
    let sent = 0;
    for (const until = Date.now() + forMs; Date.now() < until; sent++) {
      await Promise.all([post("calm"), sent % 2 === 0 ? alongside() : null]);
      await pause(100);
    }
    await expect.poll(() => to("calm").length, { timeout: 120_000 }).toBe(first + sent);
    return to("calm")
      .slice(first)
      .map(({ at, sentAt }) => at - sentAt);
  };
  // What the first requests cost that a fresh isolate takes.
  await measure(3_000, async () => undefined);
  const undisturbed = await measure(12_000, async () => undefined);
  for (let i = 0; i < 20; i++) await post("dead");
  const lane = async () => (await client.health("dead")).lane;
  await expect.poll(lane, { timeout: 120_000, interval: 500 }).toBe("slow");
  const timedOut = to("dead").length;
  const beside = await measure(12_000, () => post("dead"));
  const [p99, besideP99] = [percentile(undisturbed, 0.99), percentile(beside, 0.99)];
  console.log(
    `isolation: p99 ${p99} ms undisturbed (${undisturbed.length} sent), ${besideP99} ms beside ${to("dead").length - timedOut} timeouts (${beside.length} sent)`,
  );
  expect(to("dead").length - timedOut).toBeGreaterThan(20);
  expect(besideP99).toBeLessThanOrEqual(2 * Math.max(FLOOR_MS, p99));
});
