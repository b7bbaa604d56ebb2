// The outcome of deliveries, and what else one consumer batch records: statements of the transaction that `record-batch.ts` makes.
import { partition } from "../kernel/pool.ts";
import type { DestinationState } from "../model/destination-state.ts";
import { isHealthy } from "../model/destination-state.ts";
import type { Delivery } from "../model/delivery.ts";
import { SLUICE_ACTOR } from "../model/audit.ts";
import type { SluiceEvent } from "../model/event.ts";
import { countStatements } from "./counters.ts";
import { firstKeyAt, type EventId } from "../model/ids.ts";
import { issueStatements } from "./issue-counts.ts";
import { progressStatement } from "./replay-progress.ts";
import { isFinal } from "../model/lifecycle.ts";
import { interruptionStatements } from "./interruptions.ts";
import { attemptsToJson } from "./event-rows.ts";
import { audit, deliveries, destinationStates } from "./schema.ts";
import { columnsOf, extracts, insertSelect, jsonParameters } from "./statements.ts";
import type { Writes } from "../delivery/index.ts";
import { FINAL } from "./status-lists.ts";

/** What a new delivery is written with. The others are for claims, the sweep and redrives. */
const DELIVERY_COLUMNS = columnsOf(deliveries, ["attempts_before", "claimed_until", "requeued_until"]);
const FIXED = ["id", "source_id", "event_type", "connection_id", "destination_id", "created_at", "replay_id"];
const STATE_COLUMNS = DELIVERY_COLUMNS.filter((column) => !FIXED.includes(column));
const HEALTH_COLUMNS = columnsOf(destinationStates);

/** What a message has carried is added to the attempts on record. */
const ATTEMPTS = `CASE WHEN NOT new.late THEN new.attempts
  WHEN new.attempts_made > deliveries.attempts_made THEN json_insert(deliveries.attempts, '$[#]', json_extract(new.attempts, '$[#-1]'))
  ELSE deliveries.attempts END`;

const deliveryRow = (delivery: Delivery): object => ({ ...delivery, attempts: attemptsToJson(delivery.attempts) });

const eachRow = (db: D1Database, sql: string, rows: readonly object[]): D1PreparedStatement[] =>
  jsonParameters(rows).map((json) => db.prepare(sql).bind(json));

/**
 * Inserts deliveries. One that is on record already stays as it is.
 * @param where a condition on each, with its row as JSON in `value`
 * @param further fields of that JSON
 */
export const deliveryStatements = (
  db: D1Database,
  made: readonly Delivery[],
  where = "true",
  further: (delivery: Delivery) => object = () => ({}),
): D1PreparedStatement[] =>
  eachRow(
    db,
    `INSERT INTO deliveries (${DELIVERY_COLUMNS.join(", ")}) SELECT ${extracts(DELIVERY_COLUMNS)} FROM json_each(?1)
     WHERE ${where} ON CONFLICT DO NOTHING`,
    made.map((delivery) => ({ ...deliveryRow(delivery), ...further(delivery) })),
  );

/** Whether the delivery that a callback reports has just that end, for a row with the fields of `ending`. */
export const HAS_ENDED = `EXISTS (SELECT 1 FROM deliveries d WHERE d.id = json_extract(value, '$.callback_of')
    AND d.status = json_extract(value, '$.callback_on') AND d.finished_at = json_extract(value, '$.ended_at'))`;

export const ending = ({ received_at, options }: Pick<SluiceEvent, "received_at" | "options">): object => ({
  callback_of: options?.callback_of,
  callback_on: options?.callback_on,
  ended_at: received_at,
});

/** The statements that record first attempts and callbacks, each in its place among the others. */
interface RecordStatements {
  readonly firsts: readonly D1PreparedStatement[];
  readonly callbacks: readonly D1PreparedStatement[];
}

