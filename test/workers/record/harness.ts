// The record on real D1 and R2, with what a test changes about them.
import { env } from "cloudflare:workers";
import type { FirstRecord, Writes } from "../../../src/delivery/index.ts";
import { NOTHING_TO_WRITE } from "../../../src/delivery/ports.ts";
import { createReader, createWriter, type Reader, type RecordTables, type Writer } from "../../../src/record/index.ts";
import type { PayloadObjects } from "../../../src/record/ports.ts";
import { MAX_DATABASE_BYTES } from "../../../src/config/record-limits.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { timeToBase32, toBase32 } from "../../../src/kernel/base32.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import type { SluiceEvent } from "../../../src/model/event.ts";
import {
  makeDeliveryId,
  eventIdOf,
  type ConnectionId,
  type DeliveryId,
  type DestinationId,
  type EventId,
  type SourceId,
} from "../../../src/model/ids.ts";
import { recordTables } from "../../../src/store/index.ts";
import { databases, everywhere } from "../databases.ts";

export const AT = Date.UTC(2026, 10, 29, 12);

export interface Recording {
  readonly tables?: Partial<RecordTables>;
  readonly payloads?: PayloadObjects | null;
  readonly random?: () => number;
}

export const objects: PayloadObjects = {
  put: async (key, bytes) => void (await env.BODIES.put(key, bytes)),
  read: async (key, offset, length) => {
    const stored = await env.BODIES.get(key, { range: { offset, length } });
    return stored === null ? null : new Uint8Array(await stored.arrayBuffer());
  },
};

export function createRecord(recording: Recording = {}): Writer & Reader & { readonly reports: readonly string[] } {
  const reports: string[] = [];
  const report = (what: string): void => void reports.push(what);
  const tables = { ...recordTables(env.DB, () => AT), ...recording.tables };
  const payloads = recording.payloads === undefined ? objects : recording.payloads;
  return {
    reports,
    ...createReader({
      tables,
      payloads,
      report,
      unreadable: ({ key, events }) => report(`segment ${key}: ${events.join(" ")}`),
    }),
    ...createWriter({
      now: () => AT,
      limitBytes: MAX_DATABASE_BYTES,
      random: recording.random ?? Math.random,
      tables,
      payloads,
      batchName: () => crypto.randomUUID().replaceAll("-", "").slice(0, 16),
      report,
    }),
  };
}

export const newEventId = (at = AT): EventId =>
  `evt_${timeToBase32(at)}${toBase32(crypto.getRandomValues(new Uint8Array(14))).slice(0, 22)}` as EventId;

export const SOURCE = "src_01kb0000000000000000000001" as SourceId;
export const CONNECTION = "con_01kb0000000000000000000002" as ConnectionId;
export const DESTINATION = "dst_01kb0000000000000000000003" as DestinationId;

export interface Given {
  readonly id?: EventId;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly status?: "delivered" | "dead" | "retrying";
  readonly options?: SluiceEvent["options"];
  readonly event_type?: string | null;
}

/** An event with one delivery that has been attempted once. */
export function first(given: Given = {}): FirstRecord {
  const { id = newEventId(), bytes = utf8(`{"id":"${id}"}`), status = "delivered", event_type = null } = given;
  const event: SluiceEvent = {
    id,
    source_id: SOURCE,
    received_at: AT,
    method: "POST",
    path: "/hook",
    query: "?a=1",
    headers: [["content-type", "application/json"]],
    body: { kind: "inline", bytes },
    body_bytes: bytes.byteLength,
    verified: true,
    event_type,
    duplicate_of: null,
    options: given.options ?? null,
  };
  const isOpen = status === "retrying";
  const code = status === "delivered" ? 200 : 500;
  const delivery: Delivery = {
    id: makeDeliveryId(id, CONNECTION),
    event_id: id,
    source_id: SOURCE,
    event_type,
    connection_id: CONNECTION,
    destination_id: DESTINATION,
    status,
    attempts_made: 1,
    next_attempt_at: isOpen ? AT + 60_000 : null,
    deferred_by: null,
    deferrals: 0,
    slot_at: null,
    last_response_status: code,
    last_error: status === "delivered" ? null : "http_status",
    attempts: [
      {
        number: 1,
        started_at: AT + 10,
        duration_ms: 20,
        response_status: code,
        response_headers: { "x-answer": "yes" },
        response_body: "thanks",
        error: status === "delivered" ? null : "http_status",
      },
    ],
    created_at: AT,
    finished_at: isOpen ? null : AT + 31,
    replay_id: null,
    age_credit_ms: 0,
  };
  return { event, deliveries: [delivery], ignored: [] };
}

export const writes = (firsts: readonly FirstRecord[], more: Partial<Writes> = {}): Writes => ({
  ...NOTHING_TO_WRITE,
  firsts,
  ...more,
});

/** How often each event is on record, in rows and segments together. */
export async function timesOnRecord(): Promise<ReadonlyMap<string, number>> {
  const rows = await everywhere<{ id: string }>("SELECT id FROM events");
  const segments = await everywhere<{ ids: string; superseded: string }>("SELECT ids, superseded FROM segments");
  const times = new Map<string, number>();
  const add = (id: string): void => void times.set(id, (times.get(id) ?? 0) + 1);
  for (const { id } of rows) add(id);
  for (const { ids, superseded } of segments)
    for (const digits of ids.match(/.{32}/g) ?? []) if (!superseded.includes(digits)) add(`evt_${digits}`);
  return times;
}

/** What the counters say, all minutes together. */
export async function counted(name: string): Promise<number> {
  const sums = await everywhere<{ n: number }>(
    "SELECT COALESCE(SUM(counts ->> ?1), 0) AS n FROM counters",
    `$.${name}`,
  );
  return sums.reduce((sum, { n }) => sum + n, 0);
}

export async function clear(): Promise<void> {
  const tables = ["events", "deliveries", "segments", "counters", "outbox", "interruptions", "marks"];
  for (const db of databases) await db.batch(tables.map((table) => db.prepare(`DELETE FROM ${table}`)));
  await env.BODIES.delete([...(await keysUnder("pending/")), ...(await keysUnder("unreadable/"))]);
}

const keysUnder = async (prefix: string): Promise<string[]> =>
  (await env.BODIES.list({ prefix })).objects.map(({ key }) => key);

/** Objects that hold what D1 has not taken. */
export const pendingKeys = (): Promise<string[]> => keysUnder("pending/");
/** Those that were set aside. */
export const keysAside = (): Promise<string[]> => keysUnder("unreadable/");

/** A delivery with all its attempts. */
export async function readDelivery(reader: Reader, id: DeliveryId): Promise<Delivery> {
  const found = await reader.event(eventIdOf(id));
  const record = found.ok ? found.value : null;
  const delivery = record?.deliveries.find((one) => one.id === id);
  if (record == null || delivery === undefined) throw new Error("not on record");
  const whole = await reader.whole(record, delivery);
  if (!whole.ok) throw new Error(whole.error);
  return whole.value;
}
