// `npm run bench:overview [events]`: compares the overview's time with 1,000,000 events on record and with an empty database with the same sources,
// destinations and connections. Two Sluices in one local workerd are requested in turn by one signed-in viewer; D1 counts the rows read.
// Fails if the median is more than 1.5 times as high. `npm run bench:pages` measures all pages.
import { percentile, rowsRead, Site, timeBoth, type Viewers } from "./overview/site.ts";

const MAX_RATIO = 1.5;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 100);
const WARM_UP = 10;
const events = Number(process.argv[2] ?? 1_000_000);
/** Only the first one has a limit. */
const PAGES = ["/", "/?range=1h", "/?range=7d", "/?range=30d"];

const startedAt = performance.now();
const site = new Site();
try {
  const stored = await site.seed(events);
  const viewers = await site.viewers();
  console.log(`seeded ${stored} in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  console.log(`${ROUNDS} rounds; milliseconds, median and p99\n`);
  console.log(
    ["page".padEnd(14), ...["empty", "p99", "full", "p99", "ratio", "rows read"].map((word) => word.padStart(10))].join(
      "",
    ),
  );
  const ratios: number[] = [];
  for (const path of PAGES) ratios.push(await measure(viewers, path));
  const [judged = Infinity] = ratios;
  console.log(`\noverview: ${judged.toFixed(2)} times as long as with an empty database (limit ${MAX_RATIO})`);
  process.exitCode = judged <= MAX_RATIO ? 0 : 1;
} finally {
  await site.close();
}

/** @returns the ratio of the medians, full to empty */
async function measure(viewers: Viewers, path: string): Promise<number> {
  const { empty, full } = await timeBoth(viewers, path, ROUNDS, WARM_UP);
  const rows = await rowsRead(viewers.full, path);
  const ratio = percentile(full, 0.5) / percentile(empty, 0.5);
  const figures = [
    percentile(empty, 0.5),
    percentile(empty, 0.99),
    percentile(full, 0.5),
    percentile(full, 0.99),
    ratio,
  ].map((one) => one.toFixed(2));
  console.log([path.padEnd(14), ...[...figures, String(rows)].map((one) => one.padStart(10))].join(""));
  return ratio;
}
