// The record by the batch: segments, pieces of payloads, and reading both places where an event can be.
export { decodeEntries } from "./codec.ts";
export { fillContents, withContents } from "./fill.ts";
export {
  deliveryMarks,
  eventMarks,
  FILTERED,
  meetsDeliveryFilter,
  meetsEventFilter,
  type FilteredDelivery,
} from "./filters.ts";
export { examinedTo, firstSegmentKeyAt, ID_DIGITS, idsIn, segmentRange, segmentTime, soughtFor } from "./keys.ts";
export { decodePending, encodePending } from "./pending.ts";
export { createReader, type Reader } from "./read.ts";
export { toEventRecord, revived } from "./records.ts";
export { talliesIn, tally, tallyOf, tallyPart, type Tally } from "./tally.ts";
export { eachPart, mergePages, shardAt, splitWrites, timeBeside, type Shard } from "./shards.ts";
export { createWriter, type Writer } from "./write.ts";
export type { Commit, PayloadObjects, RecordBatch, RecordTables } from "./ports.ts";
export type {
  Content,
  ContentPlace,
  Counted,
  DeliveryFilter,
  EventFilter,
  EventRecord,
  KeyRange,
  ListedEvent,
  Page,
  PageBounds,
  PageRead,
  RowRecord,
  Segment,
  SegmentRow,
  Sought,
  Unreadable,
  UnreadableSegment,
} from "./types.ts";
