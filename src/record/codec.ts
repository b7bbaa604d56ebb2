// The layout of a segment's entries: a JSON document with a version, deflated. The only place that knows it. Ids are a column of their own, and
// entries have their order. Times are relative, and names that repeat are numbers: that is what deflate makes small.
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { MAX_ENTRIES_BYTES } from "../config/record-limits.ts";
import { utf8, type Bytes } from "../kernel/bytes.ts";
import { capture, err, ok, type Result } from "../kernel/result.ts";
import { eventTime, type ConnectionId, type DestinationId, type EventId, type SourceId } from "../model/ids.ts";
import type { Ignored } from "../model/ignored.ts";
import { idsIn } from "./keys.ts";
import type { Entry, EntryDelivery, PieceRef, Undecodable } from "./types.ts";

const VERSION = 1;

type Route = readonly [ConnectionId | null, DestinationId];
/** What few events have. Absent fields are null or empty. */
interface Rare {
  readonly duplicate_of?: EventId;
  readonly options?: Entry["event"]["options"];
  readonly ignored?: readonly Ignored[];
  readonly verified?: boolean;
}
type RareDelivery = Partial<Pick<EntryDelivery, "last_error">> & {
  readonly error?: NonNullable<EntryDelivery["attempt"]>["error"];
  readonly cancelled?: true;
};
/** Route, start after arrival, duration, status (null all three without an attempt), finish after the attempt or arrival. */
type StoredDelivery = readonly [
  route: number,
  started: number | null,
  duration: number | null,
  status: number | null,
  finished: number,
  rare?: RareDelivery,
];
/** `received`: after the id's time. `gap`: bytes between its piece and the one before it in the same object. */
type StoredEntry = readonly [
  source: number,
  received: number,
  method: string,
  path: string,
  bodyBytes: number,
  object: number,
  gap: number,
  length: number,
  deliveries: readonly StoredDelivery[],
  rare?: Rare,
];
interface Document {
  readonly v: typeof VERSION;
  readonly sources: readonly (SourceId | null)[];
  readonly routes: readonly Route[];
  /** Keys of payload objects; null is the payload beside the entries. */
  readonly objects: readonly (string | null)[];
  readonly entries: readonly StoredEntry[];
  /** Types of events, and that of each entry. Absent where no event has one, and in what earlier releases wrote. */
  readonly types?: { readonly names: readonly (string | null)[]; readonly of: readonly number[] };
}

/** @param entries in ascending order of their ids */
export function encodeEntries(entries: readonly Entry[]): Bytes {
  const sources = numbering<SourceId | null>();
  const objects = numbering<string | null>();
  const routes = numbering<Route>();
  const types = numbering<string | null>();
  const ends = new Map<number, number>();
  const stored = entries.map((entry): StoredEntry => {
    const { event, piece, deliveries } = entry;
    const object = objects.of(piece.key);
    const gap = piece.offset - (ends.get(object) ?? 0);
    ends.set(object, piece.offset + piece.length);
    const rare = rareOf(entry);
    return [
      sources.of(event.source_id),
      event.received_at - eventTime(event.id),
      event.method,
      event.path,
      event.body_bytes,
      object,
      gap,
      piece.length,
      deliveries.map((delivery) =>
        storeDelivery(delivery, routes.of([delivery.connection_id, delivery.destination_id]), event.received_at),
      ),
      ...rare,
    ];
  });
  const document: Document = {
    v: VERSION,
    sources: sources.all(),
    routes: routes.all(),
    objects: objects.all(),
    entries: stored,
    ...(entries.every(({ event }) => event.event_type == null)
      ? {}
      : { types: { of: entries.map(({ event }) => types.of(event.event_type ?? null)), names: types.all() } }),
  };
  return new Uint8Array(deflateRawSync(utf8(JSON.stringify(document))));
}

