// An issue: what keeps failing at one destination for one cause. The first failure opens it, a failure after its end opens it again. Pure.
import { ERROR_CODES, type Delivery } from "./delivery.ts";
import type { DeliveryId, DestinationId } from "./ids.ts";

/** `muted`: it raises no alert, until a time or for good. A mute outlasts the issue's end. */
export const ISSUE_STATUSES = ["open", "acknowledged", "muted", "closed"] as const;
export type IssueStatus = (typeof ISSUE_STATUSES)[number];

/** Counts the causes beyond those that a destination has an issue for. */
export const OTHER_CAUSE = "other";

export interface IssueKey {
  readonly destination_id: DestinationId;
  /** `status_` and an HTTP status, an error code of attempts, or why there was no attempt. */
  readonly cause: string;
}

/** Instants are milliseconds since the epoch. */
export interface Issue extends IssueKey {
  /** Failures since it was opened. */
  readonly count: number;
  /** When it was opened, last by a failure after its end. */
  readonly first_seen_at: number;
  readonly last_seen_at: number;
  /** When the oldest affected event was accepted. */
  readonly affected_from: number;
  /** One of those that failed last. */
  readonly last_delivery_id: DeliveryId;
  /** How often it was opened again. */
  readonly reopened: number;
  readonly acknowledged_at: number | null;
  readonly muted_at: number | null;
  /** Null for good. */
  readonly muted_until: number | null;
  readonly closed_at: number | null;
  /** Who closed it: `sluice`, or a principal's name. */
  readonly closed_by: string | null;
}

/** What a person or the sweep decides about an issue. */
export type IssueDecision = Pick<Issue, "acknowledged_at" | "muted_at" | "muted_until" | "closed_at" | "closed_by">;

const ISSUE_ID = /^iss_([0-9a-hjkmnp-tv-z]{26})_([a-z0-9_]{1,40})$/;

/** The id names the destination and the cause, so that it is the same in every database and each time that it opens. */
export const issueId = ({ destination_id, cause }: IssueKey): string => `iss_${destination_id.slice(4)}_${cause}`;

/** Null for what no issue's id can be. */
export function issueKey(id: string): IssueKey | null {
  const [, digits, cause = ""] = ISSUE_ID.exec(id) ?? [];
  return digits === undefined ? null : { destination_id: `dst_${digits}` as DestinationId, cause };
}

const CODES = new Set<string>(ERROR_CODES);

/** The cause that a delivery's last error names; null where it has none. `CAUSE` of store/causes.ts is the same in SQL. */
export function causeOf({ last_error, last_response_status }: Failure): string | null {
  if (last_error === null) return null;
  const at = last_error.indexOf(": ");
  const tail = at < 0 ? last_error : last_error.slice(at + 2);
  const code = CODES.has(tail) ? tail : at < 0 ? last_error : last_error.slice(0, at);
  return code === "http_status" ? `status_${last_response_status ?? 0}` : code;
}
type Failure = Pick<Delivery, "last_error" | "last_response_status">;

/**
 * The cause for which a delivery's last step failed: an attempt that failed, an end without one, or a wait for what cannot be had, such as a secret. Null
 * for every other step.
 * @param counts what the step adds to the counters
 */
export function failureCause(delivery: Delivery, counts: Readonly<Record<string, number>>): string | null {
  const waits =
    counts["deferred"] !== undefined && delivery.last_error?.startsWith(`${delivery.deferred_by}: `) === true;
  const failed = counts["failed_attempts"] !== undefined || counts["dead"] !== undefined || waits;
  return failed ? causeOf(delivery) : null;
}

export function issueStatus(
  { closed_at, muted_at, muted_until, acknowledged_at }: IssueDecision,
  now: number,
): IssueStatus {
  if (closed_at !== null) return "closed";
  if (muted_at !== null && (muted_until === null || muted_until > now)) return "muted";
  return acknowledged_at === null ? "open" : "acknowledged";
}

/** One issue as several databases have it: what is open speaks for it. */
export function mergeIssue(rows: readonly [Issue, ...Issue[]]): Issue {
  const open = rows.filter(({ closed_at }) => closed_at === null);
  const speaking = open.length > 0 ? open : rows;
  return speaking.reduce((a, b) => ({
    ...(a.last_seen_at >= b.last_seen_at ? a : b),
    count: a.count + b.count,
    first_seen_at: Math.min(a.first_seen_at, b.first_seen_at),
    affected_from: Math.min(a.affected_from, b.affected_from),
    reopened: Math.max(a.reopened, b.reopened),
    acknowledged_at: a.acknowledged_at ?? b.acknowledged_at,
    closed_at: a.closed_at === null || b.closed_at === null ? null : Math.max(a.closed_at, b.closed_at),
  }));
}
