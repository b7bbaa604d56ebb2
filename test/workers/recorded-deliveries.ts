// What is on record, wherever the record has it: deliveries as rows with their attempts whole, and events.
import { idsIn, type Content, type EventRecord, type Reader } from "../../src/record/index.ts";
import { runPool } from "../../src/kernel/pool.ts";
import { attemptsToJson } from "../../src/store/event-rows.ts";
import type { deliveries } from "../../src/store/schema.ts";
import type { EventId } from "../../src/model/ids.ts";
import type { Runtime } from "../../src/worker/runtime.ts";
import { shardsOf } from "../../src/worker/shards.ts";
import { everywhere } from "./databases.ts";

const AT_ONCE = 20;

const readerOf = (runtime: Runtime, id: EventId): Reader => shardsOf(runtime).of(id).record.reader;

type Row = typeof deliveries.$inferSelect;

/** In the order of their ids. */
export async function readDeliveries(runtime: Runtime): Promise<Row[]> {
  const rows = new Map((await everywhere<Row>("SELECT * FROM deliveries")).map((row) => [row.id, row]));
  const pieces = await everywhere<{ id: EventId }>(
    "SELECT id FROM events WHERE payload IS NOT NULL OR payload_key IS NOT NULL",
  );
  const inPieces = pieces.map(({ id }) => id);
  const inSegments = (await everywhere<{ ids: string }>("SELECT ids FROM segments")).flatMap(({ ids }) => idsIn(ids));
  await runPool([...new Set([...inPieces, ...inSegments])], AT_ONCE, async (id) => {
    const reader = readerOf(runtime, id);
    const found = await reader.event(id);
    if (!found.ok || found.value === null) return;
    for (const delivery of found.value.deliveries) {
      const whole = await reader.whole(found.value, delivery);
      const { event_id: _event, attempts, ...columns } = whole.ok ? whole.value : delivery;
      const unclaimed = { claimed_until: null, requeued_until: null, attempts_before: 0, event_type: null };
      rows.set(delivery.id, { ...unclaimed, ...columns, ...rows.get(delivery.id), attempts: attemptsToJson(attempts) });
    }
  });
  return [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** In the order of their ids. */
export async function readEvents(
  runtime: Runtime,
): Promise<(EventRecord["event"] & Pick<EventRecord, "deliveries">)[]> {
  const inRows = (await everywhere<{ id: EventId }>("SELECT id FROM events")).map(({ id }) => id);
  const inSegments = (await everywhere<{ ids: string }>("SELECT ids FROM segments")).flatMap(({ ids }) => idsIn(ids));
  const found = await Promise.all(
    [...new Set([...inRows, ...inSegments])].sort().map((id) => readerOf(runtime, id).event(id)),
  );
  return found.flatMap((one) =>
    one.ok && one.value !== null ? [{ ...one.value.event, deliveries: one.value.deliveries }] : [],
  );
}

/** Query, headers, body and answers of an event that is on record. */
export async function readContent(runtime: Runtime, id: EventId): Promise<Content> {
  const reader = readerOf(runtime, id);
  const found = await reader.event(id);
  if (!found.ok || found.value === null) throw new Error(`${id} is not on record`);
  const content = (await reader.contents(new Map([[id, found.value.place]]))).get(id);
  if (content?.ok !== true) throw new Error(`the content of ${id}: ${content?.error ?? "not asked for"}`);
  return content.value;
}
