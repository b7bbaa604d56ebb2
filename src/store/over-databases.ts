// Figures over all databases of the record: each counts what it records, so they are added up when they are read. The first one has the configuration.
import type { Watermarks } from "../config/env.ts";
import type { AlertSpec, Reading } from "../model/alert.ts";
import type { AuditEntry } from "../model/audit.ts";
import type { DeliveryId } from "../model/ids.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";
import { REMEMBERED_STATS } from "../config/record-limits.ts";
import { mergePages, type Page } from "../record/index.ts";
import { addCounts, Adder, NO_SUMS, type BucketCounts } from "../stats/index.ts";
import { readForAlerts } from "./alert-readings.ts";
import { listAudit, type AuditFilter } from "./audit.ts";
import { oldestWaiting, readBacklog } from "./lists.ts";
import { readMeasures, type Measures } from "./measures.ts";
import { busiestFirst, readCounts, type CountQuery, type GroupedCounts, type SettledSums } from "./stats.ts";

/** At least one. */
type Databases = readonly D1Database[];

const each = <T>(databases: Databases, read: (db: D1Database) => Promise<T>): Promise<T[]> =>
  Promise.all(databases.map(read));

/** As `readBacklog`. */
export const readBacklogs = async (databases: Databases, destination: string): Promise<Record<string, number>> =>
  addCounts(await each(databases, (db) => readBacklog(db, destination)));

/** As `oldestWaiting`. */
export async function oldestOfAll(
  databases: Databases,
  destination: string,
): Promise<{ readonly id: DeliveryId; readonly created_at: number } | null> {
  const found = await each(databases, (db) => oldestWaiting(db, destination));
  return found.reduce((a, b) => (a === null || (b !== null && b.id < a.id) ? b : a), null);
}

/** As `listAudit`: what is done to a delivery is noted in its database, what is done to a bulk replay in each. */
export async function listAllAudit(
  databases: Databases,
  filter: AuditFilter,
  limit: number,
): Promise<Page<AuditEntry>> {
  const page = mergePages(await each(databases, (db) => listAudit(db, filter, limit)), limit);
  return { ...page, rows: page.rows.filter(({ id }, index) => id !== page.rows[index - 1]?.id) };
}

/** As `readMeasures`; `databaseBytes` of the fullest. */
export async function readAllMeasures(databases: Databases): Promise<Measures> {
  const [first, ...others] = await each(databases, readMeasures);
  if (first === undefined) throw new Error("the record has no database");
  if (others.length === 0) return first;
  const all = [first, ...others];
  const totals = Map.groupBy(
    all.flatMap((measures) => measures.totals),
    (total) => `${total.source_id} ${total.destination_id}`,
  );
  const dead = Map.groupBy(
    all.flatMap(({ destinations }) => destinations),
    ({ id }) => id,
  );
  return {
    sources: first.sources,
    totals: [...totals.values()].flatMap((same) =>
      same.slice(0, 1).map((total) => ({ ...total, counts: addCounts(same.map(({ counts }) => counts)) })),
    ),
    destinations: first.destinations.map((one) => ({
      ...one,
      dead: (dead.get(one.id) ?? []).reduce((sum, own) => sum + own.dead, 0),
    })),
    databaseBytes: Math.max(...all.map(({ databaseBytes }) => databaseBytes)),
  };
}

/** As `readForAlerts`. */
export async function readAllForAlerts(
  databases: Databases,
  specs: readonly AlertSpec[],
  watermarks: Pick<Watermarks, "limitBytes">,
  now: number,
): Promise<Reading[]> {
  const [first = [], ...others] = await each(databases, (db) => readForAlerts(db, specs, watermarks, now));
  return others.reduce<Reading[]>((sums, own) => sums.map((sum, index) => addReadings(sum, own[index])), first);
}

function addReadings(a: Reading, b: Reading | undefined): Reading {
  if (a.kind === "counts" && b?.kind === "counts")
    return {
      kind: "counts",
      rows: byName([...a.rows, ...b.rows], (x, y) => ({
        name: x.name,
        dead: x.dead + y.dead,
        attempts: x.attempts + y.attempts,
        failed: x.failed + y.failed,
      })),
    };
  if (a.kind === "waiting" && b?.kind === "waiting")
    return {
      kind: "waiting",
      rows: byName([...a.rows, ...b.rows], (x, y) => ({
        name: x.name,
        count: x.count + y.count,
        oldest_at: Math.min(x.oldest_at, y.oldest_at),
      })),
    };
  if (a.kind === "storage" && b?.kind === "storage") return a.percent < b.percent ? b : a;
  // Circuits are known to the first database alone.
  return a;
}

const byName = <T extends { readonly name: string }>(rows: readonly T[], add: (a: T, b: T) => T): T[] =>
  [...Map.groupBy(rows, ({ name }) => name).values()].map((same) => same.reduce(add));

/** As `readCounts`. Of more groups than `query.most` in one database, the sums of the least busy may lack what they have there. */
export async function readAllCounts(
  databases: Databases,
  query: CountQuery,
  settled: WeakMap<D1Database, SettledSums>,
  now: number,
): Promise<GroupedCounts> {
  const [first, ...others] = await each(databases, (db) => {
    const own = settled.get(db) ?? new BoundedMap(REMEMBERED_STATS);
    settled.set(db, own);
    return readCounts(db, query, own, now);
  });
  if (first === undefined) throw new Error("the record has no database");
  if (others.length === 0) return first;
  const all = [first, ...others];
  const sums = new Adder(NO_SUMS);
  for (const { groups } of all)
    for (const [id, buckets] of groups) for (const [at, counts] of buckets) sums.add(id, at, counts);
  const groups = busiestFirst(sums.sums().groups);
  return {
    overall: addBuckets(all.map(({ overall }) => overall)),
    groups: groups.slice(0, query.most),
    total: Math.max(groups.length, ...all.map(({ total }) => total)),
  };
}

function addBuckets(all: readonly BucketCounts[]): BucketCounts {
  const sums = new Adder(NO_SUMS);
  for (const buckets of all) for (const [at, counts] of buckets) sums.add(null, at, counts);
  return sums.sums().overall;
}
