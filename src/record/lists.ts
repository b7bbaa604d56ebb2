// Lists of events and deliveries over rows and segments. A page examines a bounded number of rows, segments, entries and payload objects: where
// few match it is short, and says where the next one continues.
import {
  ENTRIES_PER_ITEM,
  MAX_PAGE_ENTRIES,
  MAX_PAGE_OBJECTS,
  MAX_SEARCHED_EVENTS,
  MAX_SEARCHED_OBJECTS,
  MIN_PAGE_ENTRIES,
} from "../config/record-limits.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Delivery } from "../model/delivery.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { EventId } from "../model/ids.ts";
import { fromEntry } from "./entry.ts";
import { meetsDeliveryFilter, meetsEventFilter } from "./filters.ts";
import { mergePage, type Merged } from "./page.ts";
import type { ReadPorts } from "./ports.ts";
import { toEventRecord } from "./records.ts";
import { contains, readEach, withinObjects, type ReadContents } from "./search.ts";
import type {
  Content,
  Counted,
  DeliveryFilter,
  Entry,
  EventFilter,
  EventHead,
  KeyRange,
  ListedEvent,
  NoContent,
  Page,
  PageRead,
  Segment,
} from "./types.ts";

/** An event as lists show it. */
interface EventSummary extends EventHead, Pick<Content, "query" | "headers">, Pick<ListedEvent, "statuses"> {
  /** Its query and headers cannot be read now, are lost, or were not asked for. They are empty. */
  readonly incomplete: boolean;
}

/** An event, and its content. */
interface StoredEvent {
  readonly id: EventId;
  readonly event: SluiceEvent | null;
}

/** Entries of segments that hold what matches, most of which may not match themselves: a small page decodes few segments. */
const entriesFor = (limit: number): number =>
  Math.min(MAX_PAGE_ENTRIES, Math.max(MIN_PAGE_ENTRIES, ENTRIES_PER_ITEM * (limit + 1)));

export interface Lists {
  /**
   * A search needs contents: it cannot answer while R2 does not.
   * @param withContents false: without the queries and headers that lie in payloads, which are not read
   */
  readonly events: (
    filter: EventFilter,
    limit: number,
    withContents?: boolean,
  ) => Promise<Result<Page<EventSummary>, "unavailable">>;
  /** Newest first, with their contents: null where that cannot be read, or lies in columns of an earlier release. */
  readonly stored: (filter: EventFilter, limit: number) => Promise<Page<StoredEvent>>;
  /**
   * Their attempts lack the answers, and may lack those that are in the event's payload.
   * @param entries how many entries of segments are examined at most where not all match
   */
  readonly deliveries: (filter: DeliveryFilter, limit: number, entries?: number) => Promise<Page<Delivery>>;
  /** The latest that match, however many: `next` is how far back they are complete; null for all of the range. */
  readonly countedEvents: (filter: Omit<EventFilter, "search">) => Promise<Page<Counted>>;
  readonly countedDeliveries: (filter: DeliveryFilter) => Promise<Page<Counted>>;
}

