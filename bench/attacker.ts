// `npm run bench:attacker`: whether someone who uses the costliest permitted filter and transform at 10 events a second slows down the
// intake of others. Starts Sluice as a user does, so filters and transforms run in the same isolate as ingest: Cloudflare runs consumers
// in others. Prints the p99 of accepting, calm and beside the attacker, and exits with 1 if the ratio is above the promised one.
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { startSluice } from "../scripts/local-sluice.ts";

const PROMISE = 2;
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 20);
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
  await paced(RATE, post("calm", "{}"));
  const calm = p99(await paced(RATE, post("calm", "{}")));
  const [beside] = await Promise.all([
    paced(RATE, post("calm", "{}")),
    paced(ATTACKS_PER_SECOND, post("attacker", hostile)),
  ]);
  const ratio = p99(beside) / calm;
  console.log(
    `p99 calm ${calm.toFixed(1)} ms, beside the attacker ${p99(beside).toFixed(1)} ms: ${ratio.toFixed(2)} times`,
  );
  process.exitCode = ratio <= PROMISE ? 0 : 1;
} finally {
  await sluice.stop();
  receiver.closeAllConnections();
  receiver.close();
}
