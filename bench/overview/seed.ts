// Two weeks of recorded traffic in D1: 25 events per minute up to now, each with a delivery to every destination of its source, and matching minute
// counters. Sluice's own code rolls them up and prunes them afterwards.
import { MINUTE_MS } from "../../src/kernel/durations.ts";
import { firstKeyAt } from "../../src/model/ids.ts";
import { pruneCounters, rollUp } from "../../src/store/counter-rollup.ts";
import { digits } from "../lists/seed.ts";

const EVERY_MS = 2_400;
/** Events per statement: whole minutes. */
const CHUNK = 10_000;
/** The number of latest events that still have open deliveries. */
const FRESH = 200;
const BODY_BYTES = 256;

/** A source with its connections, as created by the API. */
export interface Route {
  readonly source: string;
  readonly connections: readonly { readonly id: string; readonly destination: string }[];
}

/** Latencies and durations of attempts, spread over two orders of magnitude. */
const DELAY = "(20 + n * 7919 % 1009 * (n * 31 % 7 + 1) / 3)";
const STATUS = (events: number): string =>
  `CASE WHEN n > ${events - FRESH} AND n % 5 = 0 THEN 'retrying' WHEN n % 997 = 0 THEN 'dead' WHEN n % 4021 = 0 THEN 'cancelled' ELSE 'delivered' END`;

const TYPE = "iif(n % 7 = 0, 'order.refunded', 'order.created')";
const ATTEMPT = `json_object('number', 1, 'started_at', at, 'duration_ms', delay / 2, 'response_status', iif(status = 'delivered', 200, 500),
  'response_headers', json_object('content-type', 'text/plain'), 'response_body', 'ok', 'error', iif(status = 'delivered', NULL, 'http_status'))`;

/**
 * @param atLeast minimum number of events; rounded up to whole chunks
 * @param now milliseconds since the epoch
 * @param where which of them exist: an SQL condition on their number `n`, time `at` and `status`
 */
export async function seedTraffic(
  db: D1Database,
  atLeast: number,
  routes: readonly Route[],
  now: number,
  where = "true",
): Promise<void> {
  const events = Math.ceil(atLeast / CHUNK) * CHUNK;
  const firstAt = Math.floor(now / MINUTE_MS) * MINUTE_MS - events * EVERY_MS;
  const suffix = `${digits("at")} || printf('%022d', n)`;
  for (let from = 0; from < events; from += CHUNK) {
    for (const [index, { source, connections }] of routes.entries()) {
      const numbers = `WITH RECURSIVE all_numbers(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM all_numbers WHERE n < ${from + CHUNK - 1}),
        numbers AS MATERIALIZED (SELECT * FROM (SELECT n, ${firstAt} + n * ${EVERY_MS} AS at, ${DELAY} AS delay, ${STATUS(events)} AS status FROM all_numbers WHERE n % ${routes.length} = ${index}) WHERE ${where})`;
      await db
        .prepare(
          `INSERT INTO events (id, source_id, received_at, method, path, query, headers, body, body_encoding, body_bytes, verified, matched, event_type)
           ${numbers} SELECT 'evt_' || ${suffix}, '${source}', at, 'POST', '/orders', '', '[["content-type","application/json"],["user-agent","bench"]]',
             printf('{"order":%d,"filler":"%0${BODY_BYTES - 32}d"}', n, 0), 'utf8', ${BODY_BYTES}, 1, ${connections.length}, ${TYPE} FROM numbers`,
        )
        .run();
      for (const { id, destination } of connections)
        await db
          .prepare(
            `INSERT INTO deliveries (id, source_id, connection_id, destination_id, status, attempts_made, next_attempt_at, deferrals, last_response_status,
               last_error, attempts, created_at, finished_at, age_credit_ms, event_type)
             ${numbers} SELECT 'dlv_' || ${suffix} || '${id.slice(-10)}', '${source}', '${id}', '${destination}', status, iif(n % 50 = 0, 2, 1),
               iif(status = 'retrying', at + ${60 * MINUTE_MS}, NULL), 0, iif(status = 'delivered', 200, 500), iif(status = 'dead', 'attempts_exhausted: http_status', NULL),
               json_array(${ATTEMPT}), at, iif(status = 'retrying', NULL, at + delay), 0, ${TYPE} FROM numbers`,
          )
          .run();
    }
    await countMinutes(db, firstAt + from * EVERY_MS, firstAt + (from + CHUNK) * EVERY_MS);
  }
  while ((await rollUp(db, now)) > 0);
  while ((await pruneCounters(db, now, CHUNK)) > 0);
}

/** The minute counters, where there are none, from `from` to `to`, as the consumers would have counted. */
async function countMinutes(db: D1Database, from: number, to: number): Promise<void> {
  const within = (prefix: "evt" | "dlv"): string =>
    `id >= '${firstKeyAt(prefix, from)}' AND id < '${firstKeyAt(prefix, to)}'`;
  const bucket = (ms: string): string => `CAST(ceil(4 * log2(${ms})) AS INTEGER)`;
  const sums = (rows: string, counts: string): D1PreparedStatement =>
    db.prepare(
      `INSERT INTO counters (step, at, source_id, destination_id, counts)
       SELECT ${MINUTE_MS}, at, source_id, destination_id, json_group_object(key, n) FROM (
         SELECT at - at % ${MINUTE_MS} AS at, source_id, destination_id, c.key AS key, SUM(c.value) AS n
         FROM (${rows}), json_each(json_object(${counts})) c WHERE c.value > 0 GROUP BY 1, 2, 3, 4)
       GROUP BY at, source_id, destination_id ON CONFLICT DO NOTHING`,
    );
  await sums(
    `SELECT received_at AS at, source_id, '' AS destination_id, body_bytes FROM events WHERE ${within("evt")}`,
    `'accepted', 1, 'bytes_in', body_bytes`,
  ).run();
  await sums(
    `SELECT created_at AS at, source_id, destination_id, status, attempts_made, status = 'delivered' AS is_delivered,
       finished_at IS NOT NULL AS is_final, COALESCE(finished_at - created_at, 2) AS delay FROM deliveries WHERE ${within("dlv")}`,
    `'made', 1, 'attempts', attempts_made, 'failed_attempts', attempts_made - is_delivered, status, is_final,
     'l' || ${bucket("delay")}, is_delivered, 'l_sum', is_delivered * delay, 'a' || ${bucket("delay / 2")}, is_final, 'a_sum', is_final * (delay / 2)`,
  ).run();
}