/** The statements of one batch, in their order; none when there is nothing to write. */
export function writeStatements(
  db: D1Database,
  writes: Writes,
  { firsts, callbacks }: RecordStatements,
  now: number,
): D1PreparedStatement[] {
  const each = (sql: string, rows: readonly object[]) => eachRow(db, sql, rows);
  const late = writes.settlements.filter((settlement) => settlement.late === true);
  return [
    ...each(
      // A claim that has expired is taken up again, unless a further attempt is on record or under way.
      `UPDATE deliveries SET claimed_until = carried.claim
       FROM (SELECT ${extracts(["id", "claim", "attempts_made"])} FROM json_each(?1)) AS carried
       WHERE deliveries.id = carried.id AND deliveries.attempts_made = carried.attempts_made - 1
         AND deliveries.status NOT IN ${FINAL} AND deliveries.claimed_until IS NOT carried.claim
         AND (deliveries.claimed_until IS NULL OR deliveries.claimed_until <= ${now})`,
      late.map(({ delivery: { id, attempts_made }, claim }) => ({ id, claim, attempts_made })),
    ),
    ...countStatements(db, writes, now),
    ...issueStatements(db, writes, now),
    ...firsts,
    ...(writes.forget.length > 0
      ? [
          db
            .prepare("DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?1))")
            .bind(JSON.stringify(writes.forget)),
        ]
      : []),
    ...progressStatements(db, writes.settlements, now),
    ...each(
      `UPDATE deliveries SET ${STATE_COLUMNS.map((column) => `${column} = ${column === "attempts" ? ATTEMPTS : `new.${column}`}`).join(", ")},
         claimed_until = NULL, requeued_until = NULL
       FROM (SELECT ${extracts(["id", "claim", "late", ...STATE_COLUMNS])} FROM json_each(?1)) AS new
       WHERE deliveries.id = new.id AND deliveries.claimed_until = new.claim
         AND deliveries.status NOT IN ${FINAL}`,
      writes.settlements.map(({ delivery, claim, late: isLate = false }) => ({
        ...deliveryRow(delivery),
        claim,
        late: Number(isLate),
      })),
    ),
    ...interruptionStatements(db, writes.interrupted, writes.finished, now),
    ...callbacks,
    ...stateStatements(db, writes.states, now),
    ...(writes.disable.length > 0 ? disableStatements(db, JSON.stringify(writes.disable), now) : []),
  ];
}

function progressStatements(db: D1Database, settlements: Writes["settlements"], now: number): D1PreparedStatement[] {
  const ended = settlements.flatMap(({ delivery: { id, replay_id, status }, claim }) =>
    replay_id !== null && isFinal(status) ? [{ id, claim, delivered: status === "delivered" }] : [],
  );
  return ended.length === 0 ? [] : [progressStatement(db, ended, now)];
}

function stateStatements(db: D1Database, states: readonly DestinationState[], now: number): D1PreparedStatement[] {
  const [healthy, others] = partition(states, isHealthy);
  return [
    ...(healthy.length === 0
      ? []
      : [
          db
            .prepare("DELETE FROM destination_states WHERE destination_id IN (SELECT value FROM json_each(?1))")
            .bind(JSON.stringify(healthy.map(({ destination_id }) => destination_id))),
        ]),
    ...eachRow(
      db,
      `INSERT INTO destination_states (${HEALTH_COLUMNS.join(", ")}) SELECT ${extracts(HEALTH_COLUMNS)} FROM json_each(?1) WHERE true
       ON CONFLICT DO UPDATE SET ${HEALTH_COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ")}`,
      others.map((state) => ({ ...state, throttled: Number(state.throttled), updated_at: now })),
    ),
  ];
}

function disableStatements(db: D1Database, ids: string, now: number): D1PreparedStatement[] {
  const chosen = "(SELECT value FROM json_each(?1))";
  return [
    // Precedes the change, so that a connection that is disabled already gets no entry.
    db
      .prepare(
        `${insertSelect(audit, {
          id: "?2 || lower(hex(randomblob(8)))",
          actor: `'${SLUICE_ACTOR.id}'`,
          actor_name: `'${SLUICE_ACTOR.name}'`,
          action: "'disable'",
          kind: "'connection'",
          resource_id: "id",
          resource_name: "slug",
          changed: "'[]'",
        })}
         FROM connections WHERE id IN ${chosen} AND json_extract(spec, '$.enabled')`,
      )
      .bind(ids, firstKeyAt("aud", now)),
    db
      .prepare(
        `UPDATE connections SET spec = json_set(spec, '$.enabled', json('false')), updated_at = ?2 WHERE id IN ${chosen}`,
      )
      .bind(ids, now),
    db
      .prepare(
        `UPDATE sources SET version = version + 1 WHERE id IN (SELECT source_id FROM connections WHERE id IN ${chosen})`,
      )
      .bind(ids),
  ];
}

/** Which of these events ended dead: one of their deliveries did, and all have ended. */
export async function deadAmong(db: D1Database, events: readonly EventId[]): Promise<Set<string>> {
  const of = "d.id >= 'dlv_' || substr(e.value, 5) AND d.id < 'dlv_' || substr(e.value, 5) || '~'";
  const { results } = await db
    .prepare(
      `SELECT e.value AS id FROM json_each(?1) e
       WHERE EXISTS (SELECT 1 FROM deliveries d WHERE ${of} AND d.status = 'dead')
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE ${of} AND d.status NOT IN ${FINAL})`,
    )
    .bind(JSON.stringify(events))
    .all<{ id: string }>();
  return new Set(results.map((row) => row.id));
}
