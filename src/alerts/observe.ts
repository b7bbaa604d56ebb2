// Checks a rule's condition against a reading. Pure.
import { SECOND_MS } from "../kernel/durations.ts";
import { isFailing } from "../model/health.ts";
import type { AlertDetail, AlertRule, AlertSpec, Observation, Reading } from "../model/alert.ts";

const MAX_DETAILS = 5;

/** @param reading of the rule's kind @param now milliseconds since the epoch */
export function observe(rule: AlertRule, reading: Reading, now: number): Observation {
  switch (rule.type) {
    case "dead_letters": {
      const rows = reading.kind === "counts" ? reading.rows : [];
      const dead = rows.map(({ name, dead: value }) => ({ name, value }));
      const value = total(dead);
      return found(value > rule.threshold, value, most(dead));
    }
    case "success_rate":
      return successRate(rule, reading);
    case "circuit_open": {
      const names = reading.kind === "circuits" ? reading.names : [];
      return found(names.length > 0, names.length, most(names.map((name) => ({ name, value: 1 }))));
    }
    case "destination_failing":
    case "source_refusing": {
      const rows = reading.kind === "health" ? reading.rows.filter(({ health }) => isFailing(health)) : [];
      return found(rows.length > 0, rows.length, most(rows.map(({ name }) => ({ name, value: 1 }))));
    }
    case "oldest_message": {
      const rows = reading.kind === "waiting" ? reading.rows : [];
      const ages = rows.map((row) => ({
        name: row.name,
        value: Math.max(0, Math.floor((now - row.oldest_at) / SECOND_MS)),
      }));
      const value = Math.max(0, ...ages.map((age) => age.value));
      return found(value > rule.older_than_seconds, value, most(ages));
    }
    case "backlog": {
      const rows = reading.kind === "waiting" ? reading.rows : [];
      const waiting = rows.map(({ name, count: value }) => ({ name, value }));
      const value = total(waiting);
      return found(value > rule.threshold, value, most(waiting));
    }
    case "open_issues": {
      const rows = reading.kind === "issues" ? reading.rows : [];
      const open = rows.map(({ name, count: value, issue }) => ({ name, value, issue }));
      return found(open.length > rule.threshold, open.length, most(open));
    }
    case "storage": {
      const value = reading.kind === "storage" ? reading.percent : 0;
      return found(value >= rule.percent, value, []);
    }
  }
}

function successRate(rule: Extract<AlertRule, { type: "success_rate" }>, reading: Reading): Observation {
  const rows = reading.kind === "counts" ? reading.rows : [];
  const attempts = rows.reduce((sum, row) => sum + row.attempts, 0);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  // No attempts: the failures have stopped.
  if (attempts === 0) return { verdict: "clear", value: null, details: [] };
  const value = (attempts - failed) / attempts;
  const failures = most(rows.map((row) => ({ name: row.name, value: row.failed })));
  if (attempts < rule.min_attempts) return { verdict: "unknown", value, details: failures };
  return found(value < rule.below, value, failures);
}

const found = (breached: boolean, value: number, details: readonly AlertDetail[]): Observation => ({
  verdict: breached ? "breached" : "clear",
  value,
  details,
});

const total = (details: readonly AlertDetail[]): number => details.reduce((sum, { value }) => sum + value, 0);

const most = (details: readonly AlertDetail[]): AlertDetail[] =>
  details
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value)
    .slice(0, MAX_DETAILS);

/** Whether events in the queue count too. Their destinations are not known yet, so they count only for a rule about all of them. */
export const countsQueue = ({ rule, destination }: AlertSpec): boolean =>
  (rule.type === "backlog" || rule.type === "oldest_message") && destination === null;

/** Adds the events queue to the reading, where the platform reports its size. */
export function withQueue(
  spec: AlertSpec | undefined,
  reading: Reading,
  queue: { readonly backlog_count: number | null; readonly oldest_at: number | null } | undefined,
): Reading {
  const { backlog_count, oldest_at } = queue ?? { backlog_count: null, oldest_at: null };
  if (spec === undefined || !countsQueue(spec) || reading.kind !== "waiting" || (backlog_count ?? 0) === 0)
    return reading;
  const row = { name: "events queue", count: backlog_count ?? 0, oldest_at: oldest_at ?? Infinity };
  return { ...reading, rows: [...reading.rows, row] };
}
