// Writes first attempts as releases did before segments: a row for each event and each delivery, with the content in columns.
import type { FirstRecord } from "../../src/delivery/index.ts";
import { attemptsToJson, bodyColumns, PIECE_COLUMNS } from "../../src/store/event-rows.ts";
import { deliveries, events } from "../../src/store/schema.ts";
import { columnsOf, extracts } from "../../src/store/statements.ts";
import type { World } from "./harness.ts";

const EVENT_COLUMNS = columnsOf(events, PIECE_COLUMNS);
const DELIVERY_COLUMNS = columnsOf(deliveries, ["attempts_before", "claimed_until", "requeued_until"]);

export async function writeAsOlderRelease(db: D1Database, firsts: readonly FirstRecord[]): Promise<void> {
  const insert = (table: string, columns: readonly string[], rows: readonly object[]): D1PreparedStatement =>
    db
      .prepare(
        `INSERT INTO ${table} (${columns.join(", ")}) SELECT ${extracts(columns)} FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`,
      )
      .bind(JSON.stringify(rows));
  await db.batch([
    insert(
      "events",
      EVENT_COLUMNS,
      firsts.map(({ event, deliveries: made, ignored = [] }) => ({
        ...event,
        headers: JSON.stringify(event.headers),
        ...bodyColumns(event.body),
        verified: event.verified === null ? null : Number(event.verified),
        matched: made.length,
        options: event.options == null ? null : JSON.stringify(event.options),
        ignored: ignored.length === 0 ? null : JSON.stringify(ignored),
      })),
    ),
    insert(
      "deliveries",
      DELIVERY_COLUMNS,
      firsts.flatMap(({ deliveries: made }) =>
        made.map((delivery) => ({ ...delivery, attempts: attemptsToJson(delivery.attempts) })),
      ),
    ),
  ]);
}

/** The world's consumers record first attempts so from now on, in the first database. */
export function recordAsOlderRelease(world: World): void {
  world.replace("write", (write) => async (writes) => {
    await writeAsOlderRelease(world.env.DB, writes.firsts);
    await write({ ...writes, firsts: [] });
  });
}
