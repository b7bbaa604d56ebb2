// Claims due deliveries, so that no second consumer sends them meanwhile, and reads all that belongs to them. A row with a value that only a
// newer release can read is put off, and holds up no other.
import { capture } from "../kernel/result.ts";
import type { Connection } from "../model/connection.ts";
import type { Destination } from "../model/destination.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { DestinationState } from "../model/destination-state.ts";
import type { DeliveryId } from "../model/ids.ts";
import { ALONE_AFTER_INTERRUPTIONS, DEFAULT_TIMEOUT_MS, EARLY_MS, UNREADABLE_WAIT_MS } from "../config/limits.ts";
import type { ContentPlace } from "../record/index.ts";
import { deliveryFromRow, type DeliveryRow } from "./event-rows.ts";
import { contentOfRow, type StoredEvent } from "./piece-rows.ts";
import { deliveries, events } from "./schema.ts";
import { columnsOf } from "./statements.ts";
import { watchedUntil, watchStatement, type Watched } from "./watch.ts";
import { readConnection, readDestination, statesById, statesStatement } from "./routes.ts";
import { callbackDestination, type DueDelivery, type Unreadable } from "../delivery/index.ts";
import { WAITING } from "./status-lists.ts";

export interface DueBatch extends Watched {
  /** Their events are without content where `places` says that it is elsewhere. */
  readonly deliveries: readonly DueDelivery[];
  /** Where the contents of claimed deliveries' events are, if not in columns. */
  readonly places: ReadonlyMap<DeliveryId, ContentPlace>;
  /** Deliveries that were put off. */
  readonly unreadable: readonly Unreadable[];
  readonly states: ReadonlyMap<string, DestinationState>;
}

type JoinedRow = Record<`e_${Exclude<keyof StoredEvent, "ignored">}`, never> &
  DeliveryRow & {
    source_slug: string | null;
    dst_spec: string | null;
    dst_paused: number;
    con_spec: string | null;
    con_paused: number;
    interruptions: number;
  };

const DELIVERY_FIELDS = columnsOf(deliveries, ["requeued_until"]);
const EVENT_FIELDS = columnsOf(events, ["ignored"]);

/**
 * One round trip, however many deliveries, and one more if any is unreadable.
 * @param holdMs how long the caller may take besides each destination's own timeout
 * @param alone also claims what was interrupted so often that it must be taken alone
 */
export async function takeDue(
  db: D1Database,
  ids: readonly DeliveryId[],
  now: number,
  holdMs: number,
  alone = false,
): Promise<DueBatch> {
  const list = JSON.stringify([...new Set(ids)]);
  const [expired, claims, rows, states, watch] = await db.batch([
    db
      .prepare("SELECT id FROM deliveries WHERE id IN (SELECT value FROM json_each(?1)) AND claimed_until <= ?2")
      .bind(list, now),
    db
      .prepare(
        `UPDATE deliveries SET claimed_until = ?2 + COALESCE(
           (SELECT json_extract(d.spec, '$.timeout_ms') FROM destinations d WHERE d.id = deliveries.destination_id), ${DEFAULT_TIMEOUT_MS})
         WHERE id IN (SELECT value FROM json_each(?1))
           AND status IN ${WAITING} AND (deferred_by = 'batch' OR next_attempt_at <= iif(status = 'scheduled', ?4, ?3))
           AND (claimed_until IS NULL OR claimed_until <= ?4)
           AND (?5 OR id NOT IN (SELECT id FROM interruptions WHERE count >= ${ALONE_AFTER_INTERRUPTIONS}))
         RETURNING id, claimed_until`,
      )
      .bind(list, now + holdMs, now + EARLY_MS, now, Number(alone)),
    joinedStatement(db, list),
    statesStatement(db),
    watchStatement(db),
  ]);
  const interrupted = new Set(((expired?.results ?? []) as { id: string }[]).map(({ id }) => id));
  const claimed = new Map(
    ((claims?.results ?? []) as { id: string; claimed_until: number }[]).map((row) => [row.id, row.claimed_until]),
  );
  const readable: DueDelivery[] = [];
  const places = new Map<DeliveryId, ContentPlace>();
  const unreadable: (Unreadable & { readonly claim: number | null })[] = [];
  for (const row of (rows?.results ?? []) as JoinedRow[]) {
    const claim = claimed.get(row.id) ?? null;
    const read = capture(() => due(row, claim, interrupted.has(row.id), now));
    if (read.ok) {
      const { place, ...delivery } = read.value;
      readable.push(delivery);
      if (place !== null && claim !== null) places.set(row.id, place);
    } else unreadable.push({ id: row.id, claim, error: read.error });
  }
  if (unreadable.length > 0) {
    const claims = unreadable.map(({ id, claim }) => ({ id, claim }));
    await putOffStatement(db, claims, now + UNREADABLE_WAIT_MS).run();
  }
  return {
    deliveries: readable,
    places,
    unreadable,
    states: statesById(states?.results ?? []),
    watched_until: watchedUntil(watch?.results),
  };
}

