// What another filter or transform would do to a stored event, beside what the present ones do. Pure: it sends and stores nothing.
import { MAX_DIFF_LINES, MAX_DIFFED_LINES, MAX_DIFFED_LINE_LENGTH } from "../config/record-limits.ts";
import { diffLines, type DiffLine } from "../kernel/line-diff.ts";
import type { Destination } from "../model/destination.ts";
import type { RateLimit } from "../model/policies.ts";
import {
  applyTransform,
  failedClause,
  requestViews,
  stringifyExact,
  type CompiledFilter,
  type CompiledTransform,
} from "../routing/index.ts";
import type { PREVIEW_OUTCOMES } from "./preview-input.ts";
import type { Subject } from "./samples.ts";
import { shownRequest } from "./shown-request.ts";

/** A filter and a transform; null takes everything, or changes nothing. */
export interface Way {
  readonly filter: CompiledFilter | null;
  readonly transform: CompiledTransform | null;
}

interface Tried {
  readonly matched: boolean;
  readonly failed_clause: string | null;
  /** Why the transform fails. */
  readonly error: string | null;
}

export interface Compared {
  readonly outcome: (typeof PREVIEW_OUTCOMES)[number];
  readonly before: Tried;
  readonly now: Tried;
  /** Of the requests; empty where they are equal or there are not two. */
  readonly diff: readonly DiffLine[];
  /** Whether there is more of it. */
  readonly diff_cut: boolean;
}

/** @param now for transforms that use the time, milliseconds since the epoch */
export function compare(
  subject: Subject,
  present: Way,
  wanted: Way,
  destination: Destination | null,
  now: number,
): Compared {
  const before = tryWay(subject, present, destination, now);
  const after = tryWay(subject, wanted, destination, now);
  const lines = before.lines === null || after.lines === null ? [] : diffLines(before.lines, after.lines);
  return {
    outcome: outcomeOf(before, after, lines.length > 0),
    before: shown(before),
    now: shown(after),
    diff: lines.slice(0, MAX_DIFF_LINES),
    diff_cut: lines.length > MAX_DIFF_LINES,
  };
}

type Run = Tried & { readonly lines: readonly string[] | null };

const shown = ({ lines: _lines, ...tried }: Run): Tried => tried;

function outcomeOf(before: Run, after: Run, differ: boolean): Compared["outcome"] {
  if (!after.matched) return before.matched ? "no_longer_matches" : "same";
  if (after.error !== null) return "failed";
  if (!before.matched) return "now_matches";
  return differ || before.error !== null ? "changed" : "same";
}

function tryWay(
  { event, body, sourceSlug }: Subject,
  { filter, transform }: Way,
  destination: Destination | null,
  now: number,
): Run {
  const failed_clause = filter === null ? null : failedClause(filter, requestViews(event, body));
  if (failed_clause !== null) return { matched: false, failed_clause, error: null, lines: null };
  // The same chance and time for both, so that neither makes a difference.
  const made =
    transform === null
      ? ({ ok: true, value: { event, method: null, pathSet: false } } as const)
      : applyTransform(transform, event, body, sourceSlug, { now, random: () => 0.5 });
  if (!made.ok) return { matched: true, failed_clause: null, error: made.error, lines: null };
  const request = shownRequest(made.value, body, destination);
  const text =
    typeof request.body === "object" && request.body !== null
      ? stringifyExact(request.body, undefined, 2)
      : (request.body_text ?? request.body_base64);
  const lines = [
    `${request.method ?? ""} ${request.url ?? `${request.path ?? ""}${request.query ?? ""}`}`,
    ...Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    "",
    ...(text ?? "").split("\n"),
  ];
  return {
    matched: true,
    failed_clause: null,
    error: null,
    lines: lines.slice(0, MAX_DIFFED_LINES).map((line) => cut(line)),
  };
}

const cut = (line: string): string =>
  line.length <= MAX_DIFFED_LINE_LENGTH ? line : `${line.slice(0, MAX_DIFFED_LINE_LENGTH - 1)}…`;

/** How long this many deliveries take at a pace, in seconds; null without one. */
export const secondsAt = (waiting: number, pace: RateLimit | null): number | null =>
  pace === null ? null : Math.ceil((waiting * pace.period_seconds) / pace.limit);
