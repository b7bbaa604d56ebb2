// `npm run bench:cost [--json] [life …]`: calculates what a million webhooks cost over their whole lives, from arrival until retention has removed them,
// with 14 days of storage. Sends some through Sluice in a local workerd whose time it moves, meters every binding, and applies list prices.
// Exits with 1 above a limit. CPU time and the duration of Durable Objects are not metered: local values say nothing about the platform.
import type { Meter } from "./meter.ts";
import { CASES, LIVES, type Case } from "./cost/lives.ts";
import { runLife, type Figures } from "./cost/run-life.ts";
import { MeteredSluice } from "./cost/sluice.ts";
import { readSettings, sluiceOptions } from "./workers.ts";

/** Webhooks of a case, by the size of batches: enough for what a minute and a page of D1 cost to be a small part of the whole. */
const WEBHOOKS: Readonly<Record<number, number>> = { 1: 300, 10: 1_000, 100: 2_000 };

const args = process.argv.slice(2);
const isJson = args.includes("--json");
const wanted = args.filter((arg) => !arg.startsWith("--"));
const print = (line: string): void => void (isJson || console.log(line));

const options = sluiceOptions(readSettings(), "bench/cost/worker.ts", {
  SLUICE_ALLOW_PRIVATE: "true",
  DOH_URL: "off",
});
const results: object[] = [];
const above: string[] = [];
print(
  [
    "life",
    "batch",
    "body",
    "rows",
    "queue",
    "R2",
    "D1 B",
    "waiting",
    "R2 B",
    "arrival",
    "record",
    "retention",
    "storage",
    "$/million",
  ]
    .map(cell)
    .join(""),
);
for (const one of CASES.filter(({ life }) => wanted.length === 0 || wanted.includes(life))) {
  const sluice = new MeteredSluice(options);
  try {
    const figures = await runLife(sluice, one, WEBHOOKS[one.batch] ?? 0);
    above.push(...exceeded(one, figures));
    results.push({ ...one, ...figures });
    print(line(one, figures).map(cell).join(""));
  } finally {
    await sluice.stop();
  }
}
if (isJson) console.log(JSON.stringify(results, null, 2));
for (const text of above) console.error(`above its limit: ${text}`);
process.exitCode = above.length === 0 ? 0 : 1;

function cell(value: string | number, column: number): string {
  return column === 0 ? String(value).padEnd(44) : String(value).padStart(10);
}

function line({ life, batch, bodyBytes }: Case, figures: Figures): (string | number)[] {
  const { stored, waiting, dollars } = figures;
  return [
    LIVES[life].name,
    batch,
    bodyBytes,
    total(figures, "d1_rows_written", "object_rows_written").toFixed(3),
    total(figures, "queue_writes", "queue_reads", "queue_deletes").toFixed(2),
    total(figures, "r2_writes", "r2_reads").toFixed(3),
    stored.d1.toFixed(0),
    waiting.d1.toFixed(0),
    stored.r2.toFixed(0),
    ...Object.values(dollars).map((one) => one.toFixed(2)),
  ];
}

function total({ arrival, record, retention }: Figures, ...units: (keyof Meter)[]): number {
  return units.reduce((sum, unit) => sum + arrival[unit] + record[unit] + retention[unit], 0);
}

function exceeded({ life, batch, bodyBytes, limits }: Case, figures: Figures): string[] {
  const name = `${life}, batches of ${batch}, ${bodyBytes} bytes`;
  const compared: readonly [string, number, number | undefined][] = [
    ["dollars per million", figures.dollars.all, limits.dollars],
    ["rows written", total(figures, "d1_rows_written"), limits.rows],
    ["bytes of D1", figures.stored.d1, limits.bytes],
    ["bytes of D1 while waiting", figures.waiting.d1, limits.waitingBytes],
  ];
  return compared.flatMap(([what, value, limit]) =>
    limit !== undefined && value > limit ? [`${name}: ${value.toFixed(3)} ${what}, limit ${limit}`] : [],
  );
}
