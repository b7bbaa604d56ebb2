// `npm run bench:redrive`: measures how a redrive of many dead letters affects live traffic, as the latency from post to arrival at a steady
// rate, to another destination and to the same one, on a local Sluice as a user starts it. Exits with 1 if the p99 grows by more than half, or
// if a dead letter does not arrive exactly once.
import { arrivedFrom, describeDelays, startTraffic } from "../test/system/live-traffic.ts";
import { pause, percentile, startSystem } from "../test/system/harness.ts";
import { arrivalsOf, endOf, makeDeadLetters } from "../test/system/redriving.ts";

const DEAD_LETTERS = Number(process.env["BENCH_DEAD_LETTERS"] ?? 10_000);
/** Webhooks per second of each kind of live traffic. */
const LIVE_RATE = Number(process.env["BENCH_LIVE_RATE"] ?? 10);
/** Measured before and after the redrive: the difference shows the noise of the machine. */
const CALM_SECONDS = Number(process.env["BENCH_CALM_SECONDS"] ?? 60);
/** Deliveries per second; the API's default if not set. */
const REDRIVE_RATE = process.env["BENCH_REDRIVE_RATE"];
/** Response time of the dead letters' destination. */
const ANSWER_MS = Number(process.env["BENCH_ANSWER_MS"] ?? 100);
const MOST = 1.5;
const WARM_UP_MS = 15_000;

/** Live traffic to another destination, and to the dead letters' destination. */
const LIVE = ["elsewhere", "beside"] as const;

let refusing = true;
const system = await startSystem((path, response) => {
  const orders = path === "/orders";
  setTimeout(() => response.writeHead(orders && refusing ? 400 : 200).end(), orders && !refusing ? ANSWER_MS : 0);
});
try {
  process.exitCode = (await measure()) ? 0 : 1;
} finally {
  await system.stop();
}

async function measure(): Promise<boolean> {
  const { client, route } = system;
  await route("elsewhere");
  await route("orders", { retry: { schedule_seconds: [] } });
  await client.call("POST /sources", { body: { slug: "beside" } });
  await client.call("POST /connections", { body: { source: "beside", destination: "orders" } });

  console.log(`Making ${DEAD_LETTERS} dead letters ...`);
  await makeDeadLetters(system, "orders", DEAD_LETTERS);
  refusing = false;
  // A pace that is enough for both, so that both use the gate.
  await client.call("PATCH /destinations/{id}", {
    id: "orders",
    body: { rate_limit: { limit: 200, period_seconds: 1 } },
  });
  const died = arrivedFrom(system, "orders").length;

  const calm = async () => {
    const traffic = startTraffic(system, LIVE, LIVE_RATE);
    await pause(CALM_SECONDS * 1_000);
    return traffic.end();
  };
  // Warms up the isolate.
  const warmUp = startTraffic(system, LIVE, LIVE_RATE);
  await pause(WARM_UP_MS);
  await warmUp.end();

  const before = await calm();
  const traffic = startTraffic(system, LIVE, LIVE_RATE);
  const startedAt = Date.now();
  const { id } = await client.startReplay({
    status: "dead",
    destination: "orders",
    ...(REDRIVE_RATE === undefined ? {} : { rate_per_second: Number(REDRIVE_RATE) }),
  });
  const run = await endOf(system, id);
  const tookMs = Date.now() - startedAt;
  const during = await traffic.end();
  const after = await calm();

  const times = arrivalsOf(system, "orders", died);
  const once = [...times.values()].filter((count) => count === 1).length;
  console.log(
    `redrive: ${run.status} after ${(tookMs / 1_000).toFixed(1)} s at ${run.rate_per_second} a second; matched ${run.matched}, queued ${run.queued}, ` +
      `done ${run.done}, failed ${run.failed}; ${once} of ${DEAD_LETTERS} arrived exactly once, ${times.size - once} more than once`,
  );
  let holds =
    run.status === "done" &&
    once === DEAD_LETTERS &&
    times.size === once &&
    run.matched === DEAD_LETTERS &&
    run.done === once;
  for (const source of LIVE) {
    const of = (delays: ReadonlyMap<string, readonly number[]>): readonly number[] => delays.get(source) ?? [];
    const undisturbed = [...of(before), ...of(after)];
    const ratio = percentile(of(during), 0.99) / percentile(undisturbed, 0.99);
    holds &&= ratio <= MOST;
    console.log(
      `live traffic to ${source === "beside" ? "the same destination" : "another destination"}, ${LIVE_RATE} a second`,
    );
    console.log(`  before          ${describeDelays(of(before))}`);
    console.log(`  after           ${describeDelays(of(after))}`);
    console.log(`  both            ${describeDelays(undisturbed)}`);
    console.log(`  beside redrive  ${describeDelays(of(during))}`);
    console.log(`  ratio of p99    ${ratio.toFixed(2)} (at most ${MOST})`);
  }
  return holds;
}