export function createLists(
  { tables, unreadable }: Pick<ReadPorts, "tables" | "unreadable">,
  contents: ReadContents,
): Lists {
  /** With segments that cannot be decoded named in the log. */
  function merge<T extends { readonly id: string }>(
    read: PageRead<T>,
    itemsOf: (entry: Entry, segment: Segment) => readonly T[],
    range: KeyRange,
    limit: number,
  ): Merged<T> {
    const page = mergePage(read, itemsOf, range, limit);
    page.unreadable.forEach(unreadable);
    return page;
  }

  async function candidates(filter: EventFilter, limit: number): Promise<Merged<ListedEvent> & PageRead<ListedEvent>> {
    const { event_type, status } = filter;
    // Segments say how many events of a source they have.
    const isPlain = event_type === undefined && status === undefined;
    const read = await tables.eventPage(filter, { limit, entries: isPlain ? limit + 1 : entriesFor(limit) });
    return { ...read, ...merge(read, (entry, segment) => listed(entry, segment, filter), filter, limit) };
  }

  async function search(filter: EventFilter, text: string, limit: number): ReturnType<Lists["events"]> {
    const { namedSources, ...all } = await candidates(filter, MAX_SEARCHED_EVENTS);
    const page = withinObjects(all, MAX_SEARCHED_OBJECTS);
    let isAway = false;
    const searched = await readEach(page.rows, contents, (one, content) => {
      const isNamed = one.event.source_id !== null && namedSources.has(one.event.source_id);
      // SQL has searched what is in columns.
      const isFound =
        one.place.kind === "columns" || isNamed || contains(text, one.event, content.ok ? content.value : null);
      if (!isFound && !content.ok && content.error === "unavailable") isAway = true;
      return isFound ? summary(one, content) : null;
    });
    if (isAway) return err("unavailable");
    const found = searched.filter((one) => one !== null);
    return ok({ rows: found.slice(0, limit), next: found.length > limit ? (found[limit - 1]?.id ?? null) : page.next });
  }

  return {
    events: async (filter, limit, withContents = true) => {
      // An event is `accepted` until it is on record.
      if (filter.status === "accepted") return ok({ rows: [], next: null });
      if (filter.search !== undefined) return search(filter, filter.search, limit);
      const all = await candidates(filter, limit);
      if (!withContents) return ok({ rows: all.rows.map((one) => summary(one, inColumns(one))), next: all.next });
      const page = withinObjects(all, MAX_PAGE_OBJECTS);
      return ok({ rows: await readEach(page.rows, contents, summary), next: page.next });
    },
    stored: async (filter, limit) => {
      const page = withinObjects(await candidates(filter, limit), MAX_PAGE_OBJECTS);
      return { rows: await readEach(page.rows, contents, withContent), next: page.next };
    },
    deliveries: async (filter, limit, entries = entriesFor(limit)) => {
      const { from: _from, to: _to, ...conditions } = filter;
      const isPlain = Object.values(conditions).every((condition) => condition === undefined);
      const read = await tables.deliveryPage(filter, { limit, entries: isPlain ? limit + 1 : entries });
      const ofEntry = ({ event, deliveries }: Entry): Delivery[] =>
        deliveries.map((one) => fromEntry(event, one)).filter((one) => meetsDeliveryFilter(filter, one));
      return merge(read, ofEntry, filter, limit);
    },
    countedEvents: async (filter) => {
      const ofEntry = ({ event, deliveries }: Entry): Counted[] =>
        meetsEventFilter(
          filter,
          event,
          deliveries.map(({ status }) => status),
        )
          ? [{ id: event.id, kind: "events" }]
          : [];
      return merge(await tables.countedEvents(filter), ofEntry, filter, Infinity);
    },
    countedDeliveries: async (filter) => {
      const ofEntry = ({ event, deliveries }: Entry): Counted[] =>
        deliveries
          .map((one) => fromEntry(event, one))
          .filter((one) => meetsDeliveryFilter(filter, one))
          .map(({ id, status }) => ({ id, kind: status }));
      return merge(await tables.countedDeliveries(filter), ofEntry, filter, Infinity);
    },
  };
}

function listed(entry: Entry, segment: Segment, filter: EventFilter): ListedEvent[] {
  const statuses = entry.deliveries.map(({ status }) => status);
  if (!meetsEventFilter(filter, entry.event, statuses)) return [];
  const { event, place } = toEventRecord(entry, segment.k, segment.payload);
  return [{ id: event.id, event, statuses, place }];
}

function withContent({ id, event, place }: ListedEvent, content: Result<Content, NoContent>): StoredEvent {
  if (!content.ok || place.kind === "columns") return { id, event: null };
  const { query, headers, body } = content.value;
  return { id, event: { ...event, query, headers, body } };
}

const inColumns = ({ place }: ListedEvent): Result<Content, NoContent> =>
  place.kind === "columns" ? ok(place.content) : err("missing");

function summary({ event, statuses }: ListedEvent, content: Result<Content, NoContent>): EventSummary {
  const { query, headers } = content.ok ? content.value : { query: "", headers: [] };
  return { ...event, query, headers, statuses, incomplete: !content.ok };
}
