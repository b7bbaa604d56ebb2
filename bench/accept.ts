// Measures what accepting costs: 1 KB with a verified GitHub signature, compared with a bare Hono Worker that only queues the same body.
// Prints both and their ratio; exits with 1 if the ratio is above the promised one.
import { createHmac, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Load } from "./load.ts";
import { startWorkers, TOKEN } from "./workers.ts";

const PROMISE = 1.5;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 60);
const REQUESTS = Number(process.env["BENCH_REQUESTS"] ?? 300);
const WIDTH = Number(process.env["BENCH_WIDTH"] ?? 8);
const WARM_UP = 3_000;
/** A larger distance between the quartiles of the rounds' ratios means that the machine is busy. */
const STEADY = 0.25;
const MAX_RUNS = 3;
const SECRET = "bench-secret";

const median = (values: readonly number[]): number => quantile(values, 0.5);
function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))] ?? NaN;
}
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const ms = (value: number): string => `${value.toFixed(3)} ms`;

/** 1,024 bytes of JSON, no two alike. */
function body(): Buffer {
  const head = `{"id":"${randomBytes(16).toString("hex")}","zen":"Keep it logically awesome.","filler":"`;
  return Buffer.from(`${head}${"x".repeat(1_024 - head.length - 2)}"}`);
}

/** The same request for both; the bare Worker ignores what it does not need. Signing is not measured. */
function requests(count: number): Buffer[] {
  return Array.from({ length: count }, () => {
    const payload = body();
    const signature = createHmac("sha256", SECRET).update(payload).digest("hex");
    const head =
      "POST /in/bench HTTP/1.1\r\nhost: bench.test\r\naccept: */*\r\nuser-agent: GitHub-Hookshot/044aadd\r\n" +
      `content-type: application/json\r\ncontent-length: ${payload.length}\r\nx-github-event: push\r\n` +
      `x-github-delivery: ${randomBytes(16).toString("hex")}\r\nx-hub-signature-256: sha256=${signature}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), payload]);
  });
}

/** CPU time of the workerd processes that this process started, in milliseconds; NaN without /proc. */
function workerdCpuMs(): number {
  let ticks = 0;
  for (const pid of workerds) {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return workerds.length === 0 ? NaN : ticks * 10;
}

function findWorkerds(): string[] {
  if (!existsSync("/proc")) return [];
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      return stat.includes("(workerd)") && Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === process.pid;
    } catch {
      // Exited in the meantime.
      return false;
    }
  });
}

const workers = await startWorkers();
const workerds = findWorkerds();
try {
  const created = await fetch(`http://127.0.0.1:${workers.sluicePort}/api/v1/sources`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ slug: "bench", verification: { type: "github", secrets: [SECRET] } }),
  });
  if (created.status !== 201) throw new Error(`source not created: ${created.status} ${await created.text()}`);

  const bare = await Load.open(workers.barePort, WIDTH);
  const sluice = await Load.open(workers.sluicePort, WIDTH);
  for (const load of [bare, sluice]) await load.run(requests(WARM_UP));
  console.log(`${ROUNDS} rounds of ${REQUESTS} requests each, ${WIDTH} at a time, 1,024 bytes, one workerd`);
  const runs: Run[] = [];
  do {
    const run = await compare(bare, sluice);
    print(run);
    runs.push(run);
  } while ((runs.at(-1)?.spread ?? 0) > STEADY && runs.length < MAX_RUNS);
  const [steadiest] = [...runs].sort((one, other) => one.spread - other.spread);
  if (runs.length > 1)
    console.log(`The machine is busy: the steadiest of ${runs.length} runs counts, ${steadiest?.ratio.toFixed(3)}.`);
  if (!((steadiest?.ratio ?? NaN) <= PROMISE)) {
    console.error(`Above the promised ratio of ${PROMISE}.`);
    process.exitCode = 1;
  }
  for (const load of [bare, sluice]) load.close();
} finally {
  await workers.stop();
}

interface Side {
  readonly name: string;
  readonly load: Load;
  /** The median of each round. */
  readonly rounds: number[];
  readonly latencies: number[];
  readonly cpuMs: number[];
}

interface Run {
  readonly sides: readonly [Side, Side];
  readonly ratio: number;
  readonly byRound: readonly number[];
  /** Distance between the quartiles of the rounds' ratios. */
  readonly spread: number;
}

async function compare(bareLoad: Load, sluiceLoad: Load): Promise<Run> {
  const side = (name: string, load: Load): Side => ({ name, load, rounds: [], latencies: [], cpuMs: [] });
  const bare = side("bare Hono Worker", bareLoad);
  const sluice = side("Sluice, verifying", sluiceLoad);
  for (let round = 0; round < ROUNDS; round++) {
    // The order alternates, so that a machine that slows down or speeds up favors neither.
    for (const { load, rounds, latencies, cpuMs } of round % 2 === 0 ? [bare, sluice] : [sluice, bare]) {
      const prepared = requests(REQUESTS);
      const cpuBefore = workerdCpuMs();
      const measured = await load.run(prepared);
      rounds.push(median(measured));
      latencies.push(...measured);
      cpuMs.push((workerdCpuMs() - cpuBefore) / REQUESTS);
    }
  }
  const byRound = bare.rounds.map((value, round) => (sluice.rounds[round] ?? NaN) / value);
  return {
    sides: [bare, sluice],
    ratio: median(sluice.latencies) / median(bare.latencies),
    byRound,
    spread: quantile(byRound, 0.75) - quantile(byRound, 0.25),
  };
}

function print({ sides, ratio, byRound }: Run): void {
  for (const { name, latencies, cpuMs } of sides) {
    console.log(
      `${name.padEnd(18)} median ${ms(median(latencies))}   p99 ${ms(quantile(latencies, 0.99))}   CPU ${ms(mean(cpuMs))} per request`,
    );
  }
  const [least, lower, upper, most] = [0, 0.25, 0.75, 1].map((at) => quantile(byRound, at).toFixed(2));
  const [bare, sluice] = sides.map(({ cpuMs }) => mean(cpuMs));
  console.log(
    `ratio of medians   ${ratio.toFixed(3)}   (by round: ${least} to ${most}, quartiles ${lower} to ${upper}); ` +
      `of CPU time ${((sluice ?? NaN) / (bare ?? NaN)).toFixed(3)}`,
  );
}
