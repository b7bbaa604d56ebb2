// What the ledger counts of a segment, by source: part of its summary, so that a segment is counted without being decoded.
import type { Entry } from "./types.ts";

const COUNTS = ["events", "duplicates", "ignored", "delivered", "cancelled"] as const;

/** Events of one source, and how the deliveries that they made ended. */
export interface Tally extends Readonly<Record<(typeof COUNTS)[number], number>> {
  /** Empty for none. */
  readonly source_id: string;
}

const PREFIX = "tally:";

export function tally(entries: readonly Entry[]): Tally[] {
  const bySource = Map.groupBy(entries, ({ event }) => event.source_id ?? "");
  return [...bySource].map(([source_id, own]) => {
    const deliveries = own.flatMap((entry) => entry.deliveries);
    const duplicates = own.filter(({ event }) => event.duplicate_of != null).length;
    return {
      source_id,
      events: own.length,
      duplicates,
      ignored: own.filter((entry) => entry.deliveries.length === 0 && entry.event.duplicate_of == null).length,
      delivered: deliveries.filter(({ status }) => status === "delivered").length,
      cancelled: deliveries.filter(({ status }) => status === "cancelled").length,
    };
  });
}

/** What a source's tally begins with in a summary; the number of its events follows. */
export const tallyOf = (source_id: string): string => ` ${PREFIX}${source_id}:`;

/** In the form of a mark, see summary.ts. */
export const tallyMarks = (entries: readonly Entry[]): string[] =>
  tally(entries).map((one) => ` ${PREFIX}${[one.source_id, ...COUNTS.map((name) => one[name])].join(":")} `);

/** SQL for the part of a summary that has all tallies: they come before the first event's marks, of which its status is one. */
export const tallyPart = (summary: string): string =>
  `substr(${summary}, 1, instr(${summary} || ' event:', ' event:'))`;

const TALLIES = new RegExp(` ${PREFIX}([^ ]*)`, "g");

/** One for each source, whether the summary is of one segment or of several. */
export function talliesIn(summary: string): Tally[] {
  const bySource = new Map<string, number[]>();
  for (const [, mark = ""] of summary.matchAll(TALLIES)) {
    const [source_id = "", ...counts] = mark.split(":");
    const sums = bySource.get(source_id);
    if (sums === undefined) bySource.set(source_id, counts.map(Number));
    else for (const [index, count] of counts.entries()) sums[index] = (sums[index] ?? 0) + Number(count);
  }
  return [...bySource].map(([source_id, [events = 0, duplicates = 0, ignored = 0, delivered = 0, cancelled = 0]]) => ({
    source_id,
    events,
    duplicates,
    ignored,
    delivered,
    cancelled,
  }));
}
