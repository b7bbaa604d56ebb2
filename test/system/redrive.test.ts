// A redrive on the running system: beside live traffic, and over a crash.
import { afterAll, beforeAll, expect, it } from "vitest";
import { pause, percentile, startSystem, type System } from "./harness.ts";
import { arrivedFrom, describeDelays, startTraffic } from "./live-traffic.ts";
import type { Replay } from "../../cli/client.ts";
import { arrivalsOf, endOf, makeDeadLetters } from "./redriving.ts";

const [DEAD, CRASHING] = [800, 200];
/** Each webhook dies in so many ways: that takes less time than as many webhooks. */
const WAYS = 4;
/** Live traffic to another destination, and to the one that the dead letters go to. */
const LIVE = ["elsewhere", "beside"];

let system: System;
let refusing = true;

beforeAll(async () => {
  system = await startSystem((path, response) =>
    response.writeHead(path === "/orders" && refusing ? 400 : 200).end("ok"),
  );
  const { client, route } = system;
  await route("elsewhere");
  await route("orders", { timeout_ms: 1_000, retry: { schedule_seconds: [] } });
  for (const source of ["beside", "crashing"]) {
    await client.call("POST /sources", { body: { slug: source } });
    await client.call("POST /connections", { body: { source, destination: "orders" } });
  }
  for (const source of ["orders", "crashing"])
    for (let way = 2; way <= WAYS; way++)
      await client.call("POST /connections", { body: { slug: `${source}-${way}`, source, destination: "orders" } });
  await makeDeadLetters(system, "orders", DEAD, WAYS);
  await makeDeadLetters(system, "crashing", CRASHING, WAYS);
  refusing = false;
});

afterAll(() => system.stop());

/**
 * A webhook waits up to a second for a fuller batch, and a machine that tests share stands still for as long again: less than this
 * says nothing of the redrive. `npm run bench:redrive` measures 10,000 dead letters without it.
 */
const FLOOR_MS = 2_000;

it("keeps the p99 delay of live traffic within 1.5 times its undisturbed value, and takes each dead letter once", async () => {
  const traffic = async (during: () => Promise<unknown>) => {
    const live = startTraffic(system, LIVE, 10);
    await during();
    return live.end();
  };
  // What the first requests cost that a fresh isolate takes.
  await traffic(() => pause(2_000));
  const calm = await traffic(() => pause(6_000));
  const former = arrivedFrom(system, "orders").length;
  let run: Replay | null = null;
  const beside = await traffic(async () => {
    const asked = { status: "dead", source: "orders", rate_per_second: 100 } as const;
    run = await endOf(system, (await system.client.startReplay(asked)).id);
  });
  expect(run).toMatchObject({ status: "done", matched: DEAD, queued: DEAD, done: DEAD, failed: 0 });
  const times = arrivalsOf(system, "orders", former);
  expect([times.size, Math.max(...times.values())]).toEqual([DEAD, 1]);
  for (const source of LIVE) {
    const [without, within] = [calm.get(source) ?? [], beside.get(source) ?? []];
    console.log(`redrive: ${source} ${describeDelays(without)} undisturbed, ${describeDelays(within)} beside it`);
    expect(within.length).toBeGreaterThan(50);
    expect(percentile(within, 0.99)).toBeLessThanOrEqual(1.5 * Math.max(FLOOR_MS, percentile(without, 0.99)));
  }
});

it("goes on to its end after kill -9 in the middle, and loses nothing [G2]", async () => {
  const former = arrivedFrom(system, "crashing").length;
  const { id } = await system.client.startReplay({ status: "dead", source: "crashing", rate_per_second: 40 });
  await expect.poll(() => arrivalsOf(system, "crashing", former).size, { timeout: 120_000 }).toBeGreaterThan(30);
  await system.crash();
  expect(arrivalsOf(system, "crashing", former).size).toBeLessThan(CRASHING);
  const run = await endOf(system, id);
  expect(run).toMatchObject({ status: "done", matched: CRASHING, queued: CRASHING, done: CRASHING, failed: 0 });
  const times = [...arrivalsOf(system, "crashing", former).values()];
  // What a consumer had in hand at that moment was sent, and is not on record: it is sent again.
  console.log(`redrive: ${times.filter((count) => count > 1).length} of ${CRASHING} sent twice over a crash`);
  expect(times).toHaveLength(CRASHING);
  expect(Math.max(...times)).toBeLessThanOrEqual(2);
  expect(times.filter((count) => count > 1).length).toBeLessThanOrEqual(100);
});
