// One page of a list out of rows and segments, newest first, each event once. Pure.
import type { EventId } from "../model/ids.ts";
import type { Entry, KeyRange, Page, PageRead, Segment, UnreadableSegment } from "./types.ts";

export interface Merged<T> extends Page<T> {
  readonly unreadable: readonly UnreadableSegment[];
}

/**
 * The page ends where the walk over rows or the one over segments has ended: below that one of them could hold something newer.
 * @param itemsOf the items of an entry that meet the filter, as the list shows them
 */
export function mergePage<T extends { readonly id: string }>(
  read: PageRead<T>,
  itemsOf: (entry: Entry, segment: Segment) => readonly T[],
  { from, to }: KeyRange,
  limit: number,
): Merged<T> {
  const end = [read.rowsTo ?? from, read.segmentsTo ?? from, from].reduce((a, b) => (a > b ? a : b));
  const items = read.rows.filter(({ id }) => id >= end);
  const unreadable: UnreadableSegment[] = [];
  for (const segment of read.segments) {
    const speaks = (id: EventId): boolean => !segment.superseded.has(id) && !read.present.has(id);
    if (segment.entries.ok) {
      for (const entry of segment.entries.value)
        if (speaks(entry.event.id)) items.push(...itemsOf(entry, segment).filter(({ id }) => id >= end && id < to));
    } else {
      // Deliveries have the digits of their event, then more.
      const inRange = (id: EventId): boolean => id.slice(4) >= end.slice(4, 4 + 32) && id.slice(4) < to.slice(4);
      const events = segment.ids.filter((id) => speaks(id) && inRange(id));
      if (events.length > 0) unreadable.push({ key: segment.k, detail: segment.entries.error.detail, events });
    }
  }
  items.sort((a, b) => (a.id < b.id ? 1 : -1));
  const rows = items.slice(0, limit);
  const next = items.length > limit ? rows.at(-1)?.id : end > from ? end : undefined;
  return { rows, next: next ?? null, unreadable };
}
