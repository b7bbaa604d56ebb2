// A page of events over rows and segments, newest first. Only what is complete is shown: down to the floor below which there may be more.
import type { EventId } from "../model/ids.ts";
import { recordOf } from "./records.ts";
import type { EventRecord, Segment } from "./types.ts";

/** What one read of the record has found of a range of ids. */
export interface PageParts {
  readonly rows: readonly EventRecord[];
  readonly segments: readonly Segment[];
  /** Everything from this key on has been read; null where that is the whole range. */
  readonly floor: string | null;
}

export interface RecordPage {
  readonly records: readonly EventRecord[];
  /** Where the next page ends (exclusive); null at the end. */
  readonly next: string | null;
  /** Keys of segments that cannot be decoded. */
  readonly unreadable: readonly number[];
}

/**
 * @param to the end of the range, exclusive
 * @param wanted of what was read, which records are shown
 */
export function mergePage(
  { rows, segments, floor }: PageParts,
  from: string,
  to: string,
  limit: number,
  wanted: (record: EventRecord) => boolean,
): RecordPage {
  const start = floor !== null && floor > from ? floor : from;
  const inRows = new Set<EventId>(rows.map(({ event }) => event.id));
  const unreadable: number[] = [];
  const found = rows.filter(({ event }) => event.id >= start);
  for (const { k, entries, payload, superseded } of segments) {
    if (!entries.ok) unreadable.push(k);
    else
      for (const entry of entries.value) {
        const { id } = entry.event;
        if (id >= start && id < to && !superseded.has(id) && !inRows.has(id)) found.push(recordOf(entry, k, payload));
      }
  }
  const records = found.filter(wanted).sort((a, b) => (a.event.id < b.event.id ? 1 : -1));
  const shown = records.slice(0, limit);
  return { records: shown, next: records.length > limit ? (shown.at(-1)?.event.id ?? null) : floor, unreadable };
}
