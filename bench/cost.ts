// Calculates what a million webhooks cost: sends some through Sluice in a local workerd, meters every binding, and applies Cloudflare's list
// prices (Workers Paid, beyond what is included). Exits with 1 above the budget. CPU time and the duration of Durable Objects are not metered,
// because local values say nothing about the platform.
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Meter } from "./meter.ts";
import { convertV4MiniflareOptions, migrate, Miniflare, readSettings, sluiceOptions, TOKEN } from "./workers.ts";

const WEBHOOKS = Number(process.env["BENCH_WEBHOOKS"] ?? 2_000);
const WIDTH = 16;
const SECRET = "bench-secret";
const DRAINED_WITHIN_MS = 120_000;

/** Dollars per million. https://developers.cloudflare.com/workers/platform/pricing/ and the products' own pages */
const PRICES: Readonly<Record<keyof Meter, number>> = {
  requests: 0.3,
  queue_writes: 0.4,
  queue_reads: 0.4,
  queue_deletes: 0.4,
  d1_rows_read: 0.001,
  d1_rows_written: 1,
  d1_calls: 0,
  object_requests: 0.15,
  object_rows_written: 1,
  kv_reads: 0.5,
  kv_writes: 5,
  r2_writes: 4.5,
  r2_reads: 0.36,
  log_lines: 0.6,
};

interface Scenario {
  readonly name: string;
  readonly destination: Readonly<Record<string, unknown>>;
  /** Response status of each delivery's first attempt. */
  readonly firstStatus: number;
  /** Maximum per webhook. */
  readonly budget: Partial<Record<keyof Meter, number>>;
}

/** Two rows and a share of the batch's counters, three queue operations, no KV, R2 or gate. A row read costs a thousandth of a row written. */
const FIRST_TRY = {
  queue_writes: 1,
  queue_reads: 1,
  queue_deletes: 1,
  d1_rows_written: 2.1,
  d1_rows_read: 50,
  object_requests: 0.1,
  kv_reads: 0.05,
  kv_writes: 0,
  r2_writes: 0,
  r2_reads: 0,
  log_lines: 0.1,
} satisfies Partial<Record<keyof Meter, number>>;

const SCENARIOS: readonly Scenario[] = [
  { name: "delivered at the first try", destination: {}, firstStatus: 200, budget: FIRST_TRY },
  {
    name: "the same at a pace",
    destination: { rate_limit: { limit: 10_000, period_seconds: 1, burst: 10_000 } },
    firstStatus: 200,
    // One row per call, and one or two calls per batch.
    budget: { ...FIRST_TRY, object_requests: 0.1, object_rows_written: 0.1 },
  },
  {
    name: "delivered at the second try",
    destination: { retry: { schedule_seconds: [1, 1, 1] }, circuit: null },
    firstStatus: 500,
    budget: {
      queue_writes: 2,
      queue_reads: 2,
      queue_deletes: 2,
      // Three for the failed first attempt, three for the next one.
      d1_rows_written: 6.1,
      d1_rows_read: 100,
      log_lines: 1.1,
    },
  },
];

const config = readSettings();
const receiver = createServer((request, response) => {
  request.resume().on("end", () => {
    const isFirst = request.headers["sluice-attempt"] === "1";
    const scenario = SCENARIOS[Number((request.url ?? "").slice(1))];
    const status = isFirst ? (scenario?.firstStatus ?? 200) : 200;
    if (status === 200) delivered += 1;
    response.writeHead(status).end();
  });
});
let delivered = 0;
receiver.listen(0, "127.0.0.1");
await once(receiver, "listening");
const target = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    workers: [
      {
        ...sluiceOptions(config, "bench/metered-worker.ts", { SLUICE_ALLOW_PRIVATE: "true", DOH_URL: "off" }),
        queueConsumers: Object.fromEntries(
          (config.queues.consumers ?? []).map((consumer) => [
            consumer.queue,
            {
              maxBatchSize: consumer.max_batch_size ?? 100,
              maxBatchTimeout: consumer.max_batch_timeout ?? 1,
              maxRetries: consumer.max_retries ?? 3,
            },
          ]),
        ),
      },
    ],
  }),
);

