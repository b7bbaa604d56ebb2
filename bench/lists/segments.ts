// The events of the lists' data whose deliveries have ended, as consumer batches. They fit the rows of seed.ts.
import type { FirstRecord } from "../../src/delivery/index.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import type { SluiceEvent } from "../../src/model/event.ts";
import type { ConnectionId, DestinationId, EventId, SourceId } from "../../src/model/ids.ts";
import { fromEntry } from "../../src/record/entry.ts";
import { seededId, type SeededBatch } from "../segment-file.ts";
import { FIRST_AT, isUnfinished, SEEDED } from "./seed.ts";

const CONNECTIONS = ["con_01m800000000000000000000000", "con_01m800000000000000000000001"];
/** Events of a consumer batch. */
const BATCH = 100;
const EVERY_MS = 10;

/** The other events, a hundred to a batch. @param events number of events */
export function* seededBatches(events: number): Generator<SeededBatch> {
  for (let from = 1; from <= events; from += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, events - from + 1) }, (_, index) => from + index).filter(
      (n) => !isUnfinished(n),
    );
    yield {
      ids: numbers.map(idOf),
      kind: numbers.map((n, index) => `${n - from - index}${kindOf(n)}`).join(""),
      firsts: () => numbers.map(firstOf),
    };
  }
}

export const idOf = (n: number): EventId => seededId(FIRST_AT + n * EVERY_MS, n);

/** What is special about an event: one letter each. */
const kindOf = (n: number): string =>
  [8191, 6007, 4021, 5003].map((every, index) => (n % every === 0 ? "abcd".charAt(index) : "")).join("");

function firstOf(n: number): FirstRecord {
  const id = idOf(n);
  const receivedAt = FIRST_AT + n * EVERY_MS;
  const source_id = (n % 8191 === 0 ? SEEDED.rareSource : SEEDED.source) as SourceId;
  const event: SluiceEvent = {
    id,
    source_id,
    received_at: receivedAt,
    method: "POST",
    path: "",
    query: "",
    headers: [],
    body: { kind: "inline", bytes: new Uint8Array() },
    body_bytes: 2,
    verified: null,
  };
  const deliveries = CONNECTIONS.map((connection): Delivery => {
    const isCancelled = n % 4021 === 0;
    const destination = (n % 6007 === 0 ? SEEDED.rareDestination : SEEDED.destination) as DestinationId;
    const ended = fromEntry(event, {
      connection_id: connection as ConnectionId,
      destination_id: destination,
      status: isCancelled ? "cancelled" : "delivered",
      attempt: isCancelled
        ? null
        : { started_at: receivedAt + 10, duration_ms: 30 + (n % BATCH), response_status: 200, error: null },
      last_error: null,
      finished_at: receivedAt + 50 + (n % BATCH),
    });
    return ended;
  });
  return { event, deliveries: n % 5003 === 0 ? [] : deliveries };
}
