// Bulk replays over all databases of the record: a run has a part in each, with a share of its pace, which takes the deliveries of that database and
// counts them in the transactions that change them. What is shown is the sum of the parts.
import type { AuditEntry } from "../model/audit.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Replay, Run } from "../model/replay.ts";
import { refreshCopy } from "./config-copy.ts";
import type { Plan } from "./replay-pieces.ts";
import { cancelReplay, insertReplay, listReplays, readRun } from "./replays.ts";
import type { Page } from "./scan.ts";

type Databases = readonly D1Database[];

export interface WholePlan extends Plan {
  /** In the order of the databases. */
  readonly parts: readonly Plan[];
}

/** A plan of each database, with the configuration as it is now, put together. @param sample how many deliveries it shows at most */
export async function planWhole(
  databases: Databases,
  plan: (db: D1Database) => Promise<Plan>,
  sample: number,
): Promise<WholePlan> {
  const [first] = databases;
  const parts = await Promise.all(
    databases.map(async (db) => {
      if (first !== undefined && db !== first) await refreshCopy(first, db);
      return plan(db);
    }),
  );
  return {
    parts,
    matched: parts.reduce((sum, { matched }) => sum + matched, 0),
    exact: parts.every(({ exact }) => exact),
    sample: parts
      .flatMap((part) => part.sample)
      .sort((a: Delivery, b: Delivery) => (a.id < b.id ? -1 : 1))
      .slice(0, sample),
  };
}

/** As `insertReplay`. The first part makes the run known; where a later one fails, the same request with its idempotency key adds it. */
export async function insertWholeReplay(
  databases: Databases,
  run: Pick<Replay, "id" | "filter" | "rate_per_second" | "created_at">,
  { parts }: Pick<WholePlan, "parts">,
  entry: AuditEntry,
): Promise<void> {
  const rate_per_second = run.rate_per_second / databases.length;
  for (const [index, db] of databases.entries()) {
    const { matched = 0, exact = true } = parts[index] ?? {};
    await insertReplay(db, { ...run, rate_per_second, matched, matched_exact: exact }, entry);
  }
}

/** As `readRun`. */
export async function readWholeReplay(databases: Databases, id: string): Promise<Replay | null> {
  const parts = await Promise.all(databases.map((db) => readRun(db, id)));
  return whole(parts.filter((part) => part !== null));
}

/** As `listReplays`. */
export async function listWholeReplays(
  [first, ...others]: Databases,
  before: string | null,
  limit: number,
): Promise<Page<Replay>> {
  if (first === undefined) throw new Error("the record has no database");
  const page = await listReplays(first, before, limit);
  if (others.length === 0) return page;
  // They were begun together, so the same page of another database has their other parts.
  const pages = await Promise.all(others.map((db) => listReplays(db, before, limit)));
  const parts = Map.groupBy(
    [page, ...pages].flatMap(({ rows }) => rows),
    ({ id }) => id,
  );
  return { rows: page.rows.map((run) => whole(parts.get(run.id) ?? []) ?? run), next: page.next };
}

/** As `cancelReplay`. */
export async function cancelWholeReplay(
  databases: Databases,
  id: string,
  now: number,
  entry: AuditEntry,
): Promise<Replay | null> {
  const changed = await Promise.all(databases.map((db) => cancelReplay(db, id, now, entry)));
  return changed.every((part) => part === null) ? null : readWholeReplay(databases, id);
}

function whole(parts: readonly Run[]): Replay | null {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first ?? null;
  const sum = (of: (part: Run) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const open = parts.find(({ status }) => status === "running");
  const cancelled = parts.find(({ status }) => status === "cancelled");
  return {
    ...(open ?? cancelled ?? first),
    rate_per_second: sum((part) => part.rate_per_second),
    // A part that has seen all of its deliveries knows better than its plan.
    matched: sum(({ collected, seen, matched }) => (collected ? seen : Math.max(matched, seen))),
    matched_exact: parts.every(({ collected, matched_exact }) => collected || matched_exact),
    seen: sum(({ seen }) => seen),
    collected: parts.every(({ collected }) => collected),
    queued: sum(({ queued }) => queued),
    done: sum(({ done }) => done),
    failed: sum(({ failed }) => failed),
    finished_at: open === undefined ? Math.max(...parts.map(({ finished_at }) => finished_at ?? 0)) : null,
  };
}
