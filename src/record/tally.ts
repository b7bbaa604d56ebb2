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

/** In the form of a mark, see summary.ts. */
export const tallyMarks = (entries: readonly Entry[]): string[] =>
  tally(entries).map((one) => ` ${PREFIX}${[one.source_id, ...COUNTS.map((name) => one[name])].join(":")} `);

export const talliesIn = (summary: string): Tally[] =>
  summary.split(" ").flatMap((mark) => {
    if (!mark.startsWith(PREFIX)) return [];
    const [source_id = "", ...counts] = mark.slice(PREFIX.length).split(":");
    const [events = 0, duplicates = 0, ignored = 0, delivered = 0, cancelled = 0] = counts.map(Number);
    return [{ source_id, events, duplicates, ignored, delivered, cancelled }];
  });
