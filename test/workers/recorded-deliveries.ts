// All deliveries on record as rows with their attempts whole, wherever the record has them.
import { idsIn, type Reader } from "../../src/record/index.ts";
import { attemptsToJson } from "../../src/store/event-rows.ts";
import type { deliveries } from "../../src/store/schema.ts";
import type { EventId } from "../../src/model/ids.ts";
import { everywhere } from "./databases.ts";

type Row = typeof deliveries.$inferSelect;

/** In the order of their ids. */
export async function readDeliveries(reader: Reader): Promise<Row[]> {
  const rows = new Map((await everywhere<Row>("SELECT * FROM deliveries")).map((row) => [row.id, row]));
  const pieces = await everywhere<{ id: EventId }>(
    "SELECT id FROM events WHERE payload IS NOT NULL OR payload_key IS NOT NULL",
  );
  const inPieces = pieces.map(({ id }) => id);
  const inSegments = (await everywhere<{ ids: string }>("SELECT ids FROM segments")).flatMap(({ ids }) => idsIn(ids));
  for (const id of new Set([...inPieces, ...inSegments])) {
    const found = await reader.event(id);
    if (!found.ok || found.value === null) continue;
    for (const delivery of found.value.deliveries) {
      const whole = await reader.whole(found.value, delivery);
      const { event_id: _event, attempts, ...columns } = whole.ok ? whole.value : delivery;
      const unclaimed = { claimed_until: null, requeued_until: null, attempts_before: 0 };
      rows.set(delivery.id, { ...unclaimed, ...columns, ...rows.get(delivery.id), attempts: attemptsToJson(attempts) });
    }
  }
  return [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
