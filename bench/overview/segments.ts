// Two weeks of traffic whose deliveries have all ended at their first attempt: as many events in each minute, in segments, with the counters that
// consumers would have written. Each batch is of one source.
import type { DatabaseSync } from "node:sqlite";
import type { FirstRecord } from "../../src/delivery/index.ts";
import { DAY_MS, MINUTE_MS } from "../../src/kernel/durations.ts";
import type { ConnectionId, DestinationId, SourceId } from "../../src/model/ids.ts";
import { fromEntry } from "../../src/record/entry.ts";
import { seededId, seedSegments, type SeededBatch } from "../segment-file.ts";
import type { Route } from "./seed.ts";

const MINUTES = (14 * DAY_MS) / MINUTE_MS;
const BATCH = 100;
const EVERY_MS = 40;
const BODY_BYTES = 256;
const ATTEMPT_MS = 40;
/** From arrival to the end. */
const DELAY_MS = 90;

const bucket = (ms: number): number => Math.ceil(4 * Math.log2(ms));

/** @param now milliseconds since the epoch */
export function seedEnded(db: DatabaseSync, events: number, routes: readonly Route[], now: number): void {
  const perMinute = Math.max(1, Math.round(events / MINUTES));
  const firstAt = Math.floor(now / MINUTE_MS - MINUTES) * MINUTE_MS;
  seedSegments(db, batches(perMinute, routes, firstAt));
  const insert = db.prepare(
    "INSERT INTO counters (step, at, source_id, destination_id, counts) VALUES (?, ?, ?, ?, ?)",
  );
  for (let minute = 0; minute < MINUTES; minute++) {
    const counts = new Map<Route, number>();
    for (const { route, count } of batchesOf(minute, perMinute, routes))
      counts.set(route, (counts.get(route) ?? 0) + count);
    const add = (source: string, destination: string, given: object): void =>
      void insert.run(MINUTE_MS, firstAt + minute * MINUTE_MS, source, destination, JSON.stringify(given));
    for (const [{ source, connections }, n] of counts) {
      add(source, "", { accepted: n, bytes_in: n * BODY_BYTES });
      const ended = {
        made: n,
        attempts: n,
        delivered: n,
        [`l${bucket(DELAY_MS)}`]: n,
        l_sum: n * DELAY_MS,
        [`a${bucket(ATTEMPT_MS)}`]: n,
        a_sum: n * ATTEMPT_MS,
      };
      for (const { destination } of connections) add(source, destination, ended);
    }
  }
}

interface MinuteBatch {
  readonly route: Route;
  readonly count: number;
  /** The number of its first event within the minute. */
  readonly from: number;
}

/** A minute's batches, by turns of the sources. */
function batchesOf(minute: number, perMinute: number, routes: readonly Route[]): MinuteBatch[] {
  const each = Math.ceil(perMinute / BATCH);
  return Array.from({ length: each }, (_, index) => {
    const route = routes[(minute * each + index) % routes.length];
    if (route === undefined) throw new Error("no source");
    return { route, count: Math.min(BATCH, perMinute - index * BATCH), from: index * BATCH };
  });
}

function* batches(perMinute: number, routes: readonly Route[], firstAt: number): Generator<SeededBatch> {
  for (let minute = 0; minute < MINUTES; minute++) {
    for (const { route, count, from } of batchesOf(minute, perMinute, routes)) {
      const timeOf = (index: number): number => firstAt + minute * MINUTE_MS + (from + index) * EVERY_MS;
      const numbers = Array.from({ length: count }, (_, index) => index);
      const ids = numbers.map((index) => seededId(timeOf(index), minute * perMinute + from + index));
      const firsts = (): FirstRecord[] => ids.map((id, index) => ended(id, timeOf(index), route));
      yield { ids, kind: `${route.source} ${count}`, firsts };
    }
  }
}

function ended(id: SeededBatch["ids"][number], receivedAt: number, { source, connections }: Route): FirstRecord {
  const event: FirstRecord["event"] = {
    id,
    source_id: source as SourceId,
    received_at: receivedAt,
    method: "POST",
    path: "/orders",
    query: "",
    headers: [],
    body: { kind: "inline", bytes: new Uint8Array() },
    body_bytes: BODY_BYTES,
    verified: true,
  };
  const deliveries = connections.map((connection) =>
    fromEntry(event, {
      connection_id: connection.id as ConnectionId,
      destination_id: connection.destination as DestinationId,
      status: "delivered",
      attempt: { started_at: receivedAt + 50, duration_ms: ATTEMPT_MS, response_status: 200, error: null },
      last_error: null,
      finished_at: receivedAt + DELAY_MS,
    }),
  );
  return { event, deliveries };
}