/** The sweep brings them back. */
const putOffStatement = (
  db: D1Database,
  claims: readonly { readonly id: DeliveryId; readonly claim: number | null }[],
  until: number,
): D1PreparedStatement =>
  db
    .prepare(
      `UPDATE deliveries SET status = 'deferred', deferred_by = 'configuration_unreadable', deferrals = deferrals + 1, slot_at = NULL,
         next_attempt_at = ?2, claimed_until = NULL
       FROM (SELECT value ->> '$.id' AS id, value ->> '$.claim' AS claim FROM json_each(?1)) AS c
       WHERE deliveries.id = c.id AND deliveries.claimed_until = c.claim`,
    )
    .bind(JSON.stringify(claims), until);

/** The deliveries with all that belongs to them. @param list their ids as JSON */
const joinedStatement = (db: D1Database, list: string): D1PreparedStatement =>
  db
    .prepare(
      `SELECT ${DELIVERY_FIELDS.map((field) => `d.${field}`).join(", ")}, ${EVENT_FIELDS.map((field) => `e.${field} AS e_${field}`).join(", ")},
         s.slug AS source_slug, t.spec AS dst_spec, t.paused AS dst_paused, c.spec AS con_spec, c.paused AS con_paused,
         COALESCE(i.count, 0) AS interruptions
       FROM deliveries d
         LEFT JOIN events e ON e.id = 'evt_' || substr(d.id, 5, 32)
         LEFT JOIN sources s ON s.id = d.source_id
         LEFT JOIN destinations t ON t.id = d.destination_id
         LEFT JOIN connections c ON c.id = d.connection_id
         LEFT JOIN interruptions i ON i.id = d.id
       WHERE d.id IN (SELECT value FROM json_each(?1))`,
    )
    .bind(list);

const NO_EVENT = { event: null, place: null };

/** `place`: null where the content is in columns. */
function due(
  row: JoinedRow,
  claim: number | null,
  interrupted: boolean,
  now: number,
): DueDelivery & { readonly place: ContentPlace | null } {
  const fields: Record<string, unknown> = { ...row };
  const pick = (names: readonly string[], prefix: string): Record<string, unknown> =>
    Object.fromEntries(names.map((name) => [name, fields[prefix + name]]));
  const { event, place } =
    fields["e_id"] === null ? NO_EVENT : contentOfRow(pick(EVENT_FIELDS, "e_") as unknown as StoredEvent);
  return {
    delivery: deliveryFromRow(pick(DELIVERY_FIELDS, "") as unknown as DeliveryRow),
    claim,
    claimed_until: claim === null && row.claimed_until !== null && row.claimed_until > now ? row.claimed_until : null,
    interrupted,
    interruptions: row.interruptions,
    event,
    place,
    source_slug: row.source_slug,
    destination: readDueDestination(row, event),
    connection: readDueConnection(row),
  };
}

function readDueDestination(row: JoinedRow, event: SluiceEvent | null): Destination | null {
  const callbackTo = event?.options?.callback_to;
  if (callbackTo !== undefined) return callbackDestination(callbackTo);
  return row.dst_spec === null ? null : readDestination(row.destination_id ?? "", row.dst_spec, row.dst_paused);
}

const readDueConnection = (row: JoinedRow): Connection | null =>
  row.con_spec === null
    ? null
    : readConnection({
        id: row.connection_id ?? "",
        spec: row.con_spec,
        paused: row.con_paused,
        source_id: row.source_id ?? "",
        destination_id: row.destination_id ?? "",
      });
