// `npm run bench:attacker`: whether someone who uses the costliest permitted filter and transform at 10 events a second slows down the
// intake of others. Starts Sluice as a user does, so filters and transforms run in the same isolate as ingest: Cloudflare runs consumers
// in others. Calm and attacked windows take turns, so that whatever else the machine does meets both. Prints the p99 of accepting in each
// kind of window, and exits with 1 if the ratio is above the promised one.
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { startSluice } from "../scripts/local-sluice.ts";

const PROMISE = 2;
/** Of each kind. */
const WINDOWS = Number(process.env["BENCH_WINDOWS"] ?? 6);
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 5);
const RATE = 50;
const ATTACKS_PER_SECOND = 10;

const receiver = createServer((request, response) => void request.resume().on("end", () => response.end("ok")));
receiver.listen(0, "127.0.0.1");
await once(receiver, "listening");
const target = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
const sluice = await startSluice();
const { client } = sluice;

/** Calls `work` at a steady rate for the time of a round, whether or not the former calls have ended. @returns milliseconds of each */
async function paced(perSecond: number, work: () => Promise<unknown>): Promise<number[]> {
  const started = performance.now();
  const calls: Promise<number>[] = [];
  for (let index = 0; index < perSecond * SECONDS; index++) {
    const wait = started + (index * 1_000) / perSecond - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const sent = performance.now();
    calls.push(work().then(() => performance.now() - sent));
  }
  return Promise.all(calls);
}

let attacks = 0;
const attack = (body: string) => async (): Promise<void> => {
  attacks += 1;
  await client.post("attacker", body);
};

/** Waits until nothing of the attack is under way: all of its transforms end their deliveries. */
async function drained(): Promise<void> {
  const ended = async (): Promise<number> =>
    (await client.deliveriesOf("attacker")).filter(({ status }) => status === "dead").length;
  while ((await ended()) < attacks) await new Promise((resolve) => setTimeout(resolve, 500));
}

const p99 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? NaN;
const post = (slug: string, body: string) => (): Promise<unknown> => client.post(slug, body);

try {
  for (const slug of ["calm", "attacker"]) {
    await client.call("POST /sources", { body: { slug } });
    await client.call("POST /destinations", { body: { slug, url: `${target}/${slug}` } });
  }
  await client.call("POST /connections", { body: { source: "calm", destination: "calm" } });
  // The first uses up the budget of a filter; the second matches at once and uses up that of an expression.
  await client.call("POST /connections", {
    body: { source: "attacker", destination: "attacker", filter: { body: { a: { $regex: "[ab]*a[ab]{20}[^ab]" } } } },
  });
  await client.call("POST /connections", {
    body: { source: "attacker", destination: "calm", transform: { body: "$match(a, /[a-z]+|x.*y/)" } },
  });
  const hostile = JSON.stringify({ a: "ab ".repeat(25_000) });
  const calmly = (): Promise<number[]> => paced(RATE, post("calm", "{}"));
  const attacked = async (): Promise<number[]> => {
    const [beside] = await Promise.all([calmly(), paced(ATTACKS_PER_SECOND, attack(hostile))]);
    return beside;
  };
  await attacked();
  const latenciesMs = { calm: [] as number[], beside: [] as number[] };
  for (let window = 0; window < WINDOWS; window++) {
    await drained();
    latenciesMs.calm.push(...(await calmly()));
    latenciesMs.beside.push(...(await attacked()));
  }
  const [calm, beside] = [p99(latenciesMs.calm), p99(latenciesMs.beside)];
  const ratio = beside / calm;
  console.log(`p99 calm ${calm.toFixed(1)} ms, beside the attacker ${beside.toFixed(1)} ms: ${ratio.toFixed(2)} times`);
  process.exitCode = ratio <= PROMISE ? 0 : 1;
} finally {
  await sluice.stop();
  receiver.closeAllConnections();
  receiver.close();
}
