// `npm run bench:lists [events]`: what a page of each list reads with 1,000,000 events on record in a local D1, nearly all in segments, and how long
// it takes compared with a record of one page. Walks through some pages of each list and jumps to its end; then looks up single events. Fails
// above the limits.
import type { DeliveryStatus, EventStatus } from "../src/model/lifecycle.ts";
import { SeededDatabase } from "./lists/database.ts";
import { BOUND_ROWS, DELIVERY_QUERIES, EVENT_QUERIES } from "./lists/seed.ts";
import { idOf } from "./lists/segments.ts";

const PAGES = 20;
const LIMIT = 200;
const FEW_EVENTS = 400;
const ROUNDS = 20;
const LOOKUPS = 200;
const MAX_RATIO = 1.5;
const MAX_LOOKUP_MS = 50;
const MAX_LOOKUP_ROWS = 1_000;
const events = Number(process.argv[2] ?? 1_000_000);

type Kind = "evt" | "dlv";

async function readPage({ reader }: SeededDatabase, kind: Kind, query: string, to: string): Promise<string | null> {
  const { source, destination, status } = Object.fromEntries(new URLSearchParams(query));
  const filter = {
    ...(source === undefined ? {} : { source_id: source }),
    ...(destination === undefined ? {} : { destination_id: destination }),
    from: `${kind}_`,
    to,
  };
  if (kind === "dlv") return (await reader.deliveries({ ...filter, status: status as DeliveryStatus }, LIMIT)).next;
  const page = await reader.events({ ...filter, status: status as EventStatus }, LIMIT);
  if (!page.ok) throw new Error(page.error);
  return page.value.next;
}

interface Figures {
  readonly pages: number;
  /** Rows that D1 reads for a page. */
  readonly most: number;
  readonly deepest: number;
  readonly objects: number;
}

async function walk(database: SeededDatabase, kind: Kind, query: string): Promise<Figures> {
  let pages = 0;
  let most = 0;
  let objects = 0;
  const page = async (to: string): Promise<string | null> => {
    database.rowsRead = 0;
    database.objectsRead = 0;
    const next = await readPage(database, kind, query, to);
    most = Math.max(most, database.rowsRead);
    objects = Math.max(objects, database.objectsRead);
    return next;
  };
  for (let to: string | null = `${kind}_~`; to !== null && pages < PAGES; pages++) to = await page(to);
  // A few thousand events are left.
  await page(idOf(3_000).replace("evt", kind));
  return { pages, most, objects, deepest: database.rowsRead };
}

/** The ratio of the fastest first pages, requested from both in turn: what else the machine does makes the others slower. */
async function compare(few: SeededDatabase, many: SeededDatabase, kind: Kind, query: string): Promise<number> {
  const fastest = new Map<SeededDatabase, number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const database of round % 2 === 0 ? [few, many] : [many, few]) {
      const startedAt = performance.now();
      await readPage(database, kind, query, `${kind}_~`);
      fastest.set(database, Math.min(fastest.get(database) ?? Infinity, performance.now() - startedAt));
    }
  }
  return (fastest.get(many) ?? NaN) / (fastest.get(few) ?? NaN);
}

const median = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;

async function lookUp(database: SeededDatabase): Promise<{ readonly ms: number; readonly rows: number }> {
  const times: number[] = [];
  let rows = 0;
  for (let index = 0; index < LOOKUPS; index++) {
    const id = idOf(1 + Math.floor(Math.random() * events));
    database.rowsRead = 0;
    const startedAt = performance.now();
    const found = await database.reader.event(id);
    times.push(performance.now() - startedAt);
    rows = Math.max(rows, database.rowsRead);
    if (!found.ok || found.value === null) throw new Error(`${id} is not found`);
  }
  return { ms: median(times), rows };
}

const startedAt = performance.now();
const few = await SeededDatabase.create(FEW_EVENTS);
const many = await SeededDatabase.create(events);
try {
  console.log(`seeded in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s: ${await many.size()}\n`);
  const columns = (...cells: readonly (string | number)[]): string =>
    cells.map((cell) => String(cell).padStart(8)).join(" ");
  console.log(`${"list".padEnd(92)} ${columns("pages", "rows", "deepest", "objects", "ratio")}`);
  const queries = [
    ...DELIVERY_QUERIES.map(({ query }) => ["dlv", query] as const),
    ...EVENT_QUERIES.map(({ query }) => ["evt", query] as const),
  ].filter(([, query]) => !query.includes("from="));
  let worst = 0;
  const ratios: number[] = [];
  for (const [kind, query] of queries) {
    const { pages, most, deepest, objects } = await walk(many, kind, query);
    const ratio = await compare(few, many, kind, query);
    worst = Math.max(worst, most, deepest);
    if (query === "") ratios.push(ratio);
    const name = `/${kind === "dlv" ? "deliveries" : "events"}?${query}`;
    console.log(`${name.padEnd(92)} ${columns(pages, most, deepest, objects, ratio.toFixed(2))}`);
  }
  const { ms, rows } = await lookUp(many);
  const highest = Math.max(...ratios);
  console.log(`\nmost rows read by a page: ${worst} of ${BOUND_ROWS}`);
  console.log(
    `time of a page without a filter: ${highest.toFixed(2)} times that of a record of ${FEW_EVENTS} events (limit ${MAX_RATIO})`,
  );
  console.log(
    `an event by its id: ${ms.toFixed(1)} ms (limit ${MAX_LOOKUP_MS}), ${rows} rows (limit ${MAX_LOOKUP_ROWS})`,
  );
  const isWithin = worst <= BOUND_ROWS && highest <= MAX_RATIO && ms <= MAX_LOOKUP_MS && rows <= MAX_LOOKUP_ROWS;
  process.exitCode = isWithin ? 0 : 1;
} finally {
  await few.close();
  await many.close();
}
