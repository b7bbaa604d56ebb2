// What must hold on the running system: isolation, pace and large bodies, over HTTP only, as a user would see it.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pause, startSystem, type System } from "./harness.ts";

let system: System;

beforeAll(async () => {
  // A destination that never answers does just that.
  system = await startSystem((path, response) => void (path === "/never" || response.end("ok")));
});

afterAll(() => system.stop());

it("takes a body of 5 MB through R2, byte for byte [G6]", async () => {
  await system.route("large", {}, { max_body_bytes: 6_000_000 });
  const body = randomBytes(5_000_000);
  await system.post("large", body, { "content-type": "application/octet-stream" });
  await expect.poll(() => system.to("large")[0]?.body.equals(body), { timeout: 120_000 }).toBe(true);
});

it("holds 250 events to burst + 10 a second in every window, each deferred at most twice [G4] [G11]", async () => {
  const { client, route, post, to } = system;
  await route("paced", { rate_limit: { limit: 10, period_seconds: 1 } });
  for (let i = 0; i < 25; i++) await Promise.all(Array.from({ length: 10 }, () => post("paced")));
  const delivered = async (): Promise<number> =>
    (await client.deliveriesOf("paced")).filter((delivery) => delivery.status === "delivered").length;
  await expect.poll(delivered, { timeout: 120_000, interval: 2_000 }).toBe(250);
  const records = await client.deliveriesOf("paced");
  // Where the machine is held up, a few miss their slot.
  expect(records.filter((record) => record.deferrals > 2).length).toBeLessThanOrEqual(5);
  expect(Math.max(...records.map((record) => record.deferrals))).toBeLessThanOrEqual(3);
  expect(records.every((record) => record.attempts_made === 1)).toBe(true);
  const times = to("paced")
    .map((arrival) => arrival.at)
    .sort((a, b) => a - b);
  expect(times).toHaveLength(250);
  let worst = -Infinity;
  times.forEach((from, first) => {
    for (let last = first; last < times.length; last++) {
      worst = Math.max(worst, last - first + 1 - (10 + ((times[last] ?? 0) - from) / 100));
    }
  });
  console.log(
    `paced: worst window ${worst.toFixed(2)} over burst + rate × time, ${((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000} s in all`,
  );
  // The receiver takes what comes while it is held up in one go: half a second of it.
  expect(worst).toBeLessThanOrEqual(5);
});

it("lets a destination that never answers hold up a healthy one by one timeout, once [G5]", async () => {
  const { route, post, to } = system;
  const timeoutMs = 6_000;
  await route("never", { timeout_ms: timeoutMs });
  await route("healthy");
  for (let i = 0; i < 40; i++) await post("never");
  const startedAt = Date.now();
  let sent = 0;
  while (Date.now() - startedAt < 3 * timeoutMs) {
    await post("healthy");
    sent += 1;
    await pause(200);
  }
  const healthy = () => to("healthy");
  await expect.poll(() => healthy().length, { timeout: 120_000 }).toBe(sent);
  const delays = healthy().map((arrival) => ({
    sentAfterMs: arrival.sentAt - startedAt,
    delayMs: arrival.at - arrival.sentAt,
  }));
  const late = delays.filter((one) => one.delayMs >= 2_000);
  const after = delays.filter((one) => one.sentAfterMs > timeoutMs + 2_500);
  console.log(
    `healthy: worst delay ${Math.max(...delays.map((one) => one.delayMs))} ms, ${late.length} of ${sent} over 2 s, worst after the first timeout ${Math.max(...after.map((one) => one.delayMs))} ms`,
  );
  expect(Math.max(...delays.map((one) => one.delayMs))).toBeLessThan(2 * timeoutMs);
  expect(Math.max(...after.map((one) => one.delayMs))).toBeLessThan(timeoutMs / 2);
});