/** @param ids the segment's column of that name */
export function decodeEntries(ids: string, bytes: Uint8Array): Result<Entry[], Undecodable> {
  const parsed = capture(
    () =>
      JSON.parse(inflateRawSync(bytes, { maxOutputLength: MAX_ENTRIES_BYTES }).toString()) as { v?: unknown } | null,
  );
  const damaged = (detail: string): Result<never, Undecodable> => err({ reason: "damaged", detail });
  if (!parsed.ok) return damaged("the entries are no deflated JSON");
  const version = parsed.value?.v;
  if (typeof version !== "number") return damaged("the entries have no version");
  if (version !== VERSION)
    return err({ reason: "newer", detail: `the entries have version ${version}, and this release reads ${VERSION}` });
  const read = capture(() => readEntries(idsIn(ids), parsed.value as Document));
  return read.ok ? ok(read.value) : damaged("the entries do not have the form of their version");
}

function readEntries(ids: readonly EventId[], { sources, routes, objects, entries, types }: Document): Entry[] {
  if (entries.length !== ids.length) throw new Error("another number of entries than of ids");
  const ends = new Map<number, number>();
  return entries.map((stored, index): Entry => {
    const [source, received, method, path, bodyBytes, object, gap, length, deliveries, rare = {}] = stored;
    const id = at(ids, index);
    const offset = gap + (ends.get(object) ?? 0);
    ends.set(object, offset + length);
    const receivedAt = received + eventTime(id);
    const piece: PieceRef = { key: at(objects, object), offset, length };
    return {
      event: {
        id,
        source_id: at(sources, source),
        received_at: receivedAt,
        method,
        path,
        body_bytes: bodyBytes,
        verified: rare.verified ?? null,
        event_type: types === undefined ? null : at(types.names, at(types.of, index)),
        duplicate_of: rare.duplicate_of ?? null,
        options: rare.options ?? null,
      },
      ignored: rare.ignored ?? [],
      deliveries: deliveries.map((delivery) => readDelivery(delivery, at(routes, delivery[0]), receivedAt)),
      piece,
    };
  });
}

function rareOf({ event, ignored }: Entry): [Rare?] {
  const rare: Rare = {
    ...(event.verified === null ? {} : { verified: event.verified }),
    ...(event.duplicate_of == null ? {} : { duplicate_of: event.duplicate_of }),
    ...(event.options == null ? {} : { options: event.options }),
    ...(ignored.length === 0 ? {} : { ignored }),
  };
  return Object.keys(rare).length === 0 ? [] : [rare];
}

function storeDelivery(delivery: EntryDelivery, route: number, receivedAt: number): StoredDelivery {
  const { attempt, status, last_error, finished_at } = delivery;
  const rare: RareDelivery = {
    ...(status === "cancelled" ? { cancelled: true } : {}),
    ...(last_error === null ? {} : { last_error }),
    ...(attempt === null || attempt.error === null ? {} : { error: attempt.error }),
  };
  const more: [RareDelivery?] = Object.keys(rare).length === 0 ? [] : [rare];
  if (attempt === null) return [route, null, null, null, finished_at - receivedAt, ...more];
  const { started_at, duration_ms, response_status } = attempt;
  const finished = finished_at - started_at - duration_ms;
  return [route, started_at - receivedAt, duration_ms, response_status, finished, ...more];
}

function readDelivery(
  [, started, duration, status, finished, rare = {}]: StoredDelivery,
  [connection_id, destination_id]: Route,
  receivedAt: number,
): EntryDelivery {
  const startedAt = (started ?? 0) + receivedAt;
  return {
    connection_id,
    destination_id,
    status: rare.cancelled === true ? "cancelled" : "delivered",
    attempt:
      started === null || duration === null
        ? null
        : { started_at: startedAt, duration_ms: duration, response_status: status, error: rare.error ?? null },
    last_error: rare.last_error ?? null,
    finished_at: finished + startedAt + (duration ?? 0),
  };
}

/** The element, which a well-formed document has. */
function at<T>(list: readonly T[], index: number): T {
  if (!Number.isInteger(index) || index < 0 || index >= list.length) throw new Error("no such element");
  return list[index] as T;
}

/** Numbers values in the order in which they come. */
function numbering<T>(): { readonly of: (value: T) => number; readonly all: () => readonly T[] } {
  const numbers = new Map<string, number>();
  const values: T[] = [];
  return {
    of: (value) => {
      const key = JSON.stringify(value);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, values.length);
      return values.push(value) - 1;
    },
    all: () => values,
  };
}
