// Figures over all databases of the record: each counts what it records, so they are added up when they are read. The first one has the configuration.
import type { Watermarks } from "../config/env.ts";
import type { AlertSpec, Reading } from "../model/alert.ts";
import type { AuditEntry } from "../model/audit.ts";
import type { DeliveryId } from "../model/ids.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";
import { REMEMBERED_STATS } from "../config/record-limits.ts";
import { mergePages, type Page } from "../record/index.ts";
import { addCounts, Adder, NO_SUMS, type BucketCounts } from "../stats/index.ts";
import { countDead, countListedDead, readAccepted, readActivity, type Activity } from "./activity.ts";
import { readForAlerts } from "./alert-readings.ts";
import { listAudit, type AuditFilter } from "./audit.ts";
import { countWaiting, nextDue, oldestWaiting, readBacklog, type NextDue } from "./lists.ts";
import { readMeasures, type Measures } from "./measures.ts";
import { busiestFirst, readCounts, type CountQuery, type GroupedCounts, type SettledSums } from "./stats.ts";

/** At least one. */
type Databases = readonly D1Database[];

const each = <T>(databases: Databases, read: (db: D1Database) => Promise<T>): Promise<T[]> =>
  Promise.all(databases.map(read));

/** As `readBacklog`. */
export const readBacklogs = async (databases: Databases, destination: string): Promise<Record<string, number>> =>
  addCounts(await each(databases, (db) => readBacklog(db, destination)));

/** As `countWaiting`. */
export const countAllWaiting = async (databases: Databases): Promise<Record<string, number>> =>
  addCounts(await each(databases, countWaiting));

/** As `countListedDead`: up to the limit in each. */
export const countAllListedDead = async (
  databases: Databases,
  ids: readonly string[],
  limit: number,
): Promise<Record<string, number>> => addCounts(await each(databases, (db) => countListedDead(db, ids, limit)));

/** As `countDead`: up to the limit in each. */
export const countAllDead = async (databases: Databases): Promise<number> =>
  (await each(databases, countDead)).reduce((a, b) => a + b, 0);

/** As `readAccepted`. */
export const readAllAccepted = async (
  databases: Databases,
  ids: readonly string[],
  now: number,
): Promise<Record<string, number>> => addCounts(await each(databases, (db) => readAccepted(db, ids, now)));

/** As `readActivity`. */
export async function readAllActivity(databases: Databases, now: number): Promise<Activity> {
  const all = await each(databases, (db) => readActivity(db, now));
  return {
    attempts: merged(
      all.map(({ attempts }) => attempts),
      (a, b) => ({ attempts: a.attempts + b.attempts, failed: a.failed + b.failed }),
    ),
    requests: merged(
      all.map(({ requests }) => requests),
      (a, b) => ({ accepted: a.accepted + b.accepted, refused: a.refused + b.refused }),
    ),
    used: all.reduce<Activity["used"]>(
      (sum, { used }) => (sum === null || used === null ? null : new Set([...sum, ...used])),
      new Set(),
    ),
  };
}

function merged<T>(maps: readonly ReadonlyMap<string, T>[], add: (a: T, b: T) => T): Map<string, T> {
  const sums = new Map<string, T>();
  for (const map of maps)
    for (const [id, value] of map) {
      const sum = sums.get(id);
      sums.set(id, sum === undefined ? value : add(sum, value));
    }
  return sums;
}

/** As `oldestWaiting`. */
export async function oldestOfAll(
  databases: Databases,
  destination: string,
): Promise<{ readonly id: DeliveryId; readonly created_at: number } | null> {
  const found = await each(databases, (db) => oldestWaiting(db, destination));
  return found.reduce((a, b) => (a === null || (b !== null && b.id < a.id) ? b : a), null);
}

/** As `nextDue`. */
export async function nextDueOfAll(databases: Databases, destination: string, limit: number): Promise<NextDue[]> {
  const found = (await each(databases, (db) => nextDue(db, destination, limit))).flat();
  const dueAt = ({ next_attempt_at }: NextDue): number => next_attempt_at ?? Infinity;
  return found.sort((a, b) => (dueAt(a) < dueAt(b) ? -1 : dueAt(a) > dueAt(b) ? 1 : 0)).slice(0, limit);
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
  if (a.kind === "issues" && b?.kind === "issues")
    return {
      kind: "issues",
      rows: byName([...a.rows, ...b.rows], (x, y) => ({ ...x, count: x.count + y.count })),
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