try {
  await miniflare.ready;
  await migrate(miniflare);
  const origin = (await miniflare.unsafeGetDirectURL("sluice")).origin;
  let within = true;
  for (const [index, scenario] of SCENARIOS.entries()) {
    within = report(scenario, await run(origin, scenario, index)) && within;
  }
  if (!within) {
    console.error("Above the budget.");
    process.exitCode = 1;
  }
} finally {
  await miniflare.dispose();
  receiver.closeAllConnections();
  receiver.close();
}

async function run(origin: string, scenario: Scenario, index: number): Promise<Meter> {
  const slug = `bench-${index}`;
  await create(origin, "sources", { slug, verification: { type: "github", secrets: [SECRET] } });
  await create(origin, "destinations", { slug, url: `${target}/${index}`, ...scenario.destination });
  await create(origin, "connections", { source: slug, destination: slug });
  // The first webhook reads routes and secrets that all others find in memory.
  await post(origin, slug);
  await drained(1);
  await readMeter(origin);
  for (let sent = 0; sent < WEBHOOKS; sent += WIDTH)
    await Promise.all(Array.from({ length: Math.min(WIDTH, WEBHOOKS - sent) }, () => post(origin, slug)));
  await drained(WEBHOOKS);
  return settled(origin);
}

async function create(origin: string, kind: string, body: object): Promise<void> {
  const response = await fetch(`${origin}/api/v1/${kind}`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.status !== 201) throw new Error(`${kind}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

/** 1,024 bytes of JSON, no two alike. */
async function post(origin: string, slug: string): Promise<void> {
  const head = `{"id":"${randomBytes(16).toString("hex")}","filler":"`;
  const body = `${head}${"x".repeat(1_024 - head.length - 2)}"}`;
  const response = await fetch(`${origin}/in/${slug}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
    },
    body,
  });
  if (response.status !== 202) throw new Error(`refused: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

async function drained(count: number): Promise<void> {
  const until = Date.now() + DRAINED_WITHIN_MS;
  while (delivered < count) {
    if (Date.now() > until) throw new Error(`${delivered} of ${count} delivered`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
  delivered = 0;
}

async function readMeter(origin: string): Promise<Meter> {
  const response = await fetch(`${origin}/bench/meter`);
  const counted: Meter = await response.json();
  return counted;
}

/** Everything counted so far, once all messages are settled. */
async function settled(origin: string): Promise<Meter> {
  const sum = await readMeter(origin);
  const until = Date.now() + DRAINED_WITHIN_MS;
  while (sum.queue_deletes < sum.queue_writes) {
    if (Date.now() > until) throw new Error("messages were not settled");
    await new Promise((wake) => setTimeout(wake, 200));
    const more = await readMeter(origin);
    for (const name of Object.keys(sum) as (keyof Meter)[]) sum[name] += more[name];
  }
  return sum;
}

/** @returns whether it is within its budget */
function report({ name, budget }: Scenario, counted: Meter): boolean {
  console.log(`\n${name}: ${WEBHOOKS} webhooks of 1 KB, verified, one destination`);
  console.log(`${"".padEnd(22)}${"per webhook".padStart(12)}${"budget".padStart(10)}${"$ per million".padStart(16)}`);
  let dollars = 0;
  let within = true;
  for (const [unit, count] of Object.entries(counted) as [keyof Meter, number][]) {
    const each = count / WEBHOOKS;
    const limit = budget[unit];
    const above = limit !== undefined && each > limit;
    dollars += each * PRICES[unit];
    within &&= !above;
    const figures = each.toFixed(3).padStart(12) + (limit?.toString() ?? "").padStart(10);
    console.log(
      `${unit.padEnd(22)}${figures}${(each * PRICES[unit]).toFixed(3).padStart(16)}${above ? "  above" : ""}`,
    );
  }
  console.log(`${"".padEnd(44)}${`$ ${dollars.toFixed(2)}`.padStart(16)}`);
  return within;
}
