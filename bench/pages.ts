// `npm run bench:pages [events]`: every page of the dashboard with 1,000,000 deliveries on record, compared with an empty database with the same
// sources, destinations and connections, in the same run: cold (the first visit of a page in a fresh isolate) and warm. Fails if a page takes more
// than 1.5 times as long warm or cold, or reads more than 2,500 rows. `BENCH_ONLY` limits it to pages that contain a text.
import {
  percentile,
  read,
  rowsRead,
  Site,
  timeBoth,
  view,
  type Name,
  type Viewer,
  type Viewers,
} from "./overview/site.ts";

const MAX_RATIO = 1.5;
const MAX_ROWS = 2_500;
const WARM_ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 40);
const COLD_ROUNDS = Number(process.env["BENCH_COLD_ROUNDS"] ?? 21);
const WARM_UP = 5;
/** Each has two deliveries. */
const events = Number(process.argv[2] ?? 1_000_000) / 2;

const ROUTE = "destination-1-1";
/** Beside the pages of the menu. */
const MORE = [
  "/?range=1h",
  "/?range=7d",
  "/?range=30d",
  "/events?status=dead",
  "/events?source=source-1",
  `/dead-letters?destination=${ROUTE}`,
  "/deliveries?status=retrying",
  `/deliveries?destination=${ROUTE}`,
  "/refused?range=7d",
  "/connect?provider=stripe",
  `/connect/${ROUTE}`,
  "/replays/new",
  "/sources/source-1",
  "/sources/source-1/edit",
  "/sources/new",
  `/destinations/${ROUTE}`,
  `/destinations/${ROUTE}/edit`,
  "/destinations/new",
  `/connections/${ROUTE}`,
  `/connections/${ROUTE}/edit`,
  "/connections/new",
  "/alerts/new",
  "/ledger",
  "/settings/tokens",
  "/settings/audit",
  "/settings/config",
];

interface Figures {
  readonly warm: Readonly<Record<Name, number[]>>;
  readonly cold: Readonly<Record<Name, number[]>>;
  readonly rows: number;
}

const median = (times: readonly number[]): number => percentile(times, 0.5);
const ratio = ({ full, empty }: Readonly<Record<Name, readonly number[]>>): number => median(full) / median(empty);

/** The pages of the dashboard: those that its menu links to, and more. */
async function pagesOf({ full }: Viewers): Promise<string[]> {
  const html = await read(full, "/");
  const menu = html.slice(html.indexOf('<nav id="nav"'), html.indexOf("</nav>"));
  const rooms = [...menu.matchAll(/ href="(\/[^"]*)"/g)].map(([, path = ""]) => path);
  const all = [...new Set(rooms), ...MORE].filter((path) => path !== "/docs");
  return all.filter((path) => path.includes(process.env["BENCH_ONLY"] ?? ""));
}

/** The first visit of each page in isolates that have answered another page, so that only what the page itself remembers is missing. */
async function timeCold(viewers: Viewers, round: number, cold: ReadonlyMap<string, Figures["cold"]>): Promise<void> {
  for (const name of ["empty", "full"] as const) await view(viewers[name], "/docs");
  for (const [path, times] of round % 2 === 0 ? cold : [...cold].toReversed())
    for (const name of round % 2 === 0 ? (["empty", "full"] as const) : (["full", "empty"] as const))
      times[name].push(await view(viewers[name], path));
}

/** A filter that no stored event matches, tried on the latest 100: each is in the answer. @returns milliseconds, and rows that D1 reads */
async function timePreview(viewer: Viewer): Promise<{ readonly times: number[]; readonly rows: number }> {
  const editor = `/connections/${ROUTE}/edit`;
  const [, csrf = ""] = /name="_csrf" value="([^"]+)"/.exec(await read(viewer, editor)) ?? [];
  const path = editor.replace("/edit", "");
  const form = { _csrf: csrf, try: "stored", filter: '{"body":{"order":2}}' };
  const page = await read(viewer, path, form);
  if (!page.includes("no longer matches")) throw new Error("nothing was previewed");
  const times: number[] = [];
  for (let round = 0; round < WARM_ROUNDS; round++) times.push(await view(viewer, path, form));
  return { times, rows: await rowsRead(viewer, path, form) };
}

const cell = (text: string | number): string =>
  (typeof text === "number" ? text.toFixed(text < 10 ? 2 : 0) : text).padStart(9);

const startedAt = performance.now();
const site = new Site();
try {
  const stored = await site.seed(events);
  console.log(`seeded ${stored} in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  const cold = new Map<string, Record<Name, number[]>>(
    (await pagesOf(await site.viewers())).map((path) => [path, { empty: [], full: [] }]),
  );
  for (let round = 0; round < COLD_ROUNDS; round++) {
    await site.restart();
    await timeCold(await site.viewers(), round, cold);
  }
  const viewers = await site.viewers();
  console.log(`${COLD_ROUNDS} cold and ${WARM_ROUNDS} warm rounds; medians in milliseconds\n`);
  console.log(["page".padEnd(44), ...["cold", "empty", "ratio", "warm", "empty", "ratio", "rows"].map(cell)].join(""));
  const failed: string[] = [];
  for (const [path, own] of cold) {
    const warm = await timeBoth(viewers, path, WARM_ROUNDS, WARM_UP);
    const rows = await rowsRead(viewers.full, path);
    const cells = [median(own.full), median(own.empty), ratio(own), median(warm.full), median(warm.empty), ratio(warm)];
    console.log([path.padEnd(44), ...cells.map(cell), String(rows).padStart(9)].join(""));
    if (Math.max(ratio(own), ratio(warm)) > MAX_RATIO || rows > MAX_ROWS) failed.push(path);
  }
  const preview = await timePreview(viewers.full);
  console.log(
    `${"a preview of 100 stored events".padEnd(71)}${cell(median(preview.times))}${String(preview.rows).padStart(27)}`,
  );
  if (preview.rows > MAX_ROWS) failed.push("the preview");
  console.log(
    failed.length === 0
      ? `\nevery page within ${MAX_RATIO} times its empty time, and ${MAX_ROWS} rows`
      : `\nabove ${MAX_RATIO} times the empty time, or ${MAX_ROWS} rows: ${failed.join(", ")}`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
} finally {
  await site.close();
}
