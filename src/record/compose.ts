// Composes the record of a batch: segments for the events that have ended at their first attempt, rows for the others. Pure.
import { MAX_SEGMENT_BYTES, SEGMENT_SPAN_MS } from "../config/record-limits.ts";
import { concatBytes, type Bytes } from "../kernel/bytes.ts";
import type { Random } from "../kernel/random.ts";
import { eventTime } from "../model/ids.ts";
import type { FirstRecord } from "../delivery/index.ts";
import { encodeEntries } from "./codec.ts";
import { headOf, toEntry } from "./entry.ts";
import { digitsOf, segmentKey } from "./keys.ts";
import { summarise } from "./summary.ts";
import type { Entry, RowRecord, SegmentRow } from "./types.ts";

/** A first record with its content as a piece. */
export interface Packed {
  readonly first: FirstRecord;
  readonly bytes: Bytes;
  /** In the payload object. Bytes. */
  readonly offset: number;
}

export interface Composed {
  readonly segments: readonly SegmentRow[];
  readonly rows: readonly RowRecord[];
}

/** @param object the key of the payload object; null where each piece stays in D1 */
export function compose(packed: readonly Packed[], object: string | null, random: Random): Composed {
  const ended: Ended[] = [];
  const rows: RowRecord[] = [];
  for (const one of packed) {
    const entry = toEntry(one.first, { key: object, offset: one.offset, length: one.bytes.byteLength });
    if (entry === null) rows.push(toRow(one, object));
    else ended.push({ entry, bytes: one.bytes });
  }
  return { segments: split(ended, object === null).map((part) => buildSegment(part, object === null, random)), rows };
}

interface Ended {
  readonly entry: Entry;
  readonly bytes: Bytes;
}

export function toRow({ first, bytes, offset }: Packed, object: string | null): RowRecord {
  const { event, deliveries, ignored = [] } = first;
  return {
    event: headOf(event),
    deliveries: deliveries.map((delivery) => ({ ...delivery, attempts: [] })),
    ignored,
    place: object === null ? { kind: "piece", bytes } : { kind: "r2", key: object, offset, length: bytes.byteLength },
  };
}

/** In ascending order of ids, each part within the limits of a segment. */
function split(ended: readonly Ended[], inline: boolean): Ended[][] {
  const sorted = [...ended].sort((a, b) => (a.entry.event.id < b.entry.event.id ? -1 : 1));
  const parts: Ended[][] = [];
  let startedAt = -Infinity;
  let size = 0;
  for (const one of sorted) {
    const at = eventTime(one.entry.event.id);
    const bytes = JSON.stringify(one.entry).length + (inline ? one.bytes.byteLength : 0);
    const part = parts.at(-1);
    if (part !== undefined && at - startedAt <= SEGMENT_SPAN_MS && size + bytes <= MAX_SEGMENT_BYTES) {
      part.push(one);
      size += bytes;
    } else {
      parts.push([one]);
      startedAt = at;
      size = bytes;
    }
  }
  return parts;
}

function buildSegment(part: readonly Ended[], inline: boolean, random: Random): SegmentRow {
  const pieces = part.map(({ bytes }) => bytes);
  let offset = 0;
  const entries = part.map(({ entry }): Entry => {
    if (!inline) return entry;
    const piece = { ...entry.piece, offset };
    offset += piece.length;
    return { ...entry, piece };
  });
  const ids = entries.map(({ event }) => event.id);
  const first = ids[0];
  const last = ids.at(-1);
  if (first === undefined || last === undefined) throw new Error("a segment without events");
  return {
    k: segmentKey(last, random),
    first_id: digitsOf(first),
    last_id: digitsOf(last),
    ids: ids.map(digitsOf).join(""),
    summary: summarise(entries),
    superseded: "",
    entries: encodeEntries(entries),
    payload: inline ? concatBytes(pieces) : null,
  };
}
